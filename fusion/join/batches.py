"""Cut the passages worth telling out of a long list of words, and tell them in batches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .contested import MAX_SPEAKERS, Passages, tell
from .intervals import Bools, Clock, Floats, Ints, expand, run_starts, spoken_until

if TYPE_CHECKING:
    from .timing import Times

_CONTEXT = 2
"""Settled words told along on either side, so that the contested ones have neighbours."""
_BATCH = 1024
"""Passages told at a time: a word of each takes a kilobyte."""
_CORE = 48
"""Longer passages are told in parts of so many words, each with its context."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Who may have said each word: rows sorted by word.

    words, speakers: int64 (num_rows,). seconds: float64, how long the speaker is
    heard in the word. first: int64, the speaker's earliest turn there, for ties.
    """

    words: Ints
    speakers: Ints
    seconds: Floats
    first: Ints


@dataclass(frozen=True, slots=True)
class _Windows:
    """Ranges of words: told from `low` to `high`, of which `first` to `stop` count."""

    low: Ints
    high: Ints
    first: Ints
    stop: Ints

    def take(self, rows: Ints) -> _Windows:
        return _Windows(self.low[rows], self.high[rows], self.first[rows], self.stop[rows])


def settle(times: Times, candidates: Candidates, contested: Bools, clock: Clock) -> tuple[Ints, Floats]:
    """Decide the contested words.

    Args:
        times: of the words, by rising start.
        candidates: of every word; settled words have one.
        contested: (num_words,).
        clock: how long each speaker has been speaking.

    Returns:
        speakers, int64 (num_words,), -1 where nothing was decided; and certainty.
    """
    speakers, certainty = np.full(len(contested), -1), np.zeros(len(contested))
    windows = _windows(contested)
    local = _local_speakers(windows, candidates)
    counts = (local >= 0).sum(axis=1)
    size = np.ceil(np.log2(np.maximum(windows.high - windows.low, 1))).astype(np.int64)
    bucket = counts * 64 + size
    for value in np.unique(bucket[counts > 1]):
        rows = np.flatnonzero(bucket == value)
        rows = rows[np.argsort(-(windows.high - windows.low)[rows], kind="stable")]
        for some in np.array_split(rows, -(-len(rows) // _BATCH)):
            part = windows.take(some)
            passages, known = _lay_out(part, local[some, : value // 64], times, candidates=candidates, clock=clock)
            told, sure = tell(passages)
            word = part.low[:, None] + np.arange(told.shape[1])
            counts_here = (word >= part.first[:, None]) & (word < part.stop[:, None]) & known
            row, step = np.nonzero(counts_here)
            speakers[word[row, step]] = local[some[row], told[row, step]]
            certainty[word[row, step]] = sure[row, step]
    return np.where(contested, speakers, -1), certainty


def _windows(contested: Bools) -> _Windows:
    """The passages around contested words, long ones in parts."""
    at = np.flatnonzero(contested)
    near = np.zeros(len(contested) + 1, bool)
    for shift in range(-_CONTEXT, _CONTEXT + 1):
        near[np.clip(at + shift, 0, len(contested) - 1)] = True
    edges = np.flatnonzero(np.diff(np.concatenate(([0], near.view(np.int8)))))
    begin, end = edges[::2], edges[1::2]
    part, owner = expand(np.zeros(len(begin), np.int64), -((begin - end) // _CORE))
    first = begin[owner] + part * _CORE
    stop = np.minimum(first + _CORE, end[owner])
    low, high = np.maximum(begin[owner], first - _CONTEXT), np.minimum(end[owner], stop + _CONTEXT)
    return _Windows(low, high, first, stop)


def _local_speakers(windows: _Windows, candidates: Candidates) -> Ints:
    """Each window's speakers, int64 (num_windows, MAX_SPEAKERS), -1 beyond the last; by earliest turn."""
    out = np.full((len(windows.low), MAX_SPEAKERS), -1)
    low = np.searchsorted(candidates.words, windows.low)
    row, window = expand(low, np.searchsorted(candidates.words, windows.high))
    speaker = candidates.speakers[row]
    order = np.lexsort((speaker, window))
    row, window, speaker = row[order], window[order], speaker[order]
    heads = run_starts(window * (int(speaker.max(initial=0)) + 1) + speaker)
    if not len(heads):
        return out
    weight = np.add.reduceat(candidates.seconds[row], heads)
    first = np.minimum.reduceat(candidates.first[row], heads)
    window, speaker = window[heads], speaker[heads]
    kept = _rank_within(window, np.lexsort((-weight, window))) < MAX_SPEAKERS
    window, speaker, first = window[kept], speaker[kept], first[kept]
    out[window, _rank_within(window, np.lexsort((first, window)))] = speaker
    return out


def _rank_within(groups: Ints, order: Ints) -> Ints:
    """Each entry's place in its group, when the entries are taken in `order` (sorted by group)."""
    heads = run_starts(groups[order])
    sizes = np.diff(np.append(heads, len(order)))
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order)) - np.repeat(heads, sizes)
    return rank


def _lay_out(
    windows: _Windows, local: Ints, times: Times, *, candidates: Candidates, clock: Clock
) -> tuple[Passages, Bools]:
    """The windows as padded arrays, and which words have a candidate among the local speakers."""
    lengths = windows.high - windows.low
    word = np.minimum(windows.low[:, None] + np.arange(lengths.max()), len(times.starts) - 1)
    starts, ends = times.starts[word], times.ends[word]
    missed = np.full((*word.shape, local.shape[1]), np.inf)
    row, (window, place) = _expand_words(windows, candidates)
    match = candidates.speakers[row][:, None] == local[window]
    hit, slot = np.nonzero(match)
    at = (window[hit], place[hit], slot)
    missed[at] = np.maximum(0.0, (ends - starts)[at[:2]] - candidates.seconds[row[hit]])
    known: Bools = np.any(np.isfinite(missed), axis=2)
    missed[~known] = 0.0
    shape = missed.shape
    who = np.broadcast_to(local[:, None, :], shape)
    before = spoken_until(clock, who, np.broadcast_to(starts[:, :, None], shape))
    after = spoken_until(clock, who, np.broadcast_to(ends[:, :, None], shape))
    return Passages(lengths, starts, ends, missed, before, after), known


def _expand_words(windows: _Windows, candidates: Candidates) -> tuple[Ints, tuple[Ints, Ints]]:
    """All candidate rows of all windows, with the window and the place in it that each belongs to."""
    low = np.searchsorted(candidates.words, windows.low)
    row, window = expand(low, np.searchsorted(candidates.words, windows.high))
    return row, (window, candidates.words[row] - windows.low[window])
