"""Lines that fit, broken where a reader would break them."""

from __future__ import annotations

import math
from itertools import pairwise, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diarfuse.fusion.text import Part, best_lines, breakable, display_width, graphemes, lines, text_of
from tests.amounts import examples

SCRIPTS = (
    "abc dé e\u0301 日本語、 مرحبا שָׁלוֹם สวัสดีครับ น้ำ क्षत्रिय 👩\u200d👩\u200d👧 👍🏽 🇩🇪🇫🇷 한\u1112\u1161\u11ab , . ?!"
)
TEXT = st.text(st.sampled_from(SCRIPTS), min_size=1, max_size=30)


@given(TEXT, st.integers(2, 12))
def test_parts_are_the_word_and_fit_a_line(text, width):
    parts = breakable(text, width)
    assert "".join(parts) == text
    assert all(display_width(part) <= width or len(graphemes(part)) == 1 for part in parts)


def test_lines_break_at_wide_characters_but_not_before_closing_marks_nor_after_opening_ones():
    assert breakable("日本語、「日本」。", 42) == ["日", "本", "語、", "「日", "本」。"]
    assert breakable("ちょっと", 42) == ["ちょっ", "と"]
    assert breakable("สวัสดีครับ", 42) == ["สวัสดีครับ"]
    assert breakable("น้ำ" * 3, 2) == ["น้ำ"] * 3, "SARA AM begins no line"
    assert breakable("12345", 2) == ["12", "34", "5"]


def words(text: str, weak: tuple[str, ...] = ()) -> list[Part]:
    return [Part(w, len(w), index > 0, w in weak, w.endswith((",", "."))) for index, w in enumerate(text.split())]


def broken(parts: list[Part], width: int, lines: int, indent: int = 0) -> list[str] | None:
    ranges = best_lines(parts, width, lines, indent)
    return None if ranges is None else [text_of(parts[a:b]) for a, b in ranges]


def test_lines_are_balanced_and_few():
    assert broken(words("one two three four"), 14, 2) == ["one two", "three four"]
    assert broken(words("one two"), 14, 2) == ["one two"]
    assert broken(words("one two three four"), 14, 1) is None
    assert broken(words("one two three, four five six"), 22, 2) == ["one two three,", "four five six"]


def test_no_line_ends_in_a_weak_word_where_another_break_exists():
    text = "we are looking at the house over there"
    assert broken(words(text, ("at", "the", "over")), 24, 2) == ["we are looking", "at the house over there"]
    assert broken(words("a colossal-thing", ("a",)), 14, 2) == ["a", "colossal-thing"], "here is no other"


def test_a_label_takes_its_room():
    assert broken(words("one two three"), 14, 2, indent=6) == ["one", "two three"]
    assert broken(words("extraordinarily"), 15, 2, indent=6) == ["", "extraordinarily"]
    assert broken(words("extraordinarily"), 15, 1, indent=6) is None


def price_of(parts: list[Part], width: int, indent: int, rows: list[tuple[int, int]]) -> float:
    """What readers mind in these lines; infinite where one does not fit."""
    every = indent + len(text_of(parts)) + parts[0].spaced
    ideal = every / max(1, math.ceil(every / width))
    price = 0.0
    for first, last in rows:
        if first == last:
            price += lines._EMPTY
            continue
        filled = len(text_of(parts[first:last])) + (indent if (first, last) == rows[0] else 0)
        price += lines._LINE + ((filled - ideal) / width) ** 2 if filled <= width else math.inf
        if last < len(parts):
            price += lines._WEAK * parts[last - 1].weak - lines._CLAUSE * parts[last - 1].closed
    return price


@settings(max_examples=examples(100))
@given(
    st.lists(st.tuples(st.integers(1, 6), st.booleans(), st.booleans()), min_size=3, max_size=7),
    st.integers(8, 16),
    st.integers(2, 3),
    st.integers(0, 5),
)
def test_lines_are_the_best_of_all_there_are(given_parts, width, most, indent):
    parts = [Part("x" * wide, wide, index > 0, *ends) for index, (wide, *ends) in enumerate(given_parts)]
    prices = {}
    for marks in product([False, True], repeat=len(parts) - 1):
        rows = list(pairwise([0, *(i + 1 for i, mark in enumerate(marks) if mark), len(parts)]))
        for way in (rows, [(0, 0), *rows]) if indent else (rows,):  # a label may have a line of its own
            if len(way) <= most and price_of(parts, width, indent, way) < math.inf:
                prices[tuple(way)] = price_of(parts, width, indent, way)
    found = best_lines(parts, width, most, indent)
    if not prices:
        assert found is None
        return
    assert found is not None
    assert prices[tuple(found)] == pytest.approx(min(prices.values()))


def test_no_more_lines_are_tried_than_there_can_be():
    parts = [Part("x", 1), Part("x", 1, spaced=True)]
    assert best_lines(parts, 3, 10**30) == best_lines(parts, 3, 2) == [(0, 2)]


@pytest.mark.parametrize("unit", ["7", "🇩🇪", "ก", "👩\u200d", "日", "क्", "e\u0301"])
def test_a_long_word_is_looked_at_once(unit, monkeypatch):
    """Linear: the columns that are measured are a small multiple of the text, whatever its length."""
    measured = 0
    measure = lines.display_width

    def counted(text: str) -> int:
        nonlocal measured
        measured += len(text)
        return measure(text)

    monkeypatch.setattr(lines, "display_width", counted)
    for length in (500, 4000):
        measured = 0
        breakable(unit * length, 42)
        assert measured <= 3 * len(unit) * length
