"""How many people speak in each frame of the recording."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .arrays import Bits

if TYPE_CHECKING:
    from .windows import Windows


def speaker_count(segmentations: Bits, windows: Windows) -> Bits:
    """Mean over the windows of their active speakers, rounded; a plain mean, without Hamming or warm-up.

    Args:
        segmentations: 0 or 1, (windows, frames, local speakers).
        windows: where those windows lie.

    Returns:
        uint8 (windows.total_frames,). A half rounds to the even number (`rint`,
        as upstream); frames that no window sees count 0.
    """
    total = np.zeros(windows.total_frames, dtype=np.float32)
    for first, segmentation in zip(windows.first_frames, segmentations, strict=True):
        total[first : first + segmentation.shape[0]] += segmentation.sum(axis=-1, dtype=np.uint8)
    # Small integers and their quotients by the float32 rule of upstream: halves are exact.
    seen = np.maximum(windows.coverage, 1).astype(np.float32)
    count: Bits = np.rint(total / seen).astype(np.uint8)
    return count
