from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import binary_dilation

from diarfuse.diarize import stretches
from diarfuse.diarize.stretches import Cut, Stretch, cut_stretches
from diarfuse.diarize.windows import Windows


def speech(windows: Windows, *turns: tuple[int, float, float]) -> np.ndarray:
    """Segmentations in which local speaker k talks from start to end seconds of the recording."""
    decoded = np.zeros((windows.count, windows.frames_per_window, 3), np.uint8)
    times = np.arange(windows.frames_per_window) * windows.frame_step
    for window, start in enumerate(windows.starts):
        for speaker, begin, end in turns:
            decoded[window, (times + start >= begin) & (times + start < end), speaker] = 1
    return decoded


def test_silence_is_left_out_and_changes_cut():
    windows = Windows(20 * 16_000)
    found = cut_stretches(speech(windows, (0, 2, 4), (1, 4, 5)), windows, Cut(3, at_changes=True), multiple=2)
    assert [(piece.first / 100, piece.last / 100) for piece in found] == [
        (pytest.approx(2, abs=0.05), pytest.approx(4, abs=0.05)),
        (pytest.approx(4, abs=0.05), pytest.approx(5, abs=0.05)),
    ]


def test_a_change_that_one_window_of_many_sees_does_not_cut():
    windows = Windows(30 * 16_000)
    decoded = speech(windows, (0, 0, 30))
    decoded[8, 200:300] = 0
    assert len(cut_stretches(decoded, windows, Cut(100, at_changes=True), multiple=2)) == 1


def test_silence_everywhere_is_no_stretch():
    windows = Windows(16_000)
    assert cut_stretches(np.zeros((1, 589, 3), np.uint8), windows, Cut(3, at_changes=True), multiple=8) == ()


def test_long_stretches_keep_changes_and_short_pauses_and_drop_long_silence():
    windows = Windows(60 * 16_000)
    decoded = speech(windows, (0, 5, 8), (1, 8, 9), (0, 10.5, 12), (2, 30, 50))
    found = cut_stretches(decoded, windows, Cut(15, at_changes=False), multiple=8)
    times = [round(edge / 100, 1) for piece in found for edge in (piece.first, piece.last)]
    assert times == pytest.approx([4, 13, 29, 40, 40, 51], abs=0.1)


@given(st.lists(st.booleans(), max_size=400))
def test_margins_are_a_dilation(heard):
    width = 2 * round(stretches._MARGIN / stretches.FRAME_STEP) + 1
    found = stretches._bridged(np.array(heard, np.bool_))
    np.testing.assert_array_equal(found, binary_dilation(np.array(heard, np.bool_), np.ones(width)))


@given(
    st.integers(1, 40 * 16_000),
    st.lists(st.tuples(st.integers(0, 2), st.floats(0, 40), st.floats(0, 5)), max_size=8),
    st.sampled_from([2, 8]),
    st.sampled_from([1.0, 2.5]),
    st.booleans(),
)
def test_stretches_are_in_order_apart_on_the_grid_and_short(samples, turns, multiple, step, at_changes):
    windows = Windows(samples, step)
    decoded = speech(windows, *((who, start, start + length) for who, start, length in turns))
    found = cut_stretches(decoded, windows, Cut(3, at_changes), multiple=multiple)
    edges = [edge for piece in found for edge in (piece.first, piece.last)]
    assert edges == sorted(edges)
    assert all(edge % multiple == 0 for edge in edges)
    assert all(0 < piece.last - piece.first <= 300 + multiple for piece in found)
    assert all(isinstance(piece, Stretch) for piece in found)
