"""Each rule of the resolved join, alone."""

from __future__ import annotations

import numpy as np
import pytest

from diarfuse.fusion.join.assign import Policy, assign_speakers
from diarfuse.fusion.join.boundaries import contested_words, follow_words
from diarfuse.fusion.join.timing import timed
from diarfuse.fusion.types import Diarization, Turn, Word

A, B = "A", "B"


def times(*spans: tuple[float, float]):
    return timed(np.array([s for s, _ in spans], float), np.array([e for _, e in spans], float))


def said(words: list[tuple[float, float, str]], turns, policy: Policy | None = None) -> list[str | None]:
    return [w.speaker for w in assign_speakers([Word(*w) for w in words], turns, policy or Policy())]


def test_only_words_that_sound_at_once_are_contested():
    spans = [(float(i), i + 0.4) for i in range(9)]
    spans[4:5] = [(4.0, 4.5), (4.3, 4.8)]
    assert contested_words(times(*spans)).tolist() == [False] * 4 + [True] * 2 + [False] * 4
    assert not contested_words(times((0.0, 0.42), (0.4, 0.8))).any(), "a touch is no second voice"
    inside = [(0.0, 3.0), (0.5, 0.9), (1.5, 1.9), (2.5, 2.9), (3.5, 3.9)]
    assert contested_words(times(*inside)).tolist() == [True] * 4 + [False]


def test_words_that_sound_alone_go_where_the_plain_join_puts_them():
    turns = [Turn(0.0, 1.1, A), Turn(0.9, 2.0, B), Turn(2.1, 2.2, A), Turn(3.0, 4.0, A)]
    words = [(i * 0.21, i * 0.21 + 0.2, f"w{i}.") for i in range(20)]
    assert said(words, turns) == said(words, turns, Policy(join="plain"))


@pytest.mark.parametrize(("one", "two"), [(A, B), (B, A)])
def test_overlapping_words_of_two_voices_are_told_apart_by_when_each_speaks(one, two):
    turns = [Turn(0.0, 2.0, one), Turn(1.0, 3.0, two)]
    words = [(0.0, 0.5, "a1"), (0.5, 1.0, "a2"), (1.0, 1.5, "a3"), (1.0, 1.6, "b1"), (1.5, 2.0, "a4"), (1.6, 3.0, "b2")]
    assert said(words, turns) == [one, one, one, two, one, two]
    assert said(words, turns, Policy(join="plain")) == [one, one, one, one, one, two]


def test_punctuation_follows_its_word():
    assert follow_words(["Yes", ".", "(", "No", ")", "?"]).tolist() == [0, 0, 3, 3, 3, 3]
    assert follow_words([".", "a"]).tolist() == [1, 1]
    assert follow_words([".", ","]).tolist() == [0, 1]
    turns = [Turn(0, 1, A), Turn(1, 2, B)]
    assert said([(0.2, 0.9, "Yes"), (1.05, 1.1, "."), (1.2, 1.8, "No")], turns) == [A, A, B]


@pytest.mark.parametrize("policy", [Policy(), Policy(join="plain")])
@pytest.mark.parametrize(
    ("word", "who"),
    [
        (Word(3.625, 4.5, "word"), A),  # alone for 0.375 s, B for 0.5; in its turn for 0.875 s, B for 0.75
        (Word(3.625, 5.0, "word"), B),  # A in its turn for 0.125 s more, which are three times less than 0.625
        (Word(4.25, 4.75, "word"), B),  # both in their turns throughout, B alone
        (Word(9.0, 9.5, "word"), B),  # in an exclusive turn and no other
    ],
)
def test_where_the_exclusive_turns_change_within_a_word_the_others_weigh_three_times(policy, word, who):
    turns = (Turn(0.0, 5.0, A), Turn(3.75, 8.0, B))
    exclusive = (Turn(0.0, 4.0, A), Turn(4.0, 8.0, B), Turn(9.0, 10.0, B))
    assert assign_speakers([word], Diarization(turns, exclusive, 10.0), policy)[0].speaker == who


def test_the_exclusive_turns_decide_and_the_others_are_listed():
    turns = (Turn(0.0, 10.0, A), Turn(4.0, 6.0, B))
    exclusive = (Turn(0.0, 4.0, A), Turn(4.0, 6.0, B), Turn(6.0, 10.0, A))
    words = [Word(i / 2, i / 2 + 0.4, "w") for i in range(20)]
    for policy in (Policy(), Policy(join="plain")):
        joined = assign_speakers(words, Diarization(turns, exclusive, 10.0), policy)
        assert [w.speaker for w in joined] == [A] * 8 + [B] * 4 + [A] * 8
        assert [(o.speaker, o.share) for o in joined[9].attribution.others] == [(A, 1.0)]
        assert joined[0].attribution.others == ()
