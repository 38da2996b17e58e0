"""The joins to choose from, and the choice."""

from __future__ import annotations

import pytest

from benchmarks.metrics_words import Counts
from benchmarks.rules import PLAIN, RULES, Cell, choose
from diarfuse.fusion.types import Diarization, Turn, Word

TURNS = (Turn(0.0, 2.0, "A"), Turn(1.0, 3.0, "B"))
FOUND = Diarization(TURNS, TURNS, 3.0)
WORDS = [Word(0.2, 0.6, "a"), Word(1.2, 1.7, "b"), Word(1.25, 1.75, "c"), Word(2.2, 2.6, "d")]


@pytest.mark.parametrize("name", RULES)
def test_every_rule_gives_clear_words_to_whose_turn_they_are_in(name: str) -> None:
    said = RULES[name](WORDS, FOUND)
    assert (said[0], said[3]) == ("A", "B")
    assert RULES[name]([], FOUND) == []


def test_words_that_sound_at_once_are_two_voices_but_in_the_plain_join() -> None:
    assert {name for name, rule in RULES.items() if set(rule(WORDS, FOUND)[1:3]) == {"A", "B"}} == set(list(RULES)[3:])


def test_islands_take_the_speaker_around_them_where_they_are_short() -> None:
    turns = (Turn(0.0, 1.0, "A"), Turn(1.0, 1.4, "B"), Turn(1.4, 3.0, "A"))
    words = [Word(0.2, 0.6, "a"), Word(1.0, 1.4, "b"), Word(1.6, 2.0, "c")]
    found = Diarization(turns, turns, 3.0)
    assert RULES[PLAIN](words, found) == ["A", "B", "A"]
    assert RULES["without islands"](words, found) == ["A", "A", "A"]


CELLS = [Cell(f"r{number}", ("generated", "true words", "ours")) for number in range(20)]


def counts(*right: int, over: int = 0) -> list[Counts]:
    return [Counts(100, right[i % len(right)], 10, over) for i in range(20)]


@pytest.mark.parametrize(
    ("rule", "chosen"),
    [
        (counts(52), "new"),
        (counts(50), PLAIN),  # a tie: the simpler
        (counts(60, 43, 47, 51), PLAIN),  # more in sum, but by a few recordings
        (counts(53, over=9), PLAIN),  # more in all, fewer outside overlaps
    ],
)
def test_a_rule_is_taken_only_where_it_gains_for_certain_and_harms_nowhere(rule: list[Counts], chosen: str) -> None:
    plain = counts(50)
    assert choose(CELLS, {PLAIN: plain, "new": rule}, [plain]) == chosen
