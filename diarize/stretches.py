"""How the recording is cut into stretches that go through an embedding network once each.

Where `Cut.at_changes`, stretches begin and end where, by the vote of the
windows, somebody starts or stops: a network that sees two voices in one go
mixes them (CAM++ adds the mean of all it hears to every frame). Otherwise they
are as long as may be, so that the network hears what it would hear in a 10 s
window. Long silence belongs to none.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..fusion.types import SAMPLE_RATE, Seconds
from .arrays import Bits, Flags, Int32, Int64
from .front_ends.kaldi import FRAME, HOP
from .models.packs import Cut
from .windows import FRAME_STEP, Windows

_TOLERANCE = 6
"""Segmentation frames (0.1 s) by which windows may differ about one change."""
_MARGIN: Seconds = 1.0
"""Silence kept around speech where stretches are as long as may be."""
_SHORTEST: Seconds = 0.1
_FBANK_STEP: Seconds = HOP / SAMPLE_RATE
_FBANK_MIDDLE: Seconds = FRAME / SAMPLE_RATE / 2


@dataclass(frozen=True, slots=True)
class Stretch:
    """Filterbank frames ``first <= frame < last`` of the recording."""

    first: int
    last: int

    @property
    def seconds(self) -> tuple[Seconds, Seconds]:
        """Begin and end, on the clock of the segmentation frames' beginnings."""
        return self.first * _FBANK_STEP, self.last * _FBANK_STEP


def cut_stretches(segmentations: Bits, windows: Windows, cut: Cut, *, multiple: int) -> tuple[Stretch, ...]:
    """Cut the recording into stretches of speech.

    Args:
        segmentations: 0 or 1, (windows, frames, local speakers).
        windows: where the windows lie.
        cut: how to cut; what lasts longer than `cut.longest` falls into equal parts.
        multiple: stretches begin at multiples of so many filterbank frames,
            the trunk's stride, so that all features lie on one grid.

    Returns:
        Stretches in order of time, not overlapping, each at least 0.1 s; parts
        in which no window hears anybody are left out.
    """
    changes, heard = _votes(segmentations, windows)
    if cut.at_changes:
        cuts = np.r_[0, _agreed(changes, windows.coverage), windows.total_frames]
    else:
        heard = _bridged(heard)
        cuts = np.r_[0, np.flatnonzero(heard[1:] != heard[:-1]) + 1, windows.total_frames]
    total = np.r_[0, np.cumsum(heard)]
    spoken = total[cuts[1:]] > total[cuts[:-1]]
    times = windows.frame_times(cuts) - windows.frame_times(0)
    frames = np.rint((times - _FBANK_MIDDLE) / _FBANK_STEP / multiple).astype(int).clip(0) * multiple
    parts = zip(frames[:-1][spoken], frames[1:][spoken], strict=True)
    return tuple(piece for first, last in parts for piece in _pieces(int(first), int(last), cut.longest, multiple))


def _bridged(heard: Flags) -> Flags:
    """`heard` with `_MARGIN` more on either side: silence shorter than twice that disappears."""
    margin, frames = round(_MARGIN / FRAME_STEP), np.arange(len(heard))
    so_far = np.concatenate([[0], np.cumsum(heard)])
    bridged: Flags = so_far[np.minimum(frames + margin + 1, len(heard))] > so_far[np.maximum(frames - margin, 0)]
    return bridged


def _votes(segmentations: Bits, windows: Windows) -> tuple[Int32, Flags]:
    """How many changes the windows see at each frame, and whether any of them hears anybody there."""
    changes = np.zeros(windows.total_frames, np.int32)
    heard = np.zeros(windows.total_frames, np.bool_)
    for first, window in zip(windows.first_frames, segmentations, strict=True):
        last = first + len(window)
        changes[first + 1 : last] += (window[1:] != window[:-1]).sum(axis=1, dtype=np.int32)
        heard[first:last] |= window.any(axis=1)
    return changes, heard


def _agreed(changes: Int32, coverage: Int64) -> Int64:
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
