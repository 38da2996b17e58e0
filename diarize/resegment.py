"""A second look at who speaks where only one person does.

The segmentation network tells voices apart within 10 s, and sometimes takes two
similar ones for one; clustering can then only move both together. So each span
of a second or two in which one person speaks is compared, by its own
embedding, with everybody's other speech, and given to somebody else where the
evidence is plain: first by what the windows hear of everybody elsewhere, then by
everybody's other spans. A clustering of whole local speakers, however good,
cannot do that; benchmarks/RESULTS.md has the effect. Upstream has no such stage,
and the `exact` mode leaves it out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..fusion.types import Seconds
from .arrays import AnyFloat, Float32, Float64, Int32, Labels, Pairs, Runs
from .binarize import runs
from .clustering import Clusters
from .plda import unit_length
from .reconstruct import Timeline
from .stretches import Stretch
from .windows import Windows

SHORTEST: Seconds = 0.5
LONGEST: Seconds = 2.0
"""Spans shorter than the one say too little; longer than the other may hold two people."""

_ALONE = 0.7
_MARGIN = 0.15
_UNKNOWN = 0.35
"""The likeness of a span to its own speaker's voice where nothing else is known of it."""
_OTHER_WINDOWS = 2
_LOOKS_AGAIN = 2
"""More change nothing that was measured."""


@dataclass(frozen=True, slots=True)
class Move:
    """Frames ``first <= frame < last`` go from one speaker to another."""

    first: int
    last: int
    source: int
    target: int


@dataclass(frozen=True, slots=True)
class Voices:
    """Everybody's speech, so that the part near a span can be left out.

    sums: float64 (K, dimension) of each speaker's training embeddings, counts: int64 (K,).
    """

    training: Float64
    window: Labels
    speaker: Labels
    sums: Float64
    counts: Labels

    @classmethod
    def of(cls, embeddings: AnyFloat, pairs: Pairs, clusters: Clusters) -> Voices:
        """Collect the training embeddings by the speaker they were given to."""
        speaker = clusters.hard[pairs].astype(np.int64)
        known = speaker >= 0
        training, window, speaker = embeddings[pairs][known].astype(np.float64), pairs[0][known], speaker[known]
        sums = np.zeros((len(clusters.centroids), embeddings.shape[-1]))
        np.add.at(sums, speaker, training)
        return cls(training, window, speaker, sums, np.bincount(speaker, minlength=len(sums)))

    def likeness(self, vector: AnyFloat, windows: range) -> Float64:
        """Cosine of `vector` with each speaker's speech outside `windows`, (K,); -1 where there is too little."""
        near = slice(*np.searchsorted(self.window, [windows.start, windows.stop]))
        sums, counts = self.sums.copy(), self.counts - np.bincount(self.speaker[near], minlength=len(self.counts))
        np.subtract.at(sums, self.speaker[near], self.training[near])
        scores: Float64 = unit_length(sums) @ unit_length(vector.astype(np.float64))
        return np.where(counts >= _OTHER_WINDOWS, scores, -1.0)


def compare(spans: Sequence[Stretch], vectors: Float32, voices: Voices, windows: Windows) -> Float64:
    """How much each span sounds like everybody's speech elsewhere.

    Args:
        spans: short stretches cut at changes, in order of time.
        vectors: float32 (spans, dimension), NaN where a span has none.
        voices: everybody's speech.
        windows: where the windows lie.

    Returns:
        Cosines, (spans, K): NaN for spans without a vector, -1 where too little is known of a speaker.
    """
    likeness = np.full((len(spans), len(voices.counts)), np.nan)
    for row in np.flatnonzero(np.isfinite(vectors).all(axis=1)).tolist():
        likeness[row] = voices.likeness(vectors[row], windows.around(*spans[row].seconds))
    return likeness


def resegment(timeline: Timeline, spans: Sequence[Stretch], likeness: Float64, windows: Windows) -> Timeline:
    """Give spans of one speaker to another where their own embedding plainly says so.

    Args:
        timeline: as reconstructed.
        spans: short stretches cut at changes, in order of time.
        likeness: of each span to everybody, (spans, K), as `compare` has it.
        windows: where the windows lie.

    Returns:
        The timeline with those frames moved; nobody loses their last frame.
    """
    if likeness.shape[1] < 2:  # noqa: PLR2004 - nobody to give anything to
        return timeline
    alone = _alone(timeline, windows.total_frames)
    moves = [move for span, scores in zip(spans, likeness, strict=True) for move in _look(span, scores, alone, windows)]
    return _apply(timeline, moves, windows.total_frames)


