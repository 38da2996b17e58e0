"""From windows with named speakers back to one timeline.

Every window votes, frame by frame, for the speakers it hears; a frame's
`count` highest voted are active (`diarize.votes` has the rule). Upstream holds
the votes of all windows apart, windows x 589 x speakers float64 (12 GB for a
long meeting); here the recording goes by in blocks of frames, and what leaves
is runs of frames.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .arrays import AnyFloat, AnyInt, Bits, Flags, Float32, Int64, Runs
from .binarize import runs
from .votes import highest

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from .windows import Windows

_BLOCK = 8192  # frames looked at at once
_SPECK = 6
"""Frames (0.1 s): no shorter stretch is embedded (`stretches`), and no word is shorter."""


@dataclass(frozen=True, slots=True)
class Block:
    """A run of frames.

    first: its first frame in the recording. votes: float32 (frames, speakers),
    how many windows hear each speaker. active: bool (frames, speakers), the
    `count` highest voted. exclusive: the highest voted only.
    """

    first: int
    votes: Float32
    active: Flags
    exclusive: Flags


@dataclass(frozen=True, slots=True)
class Timeline:
    """Who is active in which frames, as runs: one entry a speaker, in order of their cluster.

    scores: float32 (frames, speakers), the share of a frame's windows that hear
    each speaker; None unless asked for.
    """

    active: tuple[Runs, ...]
    exclusive: tuple[Runs, ...]
    scores: Float32 | None = None


def reconstruct(
    segmentations: Bits,
    hard: AnyInt,
    count: AnyInt,
    windows: Windows,
    *,
    max_speakers: int | None = None,
    min_speakers: int = 1,
    scores: bool = False,
    keep: float | None = None,
) -> Timeline:
    """The timeline of the whole recording.

    Args:
        segmentations: 0 or 1, (windows, frames, local speakers).
        hard: (windows, local speakers), clusters 0..K-1, below 0 for nobody.
        count: (windows.total_frames,), how many speak in each frame.
        windows: where the windows lie.
        max_speakers: at most so many at once.
        min_speakers: where fewer speakers than this win a frame, those who were
            heard but always outvoted get their longest run (`give_back`).
            1 leaves everything as upstream.
        scores: keep the scores, 4 bytes a frame and speaker.
        keep: who speaks in a frame goes on in the next unless somebody else has more
            votes there by this share of the windows (0: only ties fall so); None: as
            upstream, each frame by itself.

    Returns:
        One entry for each of K speakers; where `count` somewhere exceeds K, as
        upstream, there are so many entries, and the nameless ones fill up.
    """
    most = int(count.max(initial=0))
    capped = np.minimum(count, most if max_speakers is None else min(most, max_speakers))
    num_speakers = max(int(hard.max(initial=-1)) + 1, int(capped.max(initial=0)))
    active, exclusive = _RunCollector(num_speakers), _RunCollector(num_speakers)
    kept = np.empty((windows.total_frames, num_speakers), dtype=np.float32) if scores else None
    for block in blocks(segmentations, hard, capped, windows, keep=keep):
        active.add(block.first, block.active)
        exclusive.add(block.first, block.exclusive)
        if kept is not None:
            kept[block.first : block.first + len(block.votes)] = block.votes
    if kept is not None:
        kept /= np.maximum(windows.coverage, 1)[:, None].astype(np.float32)
    timeline = Timeline(active.result(), exclusive.result(), kept)
    return give_back(timeline, segmentations, hard, windows, min_speakers)


def give_back(
    timeline: Timeline,
    segmentations: Bits,
    hard: AnyInt,
    windows: Windows,
    min_speakers: int,
) -> Timeline:
    """Let speakers whom all windows together outvoted be heard, until there are `min_speakers`.

    Such a speaker gets the longest run that any one window heard: added to
    `active`, taken from the others in `exclusive` (only its first half where it
    is all that somebody has).
    """
    active, exclusive = list(timeline.active), list(timeline.exclusive)
    missing = min_speakers - sum(len(part) > 0 for part in active)
    if missing <= 0:
        return timeline
    silent = [cluster for cluster, part in enumerate(active) if not len(part)]
    runs = {cluster: _longest_run(segmentations, hard, windows, cluster) for cluster in silent}
    heard = sorted((cluster for cluster in silent if len(runs[cluster])), key=lambda k: -np.ptp(runs[k]))
    for cluster in heard[:missing]:
        run = runs[cluster]
        if any(len(part) and not len(_without(part, run)) for part in exclusive):
            run = np.column_stack((run[:, 0], run.sum(axis=1) // 2))
        exclusive = [_without(part, run) for part in exclusive]
        active[cluster] = exclusive[cluster] = run
    return Timeline(tuple(active), tuple(exclusive), timeline.scores)


def drop_specks(timeline: Timeline, min_speakers: int) -> Timeline:
    """Take out speakers who in the whole recording have less than 0.1 s.

    Nobody can be known by so little; it is an edge of somebody else's speech.
    Who speaks at the same time has such frames, or else who speaks right before,
    or right after; frames with silence on both sides become silence. At least
    one speaker stays, and at least `min_speakers`, those with most. Upstream
    keeps all.
    """
    lengths = np.array([(part[:, 1] - part[:, 0]).sum() for part in timeline.active], dtype=np.int64)
    speaking = np.flatnonzero(lengths)
    spare = len(speaking) - max(min_speakers, 1)
    shortest = speaking[np.argsort(lengths[speaking], kind="stable")][: max(spare, 0)]
    specks = {int(speaker) for speaker in shortest if lengths[speaker] < _SPECK}
    active, exclusive = list(timeline.active), list(timeline.exclusive)
    for speaker in specks:
        for run in timeline.exclusive[speaker]:
            _hand_over(run, active, exclusive, specks)
        active[speaker] = exclusive[speaker] = np.empty((0, 2), dtype=np.int64)
    return Timeline(tuple(active), tuple(exclusive), timeline.scores) if specks else timeline


def _hand_over(run: Int64, active: list[Runs], exclusive: list[Runs], specks: Container[int]) -> None:
    """Give `run` (2,) to who speaks in it, right before it, or right after it, in this order of preference."""
    others = [speaker for speaker in range(len(exclusive)) if speaker not in specks]
    first, last = run
    during = [k for k in others if ((active[k][:, 0] < last) & (active[k][:, 1] > first)).any()]
    before = [k for k in others if (exclusive[k][:, 1] == first).any()]
    after = [k for k in others if (exclusive[k][:, 0] == last).any()]
    for speaker in (during + before + after)[:1]:
        active[speaker], exclusive[speaker] = (_with(part[speaker], run) for part in (active, exclusive))


def blocks(
    segmentations: Bits,
    hard: AnyInt,
    count: AnyInt,
    windows: Windows,
    *,
    size: int = _BLOCK,
    keep: float | None = None,
) -> Iterator[Block]:
    """The timeline in blocks of `size` frames; arguments as for `reconstruct`, `count` already capped."""
    num_clusters = int(hard.max(initial=-1)) + 1
    num_speakers = max(num_clusters, int(count.max(initial=0)))
    starts, decider = windows.first_frames, _Decider(max(num_clusters, 1))
    for first in range(0, windows.total_frames, size):
        end = min(first + size, windows.total_frames)
        seen = slice(*np.searchsorted(starts, [first - windows.frames_per_window + 1, end]))
        votes = np.zeros((end - first, num_speakers), dtype=np.float32)
        for start, segmentation, clusters in zip(starts[seen] - first, segmentations[seen], hard[seen], strict=True):
            _vote(votes, int(start), segmentation, clusters)
        margin = None if keep is None else keep * windows.coverage[first:end]
        yield decider.decide(first, votes, count[first:end], margin)


class _Decider:
    """Turns votes into who is active, block after block."""

    def __init__(self, named: int) -> None:
        self._named = named
        self._before: tuple[Flags | None, Flags | None] = (None, None)

    def decide(self, first: int, votes: Float32, count: AnyInt, margin: AnyFloat | None) -> Block:
        """The block that begins at frame `first`; `votes` (frames, speakers), the first `named` of them clusters."""
        active = highest(votes, count, margin, self._before[0])
        heard = votes[:, : self._named] if margin is None else np.where(active, votes, 0)[:, : self._named]
        exclusive = highest(heard, np.minimum(count, 1), margin, self._before[1])
        self._before = active[-1], exclusive[-1]
        exclusive = np.pad(exclusive, ((0, 0), (0, votes.shape[1] - exclusive.shape[1])))
        return Block(first, votes, active, exclusive)


def _vote(votes: Float32, start: int, segmentation: Bits, clusters: AnyInt) -> None:
    """Add one window that begins at frame `start` of the block (it may reach over either end)."""
    rows = slice(max(start, 0), min(start + len(segmentation), len(votes)))
    part = segmentation[rows.start - start : rows.stop - start]
    for cluster in {int(cluster) for cluster in clusters if cluster >= 0}:
        votes[rows, cluster] += part[:, clusters == cluster].max(axis=1)


def _longest_run(segmentations: Bits, hard: AnyInt, windows: Windows, cluster: int) -> Runs:
    """The longest run that any one window gives to `cluster`, (1, 2), or (0, 2) where there is none."""
    best = np.empty((0, 2), dtype=np.int64)
    starts = windows.first_frames
    for window, speaker in zip(*np.nonzero(hard == cluster), strict=True):
        for run in runs(segmentations[window, :, speaker] > 0):
            if not len(best) or np.ptp(run) > np.ptp(best):
                best = run[None] + starts[window]
    return best


def _without(part: Runs, run: Runs) -> Runs:
    """The frames of `part` that are not in `run` (1, 2)."""
    before = np.column_stack((part[:, 0], np.minimum(part[:, 1], run[0, 0])))
    after = np.column_stack((np.maximum(part[:, 0], run[0, 1]), part[:, 1]))
    every = np.concatenate((before, after))
    every = every[every[:, 0] < every[:, 1]]
    return every[np.argsort(every[:, 0], kind="stable")]


def _with(part: Runs, run: Int64) -> Runs:
    """The frames of `part` and those of `run` (2,)."""
    every = np.concatenate((_without(part, run[None]), run[None]))
    return _join([every[np.argsort(every[:, 0], kind="stable")]])


class _RunCollector:
    """Runs of frames of each speaker, over block borders."""

    def __init__(self, num_speakers: int) -> None:
        self._parts: list[list[Runs]] = [[] for _ in range(num_speakers)]

    def add(self, first: int, active: Flags) -> None:
        """Take the next block, which begins at frame `first`."""
        for speaker in np.flatnonzero(active.any(axis=0)):
            self._parts[speaker].append(runs(active[:, speaker]) + first)

    def result(self) -> tuple[Runs, ...]:
        """Runs of each speaker, those cut at a block border joined again."""
        return tuple(_join(parts) for parts in self._parts)


def _join(parts: list[Runs]) -> Runs:
    every = np.concatenate([np.empty((0, 2), dtype=np.int64), *parts])
    apart = every[1:, 0] > every[:-1, 1]
    return np.column_stack((every[np.r_[True, apart][: len(every)], 0], every[np.r_[apart, True][: len(every)], 1]))
