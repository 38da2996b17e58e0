"""Decisions of frames to spans of speech; gaps filled, and blips dropped.

A span is a pair of times or of frame indices, half open.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .arrays import Flags, Float64, Runs, Spans

if TYPE_CHECKING:
    from ..fusion.types import Seconds


def runs(active: Flags) -> Runs:
    """Where `active` (frames,) is true, as frame index pairs.

    Example:
        >>> runs(np.array([False, True, True, False, True]))
        array([[1, 3],
               [4, 5]])
    """
    edges = np.diff(np.concatenate(([0], np.asarray(active, dtype=np.int8), [0])))
    return np.column_stack((np.flatnonzero(edges > 0), np.flatnonzero(edges < 0))).astype(np.int64)


def fill_gaps(spans: Spans, shortest: Seconds, others: Spans | None = None) -> Spans:
    """Join spans whose gap is shorter than `shortest`; 0 leaves all as they are.

    Args:
        spans: of one speaker.
        shortest: seconds; a gap of exactly this stays.
        others: where somebody else speaks, in order of start; a gap that one of
            these reaches into stays open.
    """
    if shortest <= 0 or len(spans) < 2:  # noqa: PLR2004 (a gap lies between two)
        return spans
    ends, starts = spans[:-1, 1], spans[1:, 0]
    join = starts - ends < shortest
    if others is not None and len(others):
        join &= ~_reaches_into(others, ends, starts)
    return np.column_stack((spans[np.r_[True, ~join], 0], spans[np.r_[~join, True], 1]))


def drop_short(spans: Spans, shortest: Seconds) -> Spans:
    """The spans that last at least `shortest` seconds."""
    return spans[spans[:, 1] - spans[:, 0] >= shortest]


def _reaches_into(others: Spans, starts: Float64, ends: Float64) -> Flags:
    """Whether any of `others` shares time with each [start, end)."""
    latest_end = np.maximum.accumulate(others[:, 1])
    before = np.searchsorted(others[:, 0], ends, side="left")  # so many begin before the end
    return (before > 0) & (latest_end[np.maximum(before - 1, 0)] > starts)