def look_again(
    timeline: Timeline, spans: Sequence[Stretch], vectors: Float32, num_voices: int, windows: Windows
) -> Timeline:
    """`resegment` by the turns that stand now: each span is compared with everybody's other spans.

    Windows overlap, so `compare` leaves out what lies within 10 s of a span: in a short recording, everything. Spans
    do not overlap, so only the span itself is left out.

    Args:
        timeline: as it stands.
        spans: short stretches cut at changes, in order of time.
        vectors: float32 (spans, dimension), NaN where a span has none.
        num_voices: how many speakers, from the first, have a voice of their own.
        windows: where the windows lie.

    Returns:
        The timeline with those frames moved; nobody loses their last frame.
    """
    unit = np.asarray(unit_length(vectors.astype(np.float64)), np.float64)
    for _ in range(_LOOKS_AGAIN):
        alone = _alone(timeline, windows.total_frames)
        speakers = np.array([_speaker(span, alone, windows) for span in spans], np.int64)
        timeline = resegment(timeline, spans, among_spans(unit, speakers, num_voices), windows)
    return timeline


def among_spans(unit: Float64, speakers: Labels, num_voices: int) -> Float64:
    """Cosines of each span with the mean of everybody's other spans, (spans, num_voices); -1 where there are none.

    Args:
        unit: float64 (spans, dimension), unit vectors, NaN where a span has none; so are its cosines.
        speakers: int64 (spans,), whose each span is; -1, or from `num_voices` on, for nobody's who has a voice.
        num_voices: how many have one.
    """
    known = np.isfinite(unit).all(axis=1)
    own = known & (speakers >= 0) & (speakers < num_voices)
    sums, counts = np.zeros((num_voices, unit.shape[1])), np.bincount(speakers[own], minlength=num_voices)
    np.add.at(sums, speakers[own], unit[own])
    cosines = np.where(counts > 0, unit @ unit_length(sums).T, -1.0)
    rows, columns = np.flatnonzero(own), speakers[own]
    others = unit_length(sums[columns] - unit[own])
    cosines[rows, columns] = np.where(counts[columns] > 1, (unit[own] * others).sum(axis=1), -1.0)
    cosines[~known] = np.nan
    return cosines


def _speaker(span: Stretch, alone: Int32, windows: Windows) -> int:
    """Who speaks alone for the most of `span`; -1 where hardly anybody does."""
    inside = alone[_frames(span, windows)]
    single = inside[inside >= 0]
    return int(np.bincount(single).argmax()) if single.size and single.size >= _ALONE * len(inside) else -1


def _frames(span: Stretch, windows: Windows) -> slice:
    begin, end = span.seconds
    return slice(round(begin / windows.frame_step), round(end / windows.frame_step))


def _alone(timeline: Timeline, total: int) -> Int32:
    """Who is active in each frame in which exactly one speaker is; -1 elsewhere."""
    active = np.zeros(total + 1, np.int32)
    who = np.full(total, -1, np.int32)
    for speaker, part in enumerate(timeline.active):
        np.add.at(active, part[:, 0], 1)
        np.subtract.at(active, part[:, 1], 1)
        for first, last in part:
            who[first:last] = speaker
    who[np.cumsum(active)[:total] != 1] = -1
    return who


def _look(span: Stretch, scores: Float64, alone: Int32, windows: Windows) -> Iterator[Move]:
    """The frames of `span` that go to somebody else: none, or all those of its one speaker."""
    begin, end = span.seconds
    if end - begin < SHORTEST or np.isnan(scores).any():
        return
    current = _speaker(span, alone, windows)
    if not 0 <= current < len(scores):  # nobody, or a speaker without a voice of their own
        return
    best = int(scores.argmax())
    own = scores[current] if scores[current] > -1 else _UNKNOWN
    if best != current and scores[best] - own > _MARGIN:
        frames = _frames(span, windows)
        for run in runs(alone[frames] == current):
            yield Move(frames.start + int(run[0]), frames.start + int(run[1]), current, best)


def _apply(timeline: Timeline, moves: Sequence[Move], total: int) -> Timeline:
    """Carry out `moves` on runs and scores, but for those that would leave a speaker without a frame."""
    leaving = np.zeros(len(timeline.active), np.int64)
    for move in moves:
        leaving[move.source] += move.last - move.first
    emptied = [
        k for k, part in enumerate(timeline.active) if leaving[k] and leaving[k] >= (part[:, 1] - part[:, 0]).sum()
    ]
    kept = [move for move in moves if move.source not in emptied]
    if not kept:
        return timeline
    if timeline.scores is not None:
        for move in kept:
            columns = timeline.scores[move.first : move.last]
            columns[:, [move.source, move.target]] = columns[:, [move.target, move.source]]
    return replace(
        timeline, active=_moved(timeline.active, kept, total), exclusive=_moved(timeline.exclusive, kept, total)
    )


def _moved(speakers: tuple[Runs, ...], moves: Sequence[Move], total: int) -> tuple[Runs, ...]:
    touched = {speaker for move in moves for speaker in (move.source, move.target)}
    return tuple(
        _edited(part, speaker, moves, total) if speaker in touched else part for speaker, part in enumerate(speakers)
    )


def _edited(part: Runs, speaker: int, moves: Sequence[Move], total: int) -> Runs:
    """One speaker's runs after the moves from and to them."""
    frames = np.zeros(total, np.bool_)
    for first, last in part:
        frames[first:last] = True
    for move in moves:
        if speaker in (move.source, move.target):
            frames[move.first : move.last] = speaker == move.target
    return runs(frames)
