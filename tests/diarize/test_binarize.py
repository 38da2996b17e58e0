from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from diarfuse.diarize.binarize import drop_short, fill_gaps, runs


@given(hnp.arrays(bool, st.integers(0, 40)))
def test_runs_are_the_frames(active):
    found = runs(active)
    frames = [frame for first, end in found for frame in range(first, end)]
    assert frames == np.flatnonzero(active).tolist()
    assert (found[1:, 0] > found[:-1, 1]).all()


def test_gaps_and_blips():
    spans = np.array([[0.0, 1.0], [1.2, 2.0], [2.5, 2.6], [4.0, 5.0]])
    np.testing.assert_array_equal(fill_gaps(spans, 0.0), spans)
    np.testing.assert_array_equal(fill_gaps(spans, 0.3), [[0, 2], [2.5, 2.6], [4, 5]])
    np.testing.assert_array_equal(fill_gaps(spans, 0.5), [[0, 2], [2.5, 2.6], [4, 5]])  # a gap of just that stays
    np.testing.assert_array_equal(fill_gaps(spans, 9.0), [[0, 5]])
    np.testing.assert_array_equal(drop_short(spans, 1.0), [[0, 1], [4, 5]])
    assert fill_gaps(spans[:0], 1.0).shape == drop_short(spans[:0], 1.0).shape == (0, 2)


@pytest.mark.parametrize(
    ("others", "joined"), [([[0.2, 0.9]], True), ([[0.5, 1.1]], False), ([[1.1, 1.15]], False), ([[1.2, 3]], True)]
)
def test_gaps_where_somebody_else_speaks_stay_open(others, joined):
    spans = np.array([[0.0, 1.0], [1.2, 2.0]])
    assert len(fill_gaps(spans, 0.5, np.array(others))) == (1 if joined else 2)
