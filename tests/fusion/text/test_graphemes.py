"""Visible characters, against Unicode's annex 29 as another library has it."""

from __future__ import annotations

from itertools import product

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from diarfuse.fusion.text import boundaries, display_width, graphemes, may_cut, next_cut

SAMPLES = (
    " \r\n\x01\u034f\U0001f1e6\u0600\u0a03\u1100\u1160\u11a8\uac00\uac01\u0903\u0904\u0d4e\u0915\u231a"
    "\u0300\u0900\u094d\u200d\u0378ab\u0e33\u0e40\U0001f466\U0001f3fb\u0924\ufe0f\u200c"
)
"""One character of each kind that annex 29 tells apart, in the order of its own test table, and a few of Thai."""
TEXT = st.text(st.one_of(st.sampled_from(SAMPLES), st.characters(exclude_categories=["Cs"])), max_size=30)


def clusters(text: str) -> list[str]:
    return regex.findall(r"\X", text)


@pytest.mark.parametrize("between", ["", "\u0308", "\u200d", "\u094d"])
def test_every_pair_of_kinds_is_cut_as_annex_29_says(between):
    for left, right in product(SAMPLES, SAMPLES):
        text = left + between + right
        assert graphemes(text) == clusters(text), ascii(text)


@given(TEXT)
def test_graphemes_are_those_of_annex_29(text):
    assert graphemes(text) == clusters(text)


@given(TEXT)
def test_the_places_to_cut_agree(text):
    places = list(boundaries(text))
    assert places == [i for i in range(len(text) + 1) if may_cut(text, i)]
    assert [next_cut(places, i) for i in range(len(text) + 1)] == [
        min(p for p in places if p >= i) for i in range(len(text) + 1)
    ]
    assert next_cut(places, len(text) + 3) == len(text)


@pytest.mark.parametrize(
    "whole",
    [
        "น้ำ",
        "กำ",
        "क्ष",
        "त्रि",
        "각",
        "\u1100\uac01",
        "\u1112\u1161\u11ab",
        "e\u0301",
        "🇩🇪",
        "👩\u200d👩\u200d👧",
        "\r\n",
    ],
)
def test_what_a_reader_sees_as_one_stays_one(whole):
    assert graphemes(f"a{whole}b") == ["a", whole, "b"]


@pytest.mark.parametrize(
    ("text", "width"),
    [
        ("plain", 5),
        ("日本", 4),
        ("ﾊﾝｶｸ", 4),
        ("cafe\u0301", 4),
        ("שָׁלוֹם", 4),
        ("مَرحَبا", 5),
        ("👍🏽", 2),
        ("👩\u200d👩\u200d👧", 2),
        ("🇩🇪", 2),
        ("❤\ufe0f", 2),
        ("a\u200fb", 2),
        ("สวัสดี", 4),
        ("น้ำ", 2),
        ("한글", 4),
        ("1\ufe0f\u20e3", 2),
        ("☕", 2),
        ("\u1112\ud7b0", 2),
        ("日本\n語", 6),
        ("", 0),
    ],
)
def test_widths(text, width):
    assert display_width(text) == width
