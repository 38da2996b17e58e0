"""How the recording is cut into stretches that go through an embedding network once each.

A network that sees two voices in one go mixes them: CAM++ adds the mean of
everything it hears to every frame, and removing the mean of the filterbank does
so for any network. So stretches begin and end where, by the vote of the
windows, somebody starts or stops; silence belongs to none.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from diarize.fbank import FRAME, HOP
from diarize.windows import Windows
from fusion.types import SAMPLE_RATE, Seconds

_TOLERANCE = 6
"""Segmentation frames (0.1 s) by which windows may differ about one change."""
_SHORTEST: Seconds = 0.1
_FBANK_STEP: Seconds = HOP / SAMPLE_RATE
_FBANK_MIDDLE: Seconds = FRAME / SAMPLE_RATE / 2


@dataclass(frozen=True, slots=True)
class Stretch:
    """Filterbank frames ``first <= frame < last`` of the recording, one voice or one mixture of voices."""

    first: int
    last: int


def plan(
    segmentations: npt.NDArray[np.uint8], windows: Windows, *, longest: Seconds, multiple: int
) -> tuple[Stretch, ...]:
    """Cut the recording where the windows agree that somebody starts or stops.

    Args:
        segmentations: 0 or 1, (windows, frames, local speakers).
        windows: where the windows lie.
        longest: what lasts longer is cut into equal parts (seconds).
        multiple: stretches begin at multiples of so many filterbank frames,
            the trunk's stride, so that all features lie on one grid.

    Returns:
        Stretches in order of time, not overlapping, each at least 0.1 s; parts
        in which no window hears anybody are left out.
    """
    changes, heard = _votes(segmentations, windows)
    cuts = np.r_[0, _agreed(changes, windows.coverage), windows.total_frames]
    total = np.r_[0, np.cumsum(heard)]
    spoken = total[cuts[1:]] > total[cuts[:-1]]
    times = windows.frame_times(cuts) - windows.frame_times(0)
    frames = np.rint((times - _FBANK_MIDDLE) / _FBANK_STEP / multiple).astype(int).clip(0) * multiple
    parts = zip(frames[:-1][spoken], frames[1:][spoken], strict=True)
    return tuple(piece for first, last in parts for piece in _pieces(int(first), int(last), longest, multiple))


def _votes(
    segmentations: npt.NDArray[np.uint8], windows: Windows
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.bool_]]:
    """How many changes the windows see at each frame, and whether any of them hears anybody there."""
    changes = np.zeros(windows.total_frames, np.int32)
    heard = np.zeros(windows.total_frames, np.bool_)
    for first, window in zip(windows.first_frames, segmentations, strict=True):
        last = first + len(window)
        changes[first + 1 : last] += (window[1:] != window[:-1]).sum(axis=1, dtype=np.int32)
        heard[first:last] |= window.any(axis=1)
    return changes, heard


def _agreed(changes: npt.NDArray[np.int32], coverage: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Frames of the changes that at least half of the windows see within the tolerance."""
    around = np.convolve(changes, np.ones(2 * _TOLERANCE - 1), "same")
    likely = np.flatnonzero((around > 0) & (around >= 0.5 * coverage))
    if not likely.size:
        return likely
    groups = np.split(likely, np.flatnonzero(np.diff(likely) > _TOLERANCE) + 1)
    return np.array([round(np.average(group, weights=around[group])) for group in groups])


def _pieces(first: int, last: int, longest: Seconds, multiple: int) -> list[Stretch]:
    """Equal parts of at most `longest` seconds, on the grid; none if it is too short to embed."""
    seconds = (last - first) * _FBANK_STEP
    if seconds < _SHORTEST:
        return []
    edges = np.linspace(first, last, int(np.ceil(seconds / longest)) + 1)
    grid = np.rint(edges / multiple).astype(int) * multiple
    return [Stretch(int(start), int(end)) for start, end in pairwise(grid) if end > start]
