"""Times for the join, where the recogniser's cannot be."""

from __future__ import annotations

import numpy as np
import pytest

from fusion.assign import Policy, assign_speakers
from fusion.timing import AS_GIVEN, CAPPED, PLACED, timed
from fusion.types import Turn, Word

NAN = float("nan")


def repair(*spans: tuple[float, float], cap: bool = True):
    found = timed(np.array([s for s, _ in spans]), np.array([e for _, e in spans]), cap=cap)
    return list(zip(found.starts.tolist(), found.ends.tolist(), strict=True)), found.repaired.tolist()


def test_words_without_times_share_the_gap_between_their_neighbours():
    spans, done = repair((0.0, 1.0), (NAN, NAN), (NAN, NAN), (2.0, 3.0))
    assert spans == [(0.0, 1.0), (1.0, 1.5), (1.5, 2.0), (2.0, 3.0)]
    assert done == [AS_GIVEN, PLACED, PLACED, AS_GIVEN]


def test_before_the_first_and_after_the_last_word_they_lie_end_to_end():
    assert repair((NAN, NAN), (0.2, 0.7), (NAN, NAN))[0] == [(0.0, 0.2), (0.2, 0.7), (0.7, 1.2)]
    assert repair((NAN, NAN))[0] == [(0.0, 0.3)]


def test_half_a_time_is_completed_by_the_usual_length():
    spans, _ = repair((0.0, 0.4), (1.0, NAN), (NAN, 3.0))
    assert spans == [(0.0, 0.4), (1.0, 1.4), (pytest.approx(2.6), 3.0)]


def test_stretched_and_reversed_ends_are_capped():
    spans, done = repair((0.0, 0.4), (0.5, 0.9), (1.0, 5.0), (6.0, 5.5))
    assert done == [AS_GIVEN, AS_GIVEN, CAPPED, CAPPED]
    assert spans[2][1] < 4.0
    assert spans[3][1] > 6.0
    assert repair((0.0, 0.4), (1.0, 5.0), cap=False)[1] == [AS_GIVEN, AS_GIVEN]


def test_the_words_keep_their_own_times_and_say_what_was_done():
    words = [Word(0.0, 0.4, "a"), Word(None, None, "5"), Word(0.6, 0.9, "b"), Word(1.0, 5.0, "c")]
    joined = assign_speakers(words, [Turn(0, 1.2, "A"), Turn(2, 6, "B")])
    assert [(w.start, w.end) for w in joined] == [(w.start, w.end) for w in words]
    assert [w.speaker for w in joined[:3]] == ["A"] * 3
    assert "neighbours" in joined[1].attribution.detail
    assert "capped" in joined[3].attribution.detail
    plain = assign_speakers(words, [Turn(0, 1.2, "A"), Turn(2, 6, "B")], Policy(join="plain"))
    assert plain[3].speaker == "B"
