from __future__ import annotations

import numpy as np
import pytest

from diarfuse.diarize.segmentation import silence_padding
from diarfuse.diarize.windows import Windows


@pytest.mark.parametrize("samples", [100, 495, 496, 3_333, 80_000, 159_999, 160_000, 160_001, 480_001, 487_000])
def test_nobody_is_heard_after_the_end(samples):
    windows = Windows(samples)
    segmentations = np.ones((windows.count, 589, 3), np.uint8)
    silence_padding(segmentations, windows)
    assert segmentations[:-1].all()
    for frame, heard in enumerate(segmentations[-1].any(axis=-1)):
        middle = windows.frame_times(windows.first_frames[-1] + frame)
        assert heard == (middle < samples / 16_000)
