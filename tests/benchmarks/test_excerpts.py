from __future__ import annotations

import numpy as np
import pytest

from benchmarks import excerpts
from diarfuse.diarize.pipeline import Heard
from diarfuse.diarize.recipes import Embedded
from diarfuse.diarize.stretches import Stretch
from diarfuse.diarize.windows import Windows
from diarfuse.fusion.types import Turn


@pytest.mark.parametrize(("duration", "count"), [(9.9, 0), (10, 1), (45, 7), (60, 10), (600, 16)])
def test_excerpts_lie_within_the_recording(duration, count):
    found = list(excerpts.places(duration))
    assert len(set(found)) == len(found) == count
    assert all(begin >= 0 and end <= duration and end - begin in excerpts.LENGTHS for begin, end in found)


def test_an_excerpt_has_the_windows_that_it_would_have_by_itself():
    windows = Windows(40 * 16_000)
    segmentations = np.arange(windows.count, dtype=np.uint8)[:, None, None] * np.ones((1, 589, 3), np.uint8)
    vectors = np.arange(windows.count, dtype=np.float32)[:, None, None] * np.ones((1, 3, 4), np.float32)
    spans = (Stretch(0, 900), Stretch(950, 1050), Stretch(1000, 1200), Stretch(2900, 3000), Stretch(2950, 3050))
    voices = Embedded(vectors, np.arange(5, dtype=np.float32)[:, None], spans)
    found = excerpts.heard_in(Heard(windows, segmentations, voices), 10, 30)
    assert found.windows == Windows(20 * 16_000)
    np.testing.assert_array_equal(found.segmentations[:, 0, 0], np.arange(10, 21))
    np.testing.assert_array_equal(found.voices.vectors[:, 0, 0], np.arange(10, 21))
    assert found.voices.spans == (Stretch(0, 200), Stretch(1900, 2000))
    np.testing.assert_array_equal(found.voices.span_vectors[:, 0], [2, 3])


def test_turns_are_cut_and_who_says_nothing_to_speak_of_is_not_there():
    turns = (Turn(5, 12, "A"), Turn(9, 10.04, "B"), Turn(19, 25, "C"), Turn(20, 30, "D"))
    assert excerpts.turns_in(turns, 10, 20) == (Turn(0, 2, "A"), Turn(9, 10, "C"))
