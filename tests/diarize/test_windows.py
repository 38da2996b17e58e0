from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diarfuse.diarize.windows import FRAMES_PER_WINDOW, Windows
from diarfuse.fusion.errors import OptionError
from tests.amounts import examples

steps = st.sampled_from([0.5, 0.7, 1.0, 2.0, 2.5, 9.99, 10.0])


def upstream_count(num_samples, step):
    """`Inference.slide`: whole windows by unfolding, and one more for what is left over."""
    step = round(step * 16_000)
    whole = 0 if num_samples < 160_000 else (num_samples - 160_000) // step + 1
    return whole + (num_samples < 160_000 or (num_samples - 160_000) % step > 0)


@given(st.integers(0, 2_000_000), steps)
def test_count_is_upstreams(num_samples, step):
    assert Windows(num_samples, step).count == upstream_count(num_samples, step)


@pytest.mark.parametrize(
    ("num_samples", "count", "total_frames"),
    [(0, 1, 594), (1, 1, 594), (159_999, 1, 594), (160_000, 1, 594), (160_001, 2, 653), (480_001, 22, 1838)],
)
def test_edges(num_samples, count, total_frames):
    windows = Windows(num_samples)
    assert (windows.count, windows.total_frames) == (count, total_frames)


@given(st.integers(1, 900_000), steps)
def test_every_frame_of_every_window_lies_in_the_recording(num_samples, step):
    windows = Windows(num_samples, step)
    first = windows.first_frames
    assert first[0] == 0
    assert windows.starts.tolist() == [index * step for index in range(windows.count)]
    assert first[-1] + FRAMES_PER_WINDOW <= windows.total_frames
    assert np.abs(windows.frame_times(first) - windows.starts - windows.frame_duration / 2).max() <= 0.0085
    oracle = np.zeros(windows.total_frames, dtype=int)
    for frame in first:
        oracle[frame : frame + FRAMES_PER_WINDOW] += 1
    np.testing.assert_array_equal(windows.coverage, oracle)


@given(st.integers(0, 400_000), steps, st.integers(-8, 160), st.integers(1, 80))
def test_the_windows_around_a_stretch_are_those_that_hear_any_of_it(num_samples, step, begin, length):
    windows, begin, end = Windows(num_samples, step), begin / 4, (begin + length) / 4
    hearing = [k for k, start in enumerate(windows.starts) if start < end - 1e-9 and begin + 1e-9 < start + 10]
    assert list(windows.around(begin, end)) == hearing


@settings(max_examples=examples(30))
@given(st.integers(0, 300_000), st.sampled_from([1.0, 2.5, 10.0]))
def test_windows_are_stacked_zero_padded(num_samples, step):
    samples = (np.arange(2 * num_samples, dtype=np.float32) + 1)[::2]  # not contiguous
    samples.flags.writeable = False
    windows = Windows(num_samples, step)
    together = windows.stacked(samples, range(windows.count))
    assert together.dtype == np.float32
    assert together.shape == (windows.count, 1, 160_000)
    padded = np.pad(samples, (0, windows.count * windows.step_samples + 160_000))
    for index, window in enumerate(together[:, 0]):
        start = index * windows.step_samples
        np.testing.assert_array_equal(window, padded[start : start + 160_000])


@pytest.mark.parametrize("step", [0.0, -1.0, 10.1, float("nan"), 1e-9])
def test_impossible_step(step):
    with pytest.raises(OptionError, match="step="):
        Windows(160_000, step)
