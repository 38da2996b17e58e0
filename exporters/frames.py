"""Seconds as pictures of a film, and as its timecode."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..fusion.types import Seconds

_NTSC = Fraction(1000, 1001)
_SLOWED = (24, 30, 48, 60, 120)
"""Rates that television slows by a thousandth: 23.976, 29.97 ..."""
_NEAR = 0.01
_DROPPING = 30
"""Multiples of it leave out two numbers a minute (or four), but for each tenth, to keep up with the clock."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Pictures a second. count: as timecode counts them; exact: as they pass; drop: numbers are left out."""

    count: int
    exact: Fraction
    drop: bool

    @classmethod
    def of(cls, fps: float) -> Rate:
        """The rate that is meant; one that no timecode has is rounded to a whole number.

        >>> Rate.of(29.97)
        Rate(count=30, exact=Fraction(30000, 1001), drop=True)
        """
        for count in _SLOWED:
            if abs(fps - float(count * _NTSC)) < _NEAR:
                return cls(count, count * _NTSC, count % _DROPPING == 0)
        count = max(1, round(fps))
        return cls(count, Fraction(count), drop=False)

    def frame(self, seconds: Seconds) -> int:
        """The picture that is nearest to a time."""
        return round(Fraction(float(seconds)) * self.exact)

    def timecode(self, frame: int, start_hour: int = 0) -> str:
        """``01:00:00:00``, with a semicolon where numbers are left out.

        Args:
            frame: from 0.
            start_hour: the timecode's hour at picture 0.

        >>> Rate.of(29.97).timecode(1800)
        '00:01:00;02'
        """
        left_out = self.count // _DROPPING * 2 if self.drop else 0
        minute = 60 * self.count - left_out
        tens, rest = divmod(frame, 10 * minute + left_out)
        # The first minute of ten leaves out nothing, so it is longer by what the others lack.
        minutes = max(0, rest - left_out) // minute
        number = frame + left_out * (9 * tens + minutes)
        seconds, picture = divmod(number, self.count)
        hours, seconds = divmod(seconds, 3600)
        mark = ";" if self.drop else ":"
        return f"{hours + start_hour:02d}:{seconds // 60:02d}:{seconds % 60:02d}{mark}{picture:02d}"
