"""When cues come and go."""

from __future__ import annotations

import math
from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarfuse.fusion.cues.timing import Said, _latest_starts, retimed
from diarfuse.fusion.layout import Layout

LAYOUT = Layout()


def times(*cues: tuple[float, float, int], layout: Layout = LAYOUT) -> list[tuple[float, float]]:
    return list(retimed([Said(*cue) for cue in cues], layout))


def test_a_cue_stays_for_as_long_as_it_takes_to_read():
    assert times((1.0, 1.5, 34)) == [(1.0, 3.0)]
    assert times((1.0, 1.1, 2)) == [(1.0, round(1.0 + 5 / 6, 3))]
    assert times((1.0, 60.0, 34)) == [(1.0, 8.0)]


def test_small_gaps_are_closed_but_for_two_pictures():
    (_, end), (start, _) = times((0.0, 2.0, 10), (2.3, 4.0, 10))
    assert start - end == pytest.approx(0.08)
    (_, end), _ = times((0.0, 2.0, 10), (3.3, 4.0, 10))
    assert end == 2.0, "a silence is one"


def test_a_pressed_cue_comes_a_little_early_where_nothing_else_is_shown():
    first, second = times((5.0, 5.3, 10), (5.4, 8.0, 20))
    assert first == (4.5, 5.333)
    assert second[0] == pytest.approx(5.413, abs=0.02)


def test_the_next_waits_until_one_can_have_read_but_not_for_long():
    assert times((0.0, 2.0, 54), (2.0, 6.0, 20)) == [(0.0, 2.7), (2.78, 6.0)], "at 20 columns a second"
    assert times((0.0, 2.0, 84), (2.0, 6.0, 20)) == [(0.0, 2.92), (3.0, 6.0)], "its words begin at 2.0"


@given(
    st.lists(st.tuples(st.floats(0, 3), st.floats(0, 9), st.integers(1, 84)), min_size=1, max_size=20),
    st.sampled_from([12.0, 23.976, 25.0, 60.0]),
)
def test_cues_never_overlap_are_two_pictures_apart_and_not_late(given_cues, fps):
    layout = Layout(fps=fps)
    at, cues = 0.0, []
    for gap, length, columns in given_cues:
        at += gap
        cues.append(Said(at, at + length, columns))
    found = list(retimed(cues, layout))
    for (start, end), cue in zip(found, cues, strict=True):
        assert layout.shortest / 2 - 2e-3 <= end - start <= layout.longest + 1e-3
        assert start >= cue.start - 0.501
    for (_, end), (start, _) in pairwise(found):
        assert start - end >= layout.gap - 1e-9


@given(st.lists(st.floats(0, 3), max_size=8))
def test_a_cue_begins_early_enough_for_all_later_ones(gaps):
    starts = list(accumulate(gaps))
    least = LAYOUT.shortest / 2 + 0.08
    expected = [
        min(starts[k] + LAYOUT.late - (k - i) * least for k in range(i, len(starts))) for i in range(len(starts))
    ]
    assert _latest_starts(starts, 0.08, LAYOUT) == pytest.approx([*expected, math.inf])
