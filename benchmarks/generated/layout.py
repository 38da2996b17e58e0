"""Who speaks when in a made-up conversation: pieces of speech on one time axis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from benchmarks.generated.material import Piece, Span, pieces_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from benchmarks.generated.material import Clip
    from diarfuse.fusion.types import Seconds

Style: TypeAlias = Literal["turns", "fast", "backchannels", "interruptions"]
STYLES: tuple[Style, ...] = ("turns", "fast", "backchannels", "interruptions")
_BEFORE_AGAIN: Seconds = 0.1
"""A speaker is silent at least so long between two pieces."""


@dataclass(frozen=True, slots=True)
class Placement:
    """A piece that begins at second `at`, `gain` decibels above the clip's own level."""

    at: Seconds
    piece: Piece
    gain: float

    @property
    def end(self) -> Seconds:
        """When the piece is over."""
        return self.at + self.piece.seconds

    @property
    def speech(self) -> list[Span]:
        """Where it speaks, in seconds of the conversation."""
        return [(self.at + a, self.at + b) for a, b in self.piece.speech]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a conversation shall be like. overlap: the share of the speech's time in which two speak."""

    name: str
    fold: int
    seed: int
    speakers: int
    style: Style
    overlap: float
    longest: Seconds


SPEAKERS = (2, 2, 3, 4, 2, 3, 4, 5, 2, 3, 4, 6, 2, 6, 8, 10)
OVERLAPS = (0.0, 0.05, 0.1, 0.2, 0.3)


def plans(folds: int = 4) -> list[Plan]:
    """Sixteen conversations a fold: numbers of speakers, styles and overlaps crossed."""
    return [
        Plan(
            f"g{fold}_{number:02}_{people}spk",
            fold,
            1000 * fold + number,
            people,
            STYLES[(number + fold) % 4],
            OVERLAPS[(3 * number + fold) % 5],
            min(40.0 + 20 * people, 150.0),
        )
        for fold in range(folds)
        for number, people in enumerate(SPEAKERS)
    ]


def lay_out(plan: Plan, clips: Mapping[str, Sequence[Clip]]) -> list[Placement]:
    """Draw speakers and pieces, and put one after another until time or material is used up.

    Args:
        plan: what is wanted.
        clips: the clips of each speaker of the fold.
    """
    rng = np.random.default_rng(plan.seed)
    people = [str(name) for name in rng.choice(sorted(clips), plan.speakers, replace=False)]
    gains = dict(zip(people, rng.uniform(-4, 4, len(people)), strict=True))
    stock = {name: _shuffled(clips[name], plan.style, rng) for name in people}
    share = {name: len(stock[name]) * float(rng.uniform(0.6, 1.4)) for name in people}
    table = _Table(rng, plan.overlap)
    said = dict.fromkeys(people, 0)
    while any(stock.values()) and table.end < plan.longest:
        ready = [name for name in people if stock[name] and name != table.last] or [n for n in people if stock[n]]
        name = min(ready, key=lambda n: (said[n] + float(rng.uniform(0, 1))) / share[n])
        said[name] += 1
        table.put(stock[name].pop(), gains[name], plan.style)
    return sorted(table.placements, key=lambda placement: placement.at)


def _shuffled(clips: Sequence[Clip], style: Style, rng: np.random.Generator) -> list[Piece]:
    """All pieces of a speaker, no part of a clip twice."""
    found = [piece for clip in clips for piece in pieces_of(clip, _lengths(style, rng))]
    return [found[i] for i in rng.permutation(len(found))]


def _lengths(style: Style, rng: np.random.Generator) -> Iterator[Seconds]:
    """How long each piece should last."""
    while True:
        if style == "fast":
            yield float(rng.uniform(0.5, 2.5))
        elif style == "backchannels" and rng.random() < 0.35:
            yield float(rng.uniform(0.3, 0.8))
        else:
            yield float(np.clip(rng.lognormal(1.2, 0.5), 1.2, 9.0))


class _Table:
    """The conversation so far."""

    def __init__(self, rng: np.random.Generator, overlap: float) -> None:
        self.placements: list[Placement] = []
        self.end: Seconds = 0.0
        self.last = ""
        self._rng, self._overlap = rng, overlap
        self._free: dict[str, Seconds] = {}
        self._spoken: Seconds = 0.0
        self._shared: Seconds = 0.0

    def put(self, piece: Piece, gain: float, style: Style) -> None:
        """Place `piece` behind what was said, into it, or over its end."""
        name = piece.clip.speaker
        at = max(self._when(piece, style), self._free.get(name, 0.3), 0.0)
        shared = max(min(self.end, at + piece.seconds) - at, 0.0)
        self.placements.append(Placement(round(at, 3), piece, gain))
        self._spoken += piece.seconds
        self._shared += shared
        self._free[name] = at + piece.seconds + _BEFORE_AGAIN
        if at + piece.seconds > self.end:
            self.end, self.last = at + piece.seconds, name

    def _when(self, piece: Piece, style: Style) -> Seconds:
        missing = self._overlap * (self._spoken + piece.seconds - self._shared) - self._shared
        last = self.placements[-1] if self.placements else None
        if last is None or missing <= 0.15:
            return self.end + self._gap(style)
        room = last.piece.seconds
        if piece.seconds < 1.0 and room > piece.seconds + 1.0:  # a word in between
            return last.at + float(self._rng.uniform(0.5, room - piece.seconds - 0.3))
        deepest = 0.9 * min(room, piece.seconds) if style == "interruptions" else 0.6 * min(room, piece.seconds)
        return self.end - min(deepest, float(self._rng.uniform(0.3, 1.0)) * 2 * missing)

    def _gap(self, style: Style) -> Seconds:
        return float(self._rng.uniform(0.0, 0.15) if style == "fast" else min(self._rng.exponential(0.4), 2.5))


def overlap_share(placements: Sequence[Placement]) -> float:
    """The share of the time with speech in which more than one person speaks."""
    edges = sorted(edge for one in placements for a, b in one.speech for edge in ((a, 1), (b, -1)))
    many, before, single, shared = 0, 0.0, 0.0, 0.0
    for at, change in edges:
        single += (at - before) * (many > 0)
        shared += (at - before) * (many > 1)
        many, before = many + change, at
    return shared / single if single else 0.0
