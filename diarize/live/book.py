"""The turns that were told so far, and what has to be said so that they are those of now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from ...fusion.types import Seconds, Turn
from ..arrays import Float64
from .events import Event, TurnEnded, TurnExtended, TurnRevised, TurnStarted, Why
from .speakers import UNKNOWN
from .tail import Span

_NEAR: Seconds = 0.1
"""Edges that differ by less are one; a gap that is shorter is none."""
_RECENT = 200
"""Turns that can reach into the last seconds."""
_MOST = 0.6
"""Share of a turn that must be somebody else's for all of it to be."""


def label_of(number: int) -> str | None:
    """The label of a speaker's number.

    >>> label_of(3), label_of(UNKNOWN)
    ('SPEAKER_03', None)
    """
    return None if number == UNKNOWN else f"SPEAKER_{number:02d}"


@dataclass(slots=True)
class Told:
    """A turn as it was told last: `number` and `track` as those of a `Span`."""

    turn: int
    start: Seconds
    end: Seconds
    number: int
    track: int
    over: bool = False

    @property
    def voice(self) -> tuple[int, int]:
        """Who it is."""
        return self.number, self.track


@dataclass(slots=True)
class Book:
    """All turns, and the events between one state and the next.

    turns: in the order in which they were told.
    """

    turns: list[Told] = field(default_factory=list)
    _open: list[Told] = field(default_factory=list)

    def update(self, spans: Sequence[Span], committed: Seconds) -> Iterator[Event]:
        """Say what is new, given who speaks from `committed` on; what lies before is left alone."""
        fresh = [span for span in spans if span.end > committed + _NEAR]
        taken: dict[int, Span] = {}
        left = [span for span in fresh if not self._continue(span, taken)]
        left = [span for span in left if not self._take_over(span, taken, spans)]
        for told in self._open:
            yield from self._follow(told, taken.get(told.turn), committed)
        for span in left:
            start = max(span.start, committed)
            if span.end - start >= _NEAR:
                told = Told(len(self.turns), start, span.end, span.number, span.track)
                self.turns.append(told)
                self._open.append(told)
                yield TurnStarted(told.turn, told.start, told.end, label_of(told.number))
        yield from self._close(committed)

    def correct(self, spans: Sequence[Span], since: Seconds, until: Seconds, why: Why) -> Iterator[Event]:
        """Give turns that end after `since`, and not after `until`, to who by `spans` has most of what lies in them."""
        starts, ends = (np.array([getattr(span, edge) for span in spans]) for edge in ("start", "end"))
        for told in _ending_after(self.turns, since):
            start, end = max(told.start, since), told.end
            if end > until or end <= start:
                continue
            shares = _shares(spans, np.minimum(ends, end) - np.maximum(starts, start))
            if not shares:
                continue
            voice, mine = max(shares, key=lambda key: shares[key]), shares.get(told.voice, 0.0)
            if voice[0] != UNKNOWN and shares[voice] >= _MOST * (end - start) and mine <= (1 - _MOST) * (end - start):
                told.number, told.track = voice
                yield TurnRevised(told.turn, told.start, told.end, label_of(told.number), why)

    def rename(self, into: dict[int, int]) -> None:
        """Put speakers in the place of others, which an event of its own says."""
        for told in self.turns:
            told.number = into.get(told.number, told.number)

    def end(self) -> Iterator[Event]:
        """Nothing more comes."""
        for told in self._open:
            yield TurnEnded(told.turn, told.end)
        self._open = []

    def final(self, turns: Sequence[Turn]) -> dict[str, str]:
        """The speaker in `turns` with whom each label that was told shares most time."""
        found: dict[str, str] = {}
        starts, ends = (np.array([getattr(turn, edge) for turn in turns]) for edge in ("start", "end"))
        shared: dict[int, dict[str, Seconds]] = {}
        for told in self.turns:
            inside = np.minimum(ends, told.end) - np.maximum(starts, told.start)
            for place in np.flatnonzero(inside > 0).tolist() if told.number != UNKNOWN else ():
                of = shared.setdefault(told.number, {})
                of[turns[place].speaker] = of.get(turns[place].speaker, 0.0) + float(inside[place])
        for number, of in sorted(shared.items()):
            found[f"SPEAKER_{number:02d}"] = max(of, key=lambda speaker: of[speaker])
        return found

    def _continue(self, span: Span, taken: dict[int, Span]) -> bool:
        """Find the open turn of the same voice that `span` goes on with."""
        same = [told for told in self._open if told.voice == (span.number, span.track) and told.turn not in taken]
        near = [told for told in same if _overlap(told, span) > -_NEAR]
        if near:
            taken[max(near, key=lambda told: _overlap(told, span)).turn] = span
        return bool(near)

    def _take_over(self, span: Span, taken: dict[int, Span], spans: Sequence[Span]) -> bool:
        """Find the open turn, so far another's, who is not heard in it any more, that `span` turns out to be."""
        free = [told for told in self._open if told.turn not in taken and not _is_heard(told, spans)]
        alike = [told for told in free if _overlap(told, span) >= 0.5 * (told.end - told.start)]
        if alike:
            taken[max(alike, key=lambda told: _overlap(told, span)).turn] = span
        return bool(alike)

    def _follow(self, told: Told, span: Span | None, committed: Seconds) -> Iterator[Event]:
        if span is None:  # nobody goes on: all that is left is what was committed
            end = max(min(told.end, committed), told.start)
            if told.end - end > _NEAR or end == told.start:
                told.end = end
                yield self._revision(told)
            return
        start = told.start if told.start < committed else max(span.start, committed)
        moved = told.voice != (span.number, span.track)
        told.number, told.track = span.number, span.track
        if moved or abs(start - told.start) > _NEAR or span.end < told.end - _NEAR:
            told.start, told.end = start, max(span.end, start)
            yield self._revision(told)
        elif span.end > told.end + 1e-6:
            told.end = span.end
            yield TurnExtended(told.turn, told.end)

    def _revision(self, told: Told) -> TurnRevised:
        return TurnRevised(told.turn, told.start, told.end, label_of(told.number), "heard more")

    def _close(self, committed: Seconds) -> Iterator[Event]:
        still = []
        for told in self._open:
            if told.end > max(committed, told.start):
                still.append(told)
            elif told.end > told.start:
                yield TurnEnded(told.turn, told.end)
        self._open = still


def _is_heard(told: Told, spans: Sequence[Span]) -> bool:
    """Whether the turn's voice has a good part of it."""
    own = sum(max(_overlap(told, span), 0.0) for span in spans if (span.number, span.track) == told.voice)
    return own > (1 - _MOST) * (told.end - told.start)


def _overlap(told: Told, span: Span) -> Seconds:
    return min(told.end, span.end) - max(told.start, span.start)


def _ending_after(turns: Sequence[Told], since: Seconds) -> Iterable[Told]:
    """Those of the last turns that end after `since`; of an hour's talk only the end is looked through."""
    recent = turns if since <= 0 else turns[-_RECENT:]
    return [told for told in recent if told.end > since]


def _shares(spans: Sequence[Span], inside: Float64) -> dict[tuple[int, int], Seconds]:
    shares: dict[tuple[int, int], Seconds] = {}
    for place in np.flatnonzero(inside > 0).tolist():
        voice = spans[place].number, spans[place].track
        shares[voice] = shares.get(voice, 0.0) + float(inside[place])
    return shares
