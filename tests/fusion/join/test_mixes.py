"""The mix of the others is told from them, and neither who is in it nor people at one table are taken for one."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diarfuse.fusion.join.mixes import mix_of
from diarfuse.fusion.types import Segment, Transcript, Word
from tests.amounts import examples

if TYPE_CHECKING:
    from collections.abc import Iterable

Said = list[tuple[float, str]]
VOCABULARY = [f"word{number}" for number in range(60)]


def talk(people: int, seed: int = 0, turns: int = 24) -> list[Said]:
    """What each of them says, in turns of six words."""
    rng, found, at = np.random.default_rng(seed), [Said() for _ in range(people)], count()
    for turn in range(turns):
        found[turn % people] += [(0.4 * next(at), str(rng.choice(VOCABULARY))) for _ in range(6)]
    return found


def joined(said: Iterable[Said]) -> Said:
    return [word for one in said for word in one]


def heard(said: Said, seed: int = 1, missed: float = 0.0) -> Said:
    """As a recogniser hears it elsewhere: some hundredths of a second off, and some words otherwise."""
    rng = np.random.default_rng(seed)
    return [(at + float(rng.normal(0, 0.05)), "other" if rng.random() < missed else text) for at, text in said]


def transcript(said: Said) -> Transcript:
    words = tuple(Word(max(0.0, at), max(0.0, at) + 0.3, f" {text.title()},") for at, text in sorted(said))
    return Transcript((Segment(0.0, 99.0, "".join(word.text for word in words), words),), "en", 99.0)


def found(*said: Said) -> dict[int, tuple[int, ...]]:
    return mix_of([transcript(one) for one in said])


@pytest.mark.parametrize("people", [2, 3, 8])
def test_a_mix_is_told_wherever_it_stands(people: int) -> None:
    own = talk(people)
    mix = heard(joined(own), missed=0.15)
    for place in range(people + 1):
        others = [number + (number >= place) for number in range(people)]
        assert found(*own[:place], mix, *own[place:]) == {place: tuple(others)}


def test_people_apart_and_people_at_one_table_are_no_mix() -> None:
    own = talk(3)
    assert found(*own) == {}
    for missed in (0.0, 0.3, 0.6):
        table = [mine + heard(joined(own[:n] + own[n + 1 :]), n, missed) for n, mine in enumerate(own)]
        assert found(*table) == {}


def test_who_speaks_alone_and_is_half_heard_by_others_is_no_mix() -> None:
    lecture = joined(talk(1))
    assert found(lecture, heard(lecture, 1, 0.5), heard(lecture, 2, 0.5)) == {}


def test_two_at_one_table_hear_each_other_and_are_no_mix() -> None:
    ana, ben = talk(2)
    assert found(ana + heard(ben), ben + heard(ana)) == {}


def test_a_mix_of_one_alone_and_a_few_words_tell_nothing() -> None:
    ana, ben = talk(2)
    assert found(ana, [], heard(ana)) == {}
    few = talk(2, turns=2)
    assert found(*few, heard(joined(few))) == {}
    assert found() == found(ana) == {}
    assert found(ana, ben, []) == {}


def test_words_without_times_and_marks_are_passed_over() -> None:
    ana, ben = talk(2)
    mix = transcript(joined(talk(2)))
    marks = tuple(Word(0.1, 0.2, " -") for _ in range(99))
    untimed = tuple(Word(None, None, " x", timing="estimated") for _ in range(99))
    line = Segment(0.0, 99.0, "x", (*mix.words, *marks, *untimed))
    assert mix_of([transcript(ana), transcript(ben), Transcript((line,), "en", 99.0)]) == {2: (0, 1)}


said = st.lists(st.tuples(st.integers(0, 60), st.sampled_from("abc")), min_size=15, max_size=30)


@settings(max_examples=examples(30))
@given(st.lists(said, min_size=2, max_size=3), st.booleans())
def test_it_is_what_the_definition_says(channels: list[list[tuple[int, str]]], mixed: bool) -> None:
    spoken = [[(0.2 * at, text) for at, text in one] for one in channels]
    spoken += [joined(spoken)] if mixed else []
    everyone = range(len(spoken))
    shared = {
        mine: [
            {n for n in everyone if n != mine and any(w == text and abs(at - when) < 0.49 for at, w in spoken[n])}
            for when, text in spoken[mine]
        ]
        for mine in everyone
    }
    expected = {}
    for mine in everyone:
        parts = tuple(n for n in everyone if shared[mine].count({n}) >= 5)
        clean = all(sum(bool(one - {mine}) for one in shared[n]) <= 0.1 * len(shared[n]) for n in parts)
        common = sum(map(bool, shared[mine])) >= 0.75 * len(shared[mine]) and len(shared[mine]) >= 20
        if common and len(parts) > 1 and clean:
            expected[mine] = parts
    assert found(*spoken) == expected
