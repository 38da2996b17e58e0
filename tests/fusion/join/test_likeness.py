from __future__ import annotations

import math

import numpy as np
import pytest

from diarfuse.fusion.join.assign import Policy, assign_speakers
from diarfuse.fusion.types import Diarization, Likeness, Turn, Word

TURNS = (Turn(0.0, 4.0, "A"), Turn(1.0, 3.0, "B"))
WORD = Word(1.5, 2.0, "yes")


def heard(start: float, end: float, *scores: float, turns: tuple[Turn, ...] = TURNS) -> Diarization:
    likeness = Likeness(np.array([start]), np.array([end]), np.array([scores], np.float32), ("A", "B")[: len(scores)])
    return Diarization(turns, (), 5.0, likeness=likeness)


def speaker(found: Diarization, *words: Word, join: str = "resolved") -> str | None:
    return assign_speakers(words or (WORD,), found, Policy(join=join))[0].speaker  # type: ignore[arg-type]


def test_a_word_in_two_peoples_turns_goes_to_whom_it_sounds_like():
    assert speaker(heard(1.0, 3.0, 0.2, 0.6)) == "B"
    assert speaker(heard(1.0, 3.0, 0.6, 0.2)) == "A"
    assert speaker(heard(1.0, 3.0, 0.2, 0.6, turns=(TURNS[0], Turn(1.9, 3.0, "B")))) == "B"
    (word,) = assign_speakers([WORD], heard(1.0, 3.0, 0.2, 0.6))
    assert word.attribution is not None
    assert word.attribution.reason == "context"
    assert [other.speaker for other in word.attribution.others] == ["A"]


@pytest.mark.parametrize(
    "found",
    [
        heard(1.0, 3.0, 0.4, 0.5),  # not plainly
        heard(1.5, 2.0, 0.2, 0.6),  # too short to tell a voice
        heard(3.0, 4.0, 0.2, 0.6),  # elsewhere
        heard(1.0, 3.0, math.nan, 0.6),  # A is not known
        heard(1.0, 3.0, 0.2, math.nan),
        heard(1.0, 3.0, 0.2),
        heard(1.0, 3.0, 0.2, 0.6, turns=(TURNS[0], Turn(2.0, 3.0, "B"))),  # B is not heard in the word
    ],
)
def test_it_stays_where_the_voices_do_not_say_so(found):
    assert speaker(found) == "A"


def test_words_told_together_and_a_plain_join_stay():
    found = heard(1.0, 3.0, 0.2, 0.6)
    assert speaker(found, join="plain") == "A"
    told = [word.speaker for word in assign_speakers([WORD, Word(1.6, 1.9, "no")], found)]
    assert sorted(map(str, told)) == ["A", "B"]
    assert told == [word.speaker for word in assign_speakers([WORD, Word(1.6, 1.9, "no")], TURNS)]


def test_words_out_of_order_are_looked_up_where_they_are():
    said = assign_speakers([Word(3.2, 3.9, "late"), WORD], heard(1.0, 3.0, 0.2, 0.6))
    assert [word.speaker for word in said] == ["A", "B"]


def test_nobody_is_moved_where_nobody_speaks():
    assert speaker(heard(1.0, 3.0, 0.2, 0.6), Word(9.0, 9.5, "far")) is None
    assert speaker(heard(1.0, 3.0, 0.2, 0.6), Word(1.5, 1.5, "of no length")) == "B"
