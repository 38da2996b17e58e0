from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diarfuse.diarize.counting import speaker_count
from diarfuse.diarize.powerset import CLASSES
from diarfuse.diarize.windows import Windows
from tests.amounts import examples


def draw(seed, count, step=1.0):
    windows = Windows(round((count - 1) * step * 16_000) + 160_000, step)
    rng = np.random.default_rng(seed)
    return CLASSES[rng.integers(0, 7, (count, 589))], windows


@settings(max_examples=examples(20))
@given(st.integers(0, 9), st.integers(1, 14), st.sampled_from([0.7, 1.0, 10.0]))
def test_mean_of_the_windows_rounded_half_to_even(seed, count, step):
    segmentations, windows = draw(seed, count, step)
    heard = [[] for _ in range(windows.total_frames)]
    for first, window in zip(windows.first_frames, segmentations, strict=True):
        for frame, speakers in enumerate(window):
            heard[first + frame].append(int(speakers.sum()))
    expected = [round(sum(votes) / len(votes)) if votes else 0 for votes in heard]
    np.testing.assert_array_equal(speaker_count(segmentations, windows), expected)


def test_silence_and_memory_layouts():
    segmentations, windows = draw(0, 5)
    assert not speaker_count(np.zeros_like(segmentations), windows).any()
    strided = np.asfortranarray(segmentations)
    strided.flags.writeable = False
    np.testing.assert_array_equal(speaker_count(strided, windows), speaker_count(segmentations, windows))


def test_windows_must_fit():
    segmentations, windows = draw(0, 5)
    with pytest.raises(ValueError, match="zip"):
        speaker_count(segmentations[:4], windows)
