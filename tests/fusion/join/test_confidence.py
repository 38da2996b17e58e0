from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarfuse.fusion.join.assign import DEFAULT, assign_speakers, join
from diarfuse.fusion.join.confidence import WEIGHTS, WITH_VOICES, features, sound_at_once
from diarfuse.fusion.join.kinds import read_evidence, read_times
from diarfuse.fusion.types import Diarization, Likeness, Turn, Word

TURNS = (Turn(0.0, 4.0, "A"), Turn(4.0, 8.0, "B"))


def heard(*rows: tuple[float, float, float, float], turns: tuple[Turn, ...] = TURNS, speakers: str = "AB"):
    """A diarization with stretches: start, end, likeness to A and to B."""
    table = np.array(rows, float).reshape(-1, 2 + len(speakers))
    return Diarization(turns, turns, 8.0, likeness=Likeness(table[:, 0], table[:, 1], table[:, 2:], tuple(speakers)))


def confidence(found: Diarization, start: float = 1.0) -> float:
    (word,) = assign_speakers([Word(start, start + 0.4, "yes")], found)
    return word.attribution.confidence


COLUMNS = WEIGHTS.shape[1]


def all_features(found: Diarization, words: list[Word]) -> np.ndarray:
    evidence = read_evidence(found)
    decision, said = join(read_times(words), [], evidence, DEFAULT)
    return features(decision, said.times, said.shares, evidence)


def voice_features(found: Diarization, words: list[Word]) -> np.ndarray:
    return all_features(found, words)[:, COLUMNS:]


def test_a_word_is_surer_where_its_stretch_sounds_like_its_speaker():
    clear, even, other = (confidence(heard((0.5, 2.5, *scores))) for scores in ((0.8, 0.1), (0.4, 0.4), (0.1, 0.8)))
    assert clear > even > other


def test_a_voice_elsewhere_says_nothing_of_a_word():
    assert confidence(heard((2.5, 3.5, 0.1, 0.8))) == confidence(heard((2.5, 3.5, 0.8, 0.1)))
    assert confidence(heard()) == confidence(heard((2.5, 3.5, 0.8, 0.1)))


def test_turns_alone_have_the_confidence_of_turns():
    assert confidence(Diarization(TURNS, TURNS, 8.0)) == confidence(TURNS)
    assert WITH_VOICES.shape == (2, COLUMNS + 4)


def test_what_turns_tell_of_words():
    """Each column as its sentence in `features` has it, by hand: A speaks for 4 s, B for 1.5 s."""
    turns = (Turn(0.0, 4.0, "A"), Turn(3.7, 5.2, "B"))
    words = [Word(3.3, 3.9, "yes"), Word(3.7, 4.1, "no"), Word(4.1, 4.3, "so"), Word(5.25, 5.45, "well")]
    expected = [
        # constant, own, rival, choice, whether it was one, edge, turn, little, share
        [1, 1, 1 / 3, 1, 1, 0.9, 1, 10 / 14, 1.5 / 5.5],
        [1, 1, 3 / 4, 1, 1, 0.9, 0.5, 10 / 11.5, 4 / 5.5],
        [1, 1, 0, 1, 0, 0.8, 0.5, 10 / 11.5, 4 / 5.5],
        [1, 0, 0, 1, 0, 0.85, 0, 10 / 11.5, 4 / 5.5],
    ]
    np.testing.assert_allclose(all_features(Diarization(turns, (), 6.0), words)[:, :9], expected, atol=1e-3)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ((0.5, 1.5, 0.75, 0.125), [0.75, 0.125, 0.5, 0]),
        ((0.5, 9.0, 0.75, 0.125), [0.75, 0.125, 1, 0]),  # no stretch counts as longer than two seconds
        ((0.5, 1.5, 0.75, math.nan), [0.75, 0.25, 0.5, 0]),  # where nothing is known, likeness is as usual
        ((0.5, 1.5, math.nan, 0.75), [0.5, 0.75, 0.5, 1]),
        ((0.5, 1.5, math.nan, math.nan), [0.5, 0.25, 0.5, 1]),
        ((2.5, 3.5, 0.75, 0.125), [0.5, 0.25, 0, 1]),
    ],
)
def test_what_is_told_of_a_stretch(row, told):
    np.testing.assert_allclose(voice_features(heard(row), [Word(1.0, 1.4, "yes")]), [told], atol=1e-12)


