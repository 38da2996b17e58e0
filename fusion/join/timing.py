"""Times for the join where the recogniser gave none, or impossible ones.

Only the join sees these; the transcript keeps its own.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ..types import Seconds
    from .intervals import Bools, Floats, Ints

AS_GIVEN, PLACED, CAPPED, BEGINS = range(4)
REPAIRS = {
    AS_GIVEN: "",
    PLACED: "no times of its own: placed between its neighbours",
    CAPPED: "stretched or impossible end capped for the join",
    BEGINS: "begins a sentence that its speaker goes on with",
}
"""What was done to a word's times, or that they were not followed, and how it is told."""

_USUAL = 0.3
"""A word's length in seconds where the transcript has none to learn from."""
_LONG, _TIMES_USUAL = 1.5, 5.0
"""A word is stretched if it is longer than both so many seconds and so many usual words."""


@dataclass(frozen=True, slots=True)
class Times:
    """When the join takes each word to be spoken; starts <= ends, nothing is NaN.

    starts, ends: float64 (num_words,). repaired: int64 (num_words,), `AS_GIVEN`,
    `PLACED` or `CAPPED`.
    """

    starts: Floats
    ends: Floats
    repaired: Ints

    def take(self, order: Ints) -> Times:
        """The same for the words numbered by `order`."""
        return Times(self.starts[order], self.ends[order], self.repaired[order])

    @property
    def lengths(self) -> Floats:
        """float64 (num_words,), seconds."""
        return self.ends - self.starts


def timed(starts: Floats, ends: Floats, *, cap: bool = False, lines: tuple[Floats, Floats] | None = None) -> Times:
    """Give every word a start and an end at or after it.

    Args:
        starts: float64 (num_words,), in the order of the text, NaN where unknown.
        ends: the same.
        cap: also cap words that are far longer than the others, which steal
            overlap from the turns they are stretched over.
        lines: start and end of the line that each word belongs to, float64
            (num_words,) each, infinite where unknown: a word without times stays in
            its own line.

    Returns:
        the times, and what was done to each word: `PLACED` (its place comes from
        its neighbours) or `CAPPED` (its end was before its
        start, or it is stretched).
    """
    done = np.full(len(starts), AS_GIVEN, np.int64)
    if not cap and bool((ends >= starts).all()):  # which is False wherever a time is missing
        return Times(starts, ends, done)
    usual = usual_length(starts, ends)
    done[np.isnan(starts) | np.isnan(ends)] = PLACED
    starts = np.where(np.isnan(starts), np.maximum(np.minimum(ends, 0.0), ends - usual), starts)
    backwards = ends < starts
    done[backwards] = CAPPED
    ends = np.where(backwards | (np.isnan(ends) & ~np.isnan(starts)), starts + usual, ends)
    if cap:
        longest = max(_LONG, _TIMES_USUAL * usual)
        stretched = ends - starts > longest
        done[stretched] = CAPPED
        ends = np.where(stretched, starts + longest, ends)
    starts, ends = place_missing(starts, ends, usual, lines)
    return Times(starts, ends, done)


def in_order(starts: Floats, ends: Floats, low: Seconds, high: Seconds) -> tuple[Floats, Floats]:
    """Times of one line's words without those that contradict the order of its text.

    Kept are the most words whose starts do not fall, and only those that lie in
    the line, from `low` to `high`; the others count as words without times.

    Args:
        starts: float64 (num_words,), in the order of the text, NaN where unknown.
        ends: the same.
        low: the start of the line.
        high: its end.
    """
    outside = (starts > max(low, high)) | (ends < low)
    timed_ones = np.flatnonzero(~np.isnan(starts) & ~outside)
    kept = timed_ones[_longest_rise(starts[timed_ones])]
    lost = ~np.isnan(starts)
    lost[kept] = False
    if not lost.any():
        return starts, ends
    return np.where(lost, np.nan, starts), np.where(lost, np.nan, ends)


def _longest_rise(values: Floats) -> Ints:
    """The indices of the longest run of values that never fall, not counting what lies between them."""
    if bool((values[1:] >= values[:-1]).all()):
        return np.arange(len(values))
    tails: list[float] = []
    last: list[int] = []
    before = []
    for index, value in enumerate(values.tolist()):
        length = bisect_right(tails, value)
        before.append(last[length - 1] if length else -1)
        tails[length : length + 1] = [value]
        last[length : length + 1] = [index]
    chain = [last[-1]]
    while before[chain[-1]] >= 0:
        chain.append(before[chain[-1]])
    return np.array(chain[::-1], np.int64)


def usual_length(starts: Floats, ends: Floats) -> Seconds:
    """The median length of the words that have one."""
    lengths = ends - starts
    lengths = lengths[lengths > 0]
    return float(np.median(lengths)) if len(lengths) else _USUAL


def place_missing(
    starts: Floats, ends: Floats, usual: Seconds, lines: tuple[Floats, Floats] | None = None
) -> tuple[Floats, Floats]:
    """Spread each run of words without times over the gap between its neighbours, within its line.

    Before the first and after the last timed word they are laid end to end at
    the usual length, never before 0. Where a line has no room for them, as where
    its ends were taken from its timed words, they lie beside it. A gap that is
    none leaves them without a length. See `timed` for `lines`.
    """
    missing: Bools = np.isnan(starts)
    if not missing.any():
        return starts, ends
    starts, ends = starts.copy(), ends.copy()
    goes_on = missing[1:] & missing[:-1]
    if lines is not None:
        goes_on &= (lines[0][1:] == lines[0][:-1]) & (lines[1][1:] == lines[1][:-1])
    heads = np.flatnonzero(missing & ~np.concatenate(([False], goes_on)))
    tails = np.flatnonzero(missing & ~np.append(goes_on, False)) + 1
    for first, stop in zip(heads.tolist(), tails.tolist(), strict=True):
        count = stop - first
        line = (-math.inf, math.inf) if lines is None else (float(lines[0][first]), float(lines[1][first]))
        # A neighbour that lies wholly beyond the line, as where lines are not in order, says nothing.
        low = float(ends[first - 1]) if first and _reaches(line[1], starts[first - 1], ends[first - 1]) else None
        high = float(starts[stop]) if stop < len(starts) and _reaches(-line[0], -ends[stop], -starts[stop]) else None
        if low is not None and high is not None:  # those that overlap have no gap: what is between begins with the next
            low = min(low, max(high, float(starts[first - 1])))
        if math.isfinite(line[0]) and math.isfinite(line[1]):
            low, high = _within(low, high, line, count * usual)
        if low is None:
            high = count * usual if high is None else high
            low = max(0.0, high - count * usual)
        elif high is None:
            high = low + count * usual
        grid = np.linspace(low, max(low, high), count + 1)
        starts[first:stop], ends[first:stop] = grid[:-1], grid[1:]
    return starts, ends


def _reaches(edge: Seconds, near: Seconds, far: Seconds) -> bool:
    """Whether a word has a time that is not wholly beyond the edge of a line; one without length may lie on it."""
    return near < edge or far <= edge


def _within(
    low: Seconds | None, high: Seconds | None, line: tuple[Seconds, Seconds], need: Seconds
) -> tuple[Seconds, Seconds]:
    """The part of a gap that lies in a line, or next to it where there is none."""
    least, most = 0.0 if low is None else low, math.inf if high is None else high
    start, end = max(least, line[0]), min(most, line[1])
    if end > start:
        return start, end
    end = max(end, min(most, start + need))
    if end >= start + need:  # as it stands: a rounding must not put it before a neighbour that begins there too
        return start, end
    return min(start, max(least, end - need)), end
