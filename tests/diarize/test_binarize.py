from __future__ import annotations

import numpy as np
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


@st.composite
def spans_in_order(draw, *, apart=True):
    """Of whole numbers; those of one speaker are `apart`, though they may touch."""
    if not apart:
        starts = draw(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 9)), max_size=4))
        return sorted((start, start + length) for start, length in starts)
    edges = draw(st.lists(st.integers(0, 30), max_size=12).map(sorted))
    return [(first, end) for first, end in zip(edges[::2], edges[1::2], strict=False) if first < end]


@given(spans_in_order(), spans_in_order(apart=False) | st.none(), st.integers(0, 9))
def test_gaps_are_filled_as_one_after_the_other(spans, others, shortest):
    expected = []
    for first, end in spans:
        before = expected[-1][1] if expected else -99
        spoken_in = any(start < first and before < stop for start, stop in others or ())
        if first - before < shortest and not spoken_in:
            expected[-1][1] = end
        else:
            expected.append([first, end])
    given_others = None if others is None else np.array(others, float).reshape(-1, 2)
    assert fill_gaps(np.array(spans, float).reshape(-1, 2), shortest, given_others).tolist() == expected
