from __future__ import annotations

from functools import cache

from hypothesis import given
from hypothesis import strategies as st

from diarfuse.asr_adapters.agreement import Agreement, place_after, spelt
from diarfuse.fusion.types import Word


def words(text: str) -> list[Word]:
    return [Word(place, place + 0.8, f" {part}") for place, part in enumerate(text.split())]


def texts(heard: list[Word]) -> list[str]:
    return [word.text.strip() for word in heard]


TEXTS = st.lists(st.sampled_from("abc"), max_size=6).map(" ".join)


def distance(one: list[str], other: list[str]) -> int:
    """Slow and obvious."""

    @cache
    def apart(left: int, right: int) -> int:
        if not left or not right:
            return left + right
        same = apart(left - 1, right - 1) + (one[left - 1] != other[right - 1])
        return min(same, apart(left - 1, right) + 1, apart(left, right - 1) + 1)

    return apart(len(one), len(other))


def slow_place(told: list[str], heard: list[str]) -> int:
    costs = [(distance(told, heard[:count]), abs(count - len(told)), count) for count in range(len(heard) + 1)]
    return min(costs)[-1]


@given(TEXTS, TEXTS)
def test_the_place_is_the_nearest_of_all(told, heard):
    assert place_after(words(told), words(heard)) == slow_place(told.split(), heard.split())


@given(st.lists(TEXTS, min_size=1, max_size=6))
def test_two_looks_in_a_row_decide(looks):
    """The oracle keeps all looks, and works everything out anew."""
    agreement, told, before = Agreement(), [], []
    for number, look in enumerate(looks):
        complete = number == len(looks) - 1
        sure = agreement.take(words(look), complete=complete)
        rest = look.split()[slow_place(told, look.split()) :]
        count = len(rest) if complete else 0
        while not complete and count < min(len(rest), len(before)) and rest[count] == before[count]:
            count += 1
        assert texts(sure) == rest[:count]
        told, before = told + rest[:count], rest[count:]
        assert texts(agreement.told) == told
        times = [time for word in agreement.told for time in (word.start, word.end)]
        assert times == sorted(times)


def test_capitals_and_marks_come_and_go():
    agreement = Agreement()
    assert agreement.take(words("Good morn")) == []
    assert texts(agreement.take(words("good, morning every"))) == ["good,"]
    assert texts(agreement.take(words("Good morning everybody"))) == ["morning"]
    assert texts(agreement.take(words("Good mourning, everybody. We"), complete=True)) == ["everybody.", "We"]
    assert texts(agreement.told) == ["good,", "morning", "everybody.", "We"]


def test_a_mark_alone_is_spelt_as_it_is():
    assert spelt(Word(0.0, 1.0, " -")) == "-"