def test_the_columns_are_found_by_their_labels():
    swapped = Likeness(np.array([0.5]), np.array([1.5]), np.float32([[0.25, 0.75, 0.9]]), ("B", "A", "nobody else"))
    found = Diarization(TURNS, TURNS, 8.0, likeness=swapped)
    np.testing.assert_allclose(voice_features(found, [Word(1.0, 1.4, "yes")])[0, :2], [0.75, 0.25])


@given(
    st.lists(st.tuples(st.floats(0, 9), st.floats(0, 2)), min_size=1, max_size=8),
    st.lists(st.tuples(st.floats(0.1, 1), st.floats(-1, 1), st.floats(-1, 1), st.booleans()), max_size=6),
)
def test_as_a_slow_search_through_the_stretches(times, parts):
    words = [Word(start, start + length, "yes") for start, length in sorted(times)]
    edges = np.cumsum([0.0, *(length for length, *_ in parts)])
    rows = [(edges[i], edges[i + 1], math.nan if unknown else a, b) for i, (_, a, b, unknown) in enumerate(parts)]
    evidence = read_evidence(heard(*rows))
    decision, said = join(read_times(words), [], evidence, DEFAULT)
    found = features(decision, said.times, said.shares, evidence)[:, COLUMNS:]
    for number, row in enumerate(found):
        middle = (said.times.starts[number] + said.times.ends[number]) / 2
        within = [r for r in rows if r[0] <= middle < r[1]] or [r for r in rows if r[0] <= middle <= r[1]]
        speaker = int(decision.speakers[number])
        expected = [0.5, 0.25, 0.0, 1.0]
        if within and speaker >= 0:
            start, end, *scores = within[0]
            own, other = scores[speaker], scores[1 - speaker]
            expected = [
                0.5 if math.isnan(own) else own,
                0.25 if math.isnan(other) else other,
                min(1.0, (end - start) / 2),
                math.isnan(own),
            ]
        np.testing.assert_allclose(row, expected, atol=1e-6)


def test_nothing_compared_says_no_more_than_a_likeness_as_usual():
    """Of somebody who speaks alone no other voice is known: that is no proof that nobody else speaks."""
    alone = heard((0.5, 2.5, 0.5), turns=(Turn(0.0, 8.0, "A"),), speakers="A")
    usual = heard((0.5, 2.5, 0.5, 0.25), turns=(Turn(0.0, 8.0, "A"),))
    assert confidence(alone) == pytest.approx(confidence(usual))


def test_one_of_two_words_that_a_speaker_says_at_once_is_somebody_elses():
    words = [Word(1.0, 1.4, "yes"), Word(1.1, 1.3, "no"), Word(2.0, 2.4, "maybe")]
    alone = Diarization((Turn(0.0, 8.0, "A"),), (), 8.0)
    rows = all_features(alone, words)
    np.testing.assert_allclose(rows[:, 9:COLUMNS], [[1, 0.75], [1, 1], [0, 0]])
    first, second, third = (word.attribution.confidence for word in assign_speakers(words, alone))
    assert third > first > second


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 6)), min_size=1, max_size=9))
def test_what_sounds_at_once_as_a_slow_search(rows):
    words = [Word(start / 10, (start + length) / 10, "yes") for start, length in rows]
    turns = (Turn(0.0, 1.0, "A"), Turn(1.0, 3.0, "B"))
    found = all_features(Diarization(turns, (), 3.0), words)[:, 9:COLUMNS]
    who = [word.speaker for word in assign_speakers(words, turns)]
    for number, one in enumerate(words):
        over = {k for k, two in enumerate(words) if min(one.end, two.end) - max(one.start, two.start) > 0.03} - {number}
        assert found[number, 0] == bool(over)
        assert (found[number, 1] > 0) == any(who[k] == who[number] for k in over)


def test_a_recogniser_writes_one_voice_at_a_time():
    words = [Word(k / 2, k / 2 + 0.4, "yes") for k in range(200)]

    def at_once(words):
        return sound_at_once(join(read_times(words), [], read_evidence(TURNS), DEFAULT)[1].times)

    assert not at_once(words)
    assert not at_once([*words[:-1], Word(0.1, 0.3, "no")])  # two words are an accident
    assert at_once([*words, *(Word(k / 2 + 0.1, k / 2 + 0.3, "no") for k in range(9))])
    assert not at_once([])
