"""What steers a terminal or turns lines round, against Unicode's own tables; and what writing needs."""

from __future__ import annotations

import sys
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from diarfuse.fusion.text import STEERING, without_steering

TURNS_ROUND = {"LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"}
OF_TEXT = "\n\t"


def steers(character: str) -> bool:
    return character not in OF_TEXT and (
        unicodedata.category(character) in {"Cc", "Zl", "Zp"} or unicodedata.bidirectional(character) in TURNS_ROUND
    )


def test_every_character_stays_or_goes_as_unicode_says() -> None:
    every = "".join(map(chr, range(sys.maxunicode + 1)))
    steering = {c: " " if c.isspace() else "" for c in every if steers(c)}
    assert without_steering(every) == "".join(steering.get(c, c) for c in every)
    assert all(STEERING.match(c) for c in steering if c >= "\x20")  # JSON escapes those below itself


def test_marks_and_joiners_stay() -> None:
    text = "\u200e\u200f\u061c\u200c\u200d\ufe0f\u00ad"
    assert without_steering(text) == text


@given(st.text())
def test_nothing_is_left_for_a_second_time(text: str) -> None:
    once = without_steering(text)
    assert without_steering(once) == once
    assert not any(map(steers, once))
