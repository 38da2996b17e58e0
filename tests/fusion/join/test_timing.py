"""Times for the join, where the recogniser's cannot be."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarfuse.fusion.attaching import attach_lazily
from diarfuse.fusion.cues import build_cues
from diarfuse.fusion.join.assign import Policy, assign_speakers, assign_transcript
from diarfuse.fusion.join.timing import AS_GIVEN, CAPPED, PLACED, in_order, timed
from diarfuse.fusion.types import Segment, Transcript, Turn, Word

NAN = float("nan")


def repair(*spans: tuple[float, float], cap: bool = True):
    found = timed(np.array([s for s, _ in spans]), np.array([e for _, e in spans]), cap=cap)
    return list(zip(found.starts.tolist(), found.ends.tolist(), strict=True)), found.repaired.tolist()


def test_words_without_times_share_the_gap_between_their_neighbours():
    spans, done = repair((0.0, 1.0), (NAN, NAN), (NAN, NAN), (2.0, 3.0))
    assert spans == [(0.0, 1.0), (1.0, 1.5), (1.5, 2.0), (2.0, 3.0)]
    assert done == [AS_GIVEN, PLACED, PLACED, AS_GIVEN]


def test_between_two_words_that_overlap_a_word_without_times_begins_with_the_later_one():
    assert repair((0.0, 2.0), (NAN, NAN), (0.5, 1.0))[0] == [(0.0, 2.0), (0.5, 0.5), (0.5, 1.0)]
    assert repair((3.0, 4.0), (NAN, NAN), (1.0, 2.0))[0][1] == (3.0, 3.0), "those that fall have none between them"
    starts, ends = np.array([1.5, NAN, 1.5]), np.array([2.0, NAN, 1.5])
    found = timed(starts, ends, lines=lines((1.5, 2.0), (1.5, 2.0), (1.5, 2.0)))
    assert (found.starts[1], found.ends[1]) == (1.5, 1.5), (
        "a word of no length lies on the edge of its line, not beyond"
    )


def test_before_the_first_and_after_the_last_word_they_lie_end_to_end():
    assert repair((NAN, NAN), (0.2, 0.7), (NAN, NAN))[0] == [(0.0, 0.2), (0.2, 0.7), (0.7, 1.2)]
    assert repair((NAN, NAN), (5.0, 5.5), (6.0, 6.5))[0][0] == (4.5, 5.0)
    assert repair((NAN, NAN))[0] == [(0.0, 0.3)]


def test_words_without_a_length_say_nothing_of_the_usual_one():
    spans, _ = repair((0.0, 0.5), (1.0, 1.0), (2.0, 2.0), (3.0, NAN))
    assert spans[3] == (3.0, 3.5)


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


def lines(*spans: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([s for s, _ in spans]), np.array([e for _, e in spans])


def test_a_word_without_times_stays_in_its_line():
    starts, ends = np.array([0.6, NAN, 6.3]), np.array([1.9, NAN, 6.7])
    own = lines((0.6, 1.9), (5.3, 5.9), (6.3, 6.7))
    assert timed(starts, ends).starts[1] == 1.9
    found = timed(starts, ends, lines=own)
    assert (found.starts[1], found.ends[1]) == (5.3, 5.9)
    alone = timed(np.array([NAN, NAN]), np.array([NAN, NAN]), lines=lines((5.0, 6.0), (7.0, 8.0)))
    assert (alone.starts.tolist(), alone.ends.tolist()) == ([5.0, 7.0], [6.0, 8.0])


def test_words_without_room_in_their_line_lie_beside_it():
    after = timed(np.array([0.0, NAN, 9.0]), np.array([0.4, NAN, 9.4]), lines=lines((0.0, 0.4), (0.0, 0.4), (9.0, 9.4)))
    assert (after.starts[1], after.ends[1]) == (0.4, pytest.approx(0.8))
    before = timed(
        np.array([0.0, NAN, 9.0]), np.array([0.4, NAN, 9.4]), lines=lines((0.0, 0.4), (9.0, 9.4), (9.0, 9.4))
    )
    assert (before.starts[1], before.ends[1]) == (pytest.approx(8.6), 9.0)
    beyond = timed(np.array([1.5, NAN]), np.array([2.4, NAN]), lines=lines((0.6, 1.9), (0.6, 1.9)))
    assert beyond.starts[1] == 2.4, "a word that begins in its line is a neighbour, wherever it ends"


def test_lines_out_of_order_do_not_pull_words_out_of_theirs():
    found = timed(np.array([8.0, NAN, 9.0]), np.array([8.5, NAN, 9.5]), lines=lines((8.0, 8.5), (1.0, 2.0), (9.0, 9.5)))
    assert (found.starts[1], found.ends[1]) == (1.0, 2.0)


def test_the_transcripts_lines_count_for_the_join_and_for_cues():
    said = [(0.6, 1.9, "we have ten", 0.6), (5.3, 5.9, " 2014.", None), (6.3, 6.7, " last", 6.3)]
    segments = tuple(Segment(a, b, text, (Word(at, None if at is None else b, text),)) for a, b, text, at in said)
    turns = [Turn(0.0, 4.0, "A"), Turn(5.0, 7.0, "B")]
    for policy in (Policy(), Policy(join="plain")):
        joined = assign_transcript(Transcript(segments, "en", 7.0), turns, policy)
        assert [s.speaker for s in joined.segments] == ["A", "B", "B"]
        assert [w.start for w in joined.words] == [0.6, None, 6.3]
        assert [cue.lines for cue in build_cues(joined)] == [("we have ten",), ("2014. last",)]
    nowhere = next(attach_lazily([{"words": [{"word": "a"}, {"word": "b"}]}], turns))  # neither its words nor itself
    assert [word["speaker"] for word in nowhere["words"]] == ["A", "A"]
    texts = {"start": "5.3", "end": "soon", "words": [{"word": "a", "start": "5.3", "end": "5.9"}]}
    assert next(attach_lazily([texts], turns))["speaker"] == "B"
    live = list(attach_lazily([{"start": 5.3, "end": 5.9, "words": [{"word": "2014."}]}], turns))
    assert live[0]["words"][0]["speaker"] == "B"
    assert next(attach_lazily([{"words": [{"word": "a", "start": 5.3, "end": 5.9}]}], turns))["speaker"] == "B"


@given(st.lists(st.none() | st.integers(-2, 12), max_size=9))
def test_times_that_contradict_the_text_are_left_out_and_no_others(given_starts):
    starts = np.array([NAN if s is None else float(s) for s in given_starts])
    kept, ends = in_order(starts, starts + 0.5, 0.0, 10.0)
    assert np.array_equal(np.isnan(kept), np.isnan(ends))
    rising = kept[~np.isnan(kept)]
    assert (np.diff(rising) >= 0).all()
    known = [s for s in starts.tolist() if s + 0.5 >= 0 and s <= 10]
    most = max(n for n in range(len(known) + 1) if any(list(c) == sorted(c) for c in combinations(known, n)))
    assert len(rising) == most


def test_a_word_with_only_an_end_never_begins_before_the_recording():
    assert repair((NAN, 0.1), (0.3, 0.6))[0] == [(0.0, 0.1), (0.3, 0.6)]
