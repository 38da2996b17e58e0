"""The turns that were told so far, and what has to be said so that they are those of now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from ...fusion.types import Seconds, Turn
from ..arrays import Float64
from .events import Event, TurnEnded, TurnExtended, TurnRevised, TurnStarted
from .speakers import UNKNOWN
from .tail import Span

NEAR: Seconds = 0.1
"""Edges that differ by less are one; what is shorter is nothing."""
_SAME = 0.5
"""Share of a turn that must be within somebody else's span for the turn to be theirs."""


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


def label_of(number: int) -> str | None:
    """The label of a speaker's number.

    >>> label_of(3), label_of(UNKNOWN)
    ('SPEAKER_03', None)
    """
    return None if number == UNKNOWN else f"SPEAKER_{number:02d}"


@dataclass(slots=True)
class Book:
    """All turns, and the events between one state and the next.

    turns: by their numbers, without those that were taken back. committed: what was told up to here stays; of who is
        told there only the labels of those who are one are put together (`rename`).
    """

    turns: dict[int, Told] = field(default_factory=dict)
    committed: Seconds = 0.0
    _next: int = 0

    def update(self, spans: Sequence[Span], since: Seconds, committed: Seconds) -> Iterator[Event]:
        """Say what makes the turns from `since` on those of `spans`, but for what was committed before.

        Args:
            spans: who speaks from `since` on.
            since: what was told of the time before stays; a turn that reaches over it is changed behind it only.
            committed: from now on what is told up to here stays too, and turns that end there are over.
        """
        yield from self._reconcile(spans, max(since, self.committed))
        self.committed = committed
        for told in self.turns.values():
            if not told.over and told.end <= committed:
                told.over = True
                yield TurnEnded(told.turn, told.end)

    def grow(self, spans: Sequence[Span], start: Seconds, end: Seconds) -> Iterator[Event]:
        """Say what `spans`, all from `start` to `end`, add to what was told of the time before, which stays."""
        going = {told.voice: told for told in self.turns.values() if not told.over}
        for span in spans:
            told = going.get((span.number, span.track)) if span.start == start else None
            if told is None:
                yield self._start(span)
            else:
                told.end = span.end
                yield TurnExtended(told.turn, told.end)
        for told in self.turns.values():
            if not told.over and told.end < end:
                told.over = True
                yield TurnEnded(told.turn, told.end)

    def rename(self, into: dict[int, int]) -> None:
        """Put speakers in the place of others, which an event of its own says."""
        for told in self.turns.values():
            told.number = into.get(told.number, told.number)

    def said(self) -> dict[int, Seconds]:
        """For how long each speaker was told to speak, of what is committed."""
        found: dict[int, Seconds] = {}
        for told in self.turns.values():
            if told.number != UNKNOWN and told.start < self.committed:
                found[told.number] = found.get(told.number, 0.0) + min(told.end, self.committed) - told.start
        return found

    def end(self) -> Iterator[Event]:
        """Nothing more comes."""
        for told in self.turns.values():
            if not told.over:
                told.over = True
                yield TurnEnded(told.turn, told.end)

    def final(self, turns: Sequence[Turn]) -> dict[str, str]:
        """The speaker in `turns` with whom each label that was told shares most time."""
        starts, ends = (np.array([getattr(turn, edge) for turn in turns]) for edge in ("start", "end"))
        shared: dict[int, dict[str, Seconds]] = {}
        for told in self.turns.values():
            inside = np.minimum(ends, told.end) - np.maximum(starts, told.start)
            for place in np.flatnonzero(inside > 0).tolist() if told.number != UNKNOWN else ():
                of = shared.setdefault(told.number, {})
                of[turns[place].speaker] = of.get(turns[place].speaker, 0.0) + float(inside[place])
        return {f"SPEAKER_{number:02d}": max(of, key=of.__getitem__) for number, of in sorted(shared.items())}

    def _reconcile(self, spans: Sequence[Span], since: Seconds) -> Iterator[Event]:
        inside = [told for told in self.turns.values() if told.end > since]
        cut = [Span(max(span.start, since), span.end, span.number, span.track) for span in spans]
        wanted = [span for span in cut if span.end - span.start >= NEAR]
        matched = _match(inside, wanted, since)
        for told in inside:
            place = matched.get(told.turn)
            if place is None:
                yield from self._take_back(told, since)
            else:
                yield from _follow(told, wanted[place], since)
        for place in sorted({*range(len(wanted))} - {*matched.values()}):
            yield self._start(wanted[place])

    def _start(self, span: Span) -> TurnStarted:
        told = Told(self._next, span.start, span.end, span.number, span.track)
        self.turns[told.turn], self._next = told, self._next + 1
        return TurnStarted(told.turn, told.start, told.end, label_of(told.number))

    def _take_back(self, told: Told, since: Seconds) -> Iterator[Event]:
        """Nobody is heard in the turn from `since` on."""
        if told.start < since:
            told.end = since
        else:
            told.end = told.start
            del self.turns[told.turn]
        yield _revision(told)


def _follow(told: Told, span: Span, since: Seconds) -> Iterator[Event]:
    """Make the turn what `span` says, from `since` on."""
    start = told.start if told.start < since or abs(span.start - told.start) < NEAR else span.start
    if told.voice == (span.number, span.track) and start == told.start and span.end >= told.end - NEAR:
        if span.end > told.end:
            told.end = span.end
            yield TurnExtended(told.turn, told.end)
        return
    told.start, told.end, told.number, told.track = start, span.end, span.number, span.track
    yield _revision(told)


def _revision(told: Told) -> TurnRevised:
    return TurnRevised(told.turn, told.start, told.end, label_of(told.number))


def _match(turns: Sequence[Told], spans: Sequence[Span], since: Seconds) -> dict[int, int]:
    """The place in `spans` of what each turn is now: first those of the same voice, then those that lie alike.

    A turn that began before `since` goes on only as what lies there, and under the label that was told.
    """
    starts, ends = (np.array([getattr(span, edge) for span in spans]) for edge in ("start", "end"))
    pairs: list[tuple[bool, Seconds, int, int]] = []
    for told in turns:
        shared: Float64 = np.minimum(ends, told.end) - np.maximum(starts, told.start)
        for place in np.flatnonzero(shared > -NEAR).tolist():
            same = (spans[place].number, spans[place].track) == told.voice
            if told.start < since and (spans[place].start > since + NEAR or not (same or told.number == UNKNOWN)):
                continue
            if same or shared[place] >= _SAME * (told.end - max(told.start, since)):
                pairs.append((not same, -float(shared[place]), told.turn, place))
    matched: dict[int, int] = {}
    taken: set[int] = set()
    for _, _, turn, place in sorted(pairs):
        if turn not in matched and place not in taken:
            matched[turn] = place
            taken.add(place)
    return matched
