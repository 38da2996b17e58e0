"""How cues are to look: the numbers of subtitle guides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from .errors import OptionError
from .given import check_choice, check_number

if TYPE_CHECKING:
    from .types import Seconds

Labels: TypeAlias = Literal["change", "every", "first", "none"]
LABELS: tuple[Labels, ...] = get_args(Labels)

NOBODY = "?"
"""The label of words that nobody could be given, after others that bear one."""

DASH = "- "
"""What stands before each line where two people speak at once."""

_FRAMES = 2
"""Pictures without a cue between two of them: fewer cannot be seen."""

FEWEST_FPS, MOST_FPS = 1, 1000
"""Pictures a second: with fewer, the room between cues would push them far from their words; no film has more."""
_LONGEST: Seconds = 3600.0
"""Cues that stay longer would be far from their words, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How cues should look; the defaults are those of broadcasters' subtitle guides.

    width: columns a line, the label's among them (East Asian wide characters take
        two). lines: at most so many a cue.
    labels: which cues bear the speaker's label: those where the speaker changes,
        and again after three cues or a pause; ``every``; the ``first`` of each
        speaker; ``none``.
    speed, fastest: columns a second that a cue is given the time for, and that it
        is given where the next one presses.
    shortest, longest: seconds a cue stays. fps: pictures a second; two lie between
        two cues.
    pause: a silence this long should end a cue. late: where people talk at once, in
        quick turns or fast, a cue begins so many seconds after its words at the most,
        and those before it stay for as little as half of `shortest`.
    """

    width: int = 42
    lines: int = 2
    labels: Labels = "change"
    speed: float = 17.0
    fastest: float = 20.0
    shortest: Seconds = 5 / 6
    longest: Seconds = 7.0
    fps: float = 25.0
    pause: Seconds = 0.8
    late: Seconds = 1.0

    def __post_init__(self) -> None:
        for name in ("width", "lines", "speed", "fastest", "shortest", "longest", "fps", "pause", "late"):
            check_number(getattr(self, name), name, whole=name in ("width", "lines"))
        for name in ("width", "lines", "speed", "fastest", "longest", "fps", "pause"):
            if not 0 < getattr(self, name) < float("inf"):
                raise OptionError(f"{name}={getattr(self, name)} must be above 0, and finite.")
        if not FEWEST_FPS <= self.fps <= MOST_FPS:
            raise OptionError(f"fps={self.fps:g} must be from {FEWEST_FPS} to {MOST_FPS} pictures a second.")
        if self.longest > _LONGEST:
            raise OptionError(f"longest={self.longest:g} must be at most {_LONGEST:g} seconds.")
        if not 0 <= self.shortest <= self.longest:
            raise OptionError(f"shortest={self.shortest:g} must lie between 0 and longest={self.longest:g} seconds.")
        if not self.speed <= self.fastest:
            raise OptionError(f"speed={self.speed:g} must be at most fastest={self.fastest:g}.")
        if not self.late >= 0:
            raise OptionError(f"late={self.late:g} must be 0 or more seconds.")
        check_choice(self.labels, "labels", LABELS)

    @property
    def gap(self) -> Seconds:
        """Seconds between two cues."""
        return _FRAMES / self.fps


DEFAULT = Layout()
