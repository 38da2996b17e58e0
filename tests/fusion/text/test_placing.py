"""Where the words lie in their text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarfuse.fusion.text import carve, locate, placing

SCRIPTS = (
    "abc dé e\u0301 日本語、 مرحبا שָׁלוֹם สวัสดีครับ น้ำ क्षत्रिय 👩\u200d👩\u200d👧 👍🏽 🇩🇪🇫🇷 한\u1112\u1161\u11ab , . ?!"
)
TEXT = st.text(st.sampled_from(SCRIPTS), max_size=30)


@given(st.lists(TEXT, min_size=1, max_size=8), st.data())
def test_carved_pieces_are_the_text(words, data):
    text = data.draw(st.sampled_from(["".join(words), " ".join(words), "x".join(words).upper(), "other"]))
    firsts = sorted(data.draw(st.sets(st.integers(1, max(1, len(words) - 1))))) if len(words) > 1 else []
    pieces = carve(text, words, firsts)
    assert "".join(pieces) == text
    assert len(pieces) == len(firsts) + 1


@given(st.lists(st.text(st.sampled_from("abcdé日"), min_size=1, max_size=5), max_size=10))
def test_words_that_are_there_are_found_where_they_are(words):
    text = " ".join(words)
    assert [text[a:b] for a, b in locate(text, words)] == words


def test_after_words_that_are_not_there_others_are_not_found_inside_words():
    assert carve(" Call Shaun a friend", ["Call", "Sean", "a", "friend"], [2]) == [" Call Shaun ", "a friend"]
    assert carve("ab", ["x", "b"], [1]) == ["a", "b"], "unless they stand nowhere else"


def test_words_that_are_not_there_share_the_text_between_their_neighbours():
    text = "It cost twenty five dollars today"
    spans = locate(text, ["It", "cost", "25", "dollars", "today"])
    assert [text[a:b].strip() for a, b in spans] == ["It", "cost", "twenty five", "dollars", "today"]


def test_words_are_found_again_after_a_long_stretch_of_others():
    words = [f"w{i}" for i in range(3000)]
    text = "zzz yy " * 800 + " ".join(words[2000:])
    spans = locate(text, ["zzz", *(["qqqqq"] * 800), *words[2000:]])
    assert all(text[a:b] == word for (a, b), word in zip(spans[-900:], words[-900:], strict=True))


@pytest.mark.parametrize(
    ("text", "words", "held"),
    [
        ("Are YOU there?", ["are", "You"], ["Are", "YOU"]),
        ("\u0130\u0130\u0130 is", ["IS"], ["is"]),  # whose small letters are more
        ("cannot not", ["can", "not"], ["can", "not"]),
        ("Sean apple a", ["Shaun", "a"], ["Sean apple ", "a"]),  # rather by itself
        ("Sean an a", ["Shaun", "n", "a"], ["Sea", "n", "a"]),  # unless it stands nowhere else
        (
            "in nineteen ninety nine or so",
            ["in", "1990", "9", "or", "so"],
            ["in", " nineteen ninety", " nine ", "or", "so"],
        ),
        (f"a {'z' * placing._REACH} b", ["a", "b"], ["a", f" {'z' * placing._REACH} b"]),  # out of reach
        (f"a {'z' * (placing._REACH - 2)} b", ["a", "b"], ["a", "b"]),
    ],
)
def test_each_word_holds_its_part_of_the_text(text, words, held):
    assert [text[a:b] for a, b in locate(text, words)] == held
