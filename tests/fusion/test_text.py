"""Text in any script: widths, cuts, and where the words lie."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarfuse.fusion.text import (
    carve,
    display_width,
    ends_clause,
    ends_sentence,
    graphemes,
    is_punctuation,
    locate,
    may_cut,
    opens,
    wrap,
)

SCRIPTS = "abc dé e\u0301 日本語、 مرحبا שָׁלוֹם สวัสดีครับ 👩\u200d👩\u200d👧 👍🏽 🇩🇪🇫🇷 한\u1112\u1161\u11ab , . ?!"
TEXT = st.text(st.sampled_from(SCRIPTS), max_size=30)


@given(TEXT)
def test_graphemes_put_together_are_the_text_and_each_may_stand_alone(text):
    parts = graphemes(text)
    assert "".join(parts) == text
    at = 0
    for part in parts:
        assert may_cut(text, at)
        at += len(part)


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
        ("", 0),
    ],
)
def test_widths(text, width):
    assert display_width(text) == width


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


@given(TEXT, st.integers(2, 12), st.sets(st.integers(0, 12)))
def test_wrapped_lines_fit_and_lose_only_spaces(text, width, seams):
    lines = wrap(text, width, seams)
    assert all(display_width(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_words_are_found_again_after_a_long_stretch_of_others():
    words = [f"w{i}" for i in range(3000)]
    text = "zzz yy " * 800 + " ".join(words[2000:])
    spans = locate(text, ["zzz", *(["qqqqq"] * 800), *words[2000:]])
    assert all(text[a:b] == word for (a, b), word in zip(spans[-900:], words[-900:], strict=True))


def test_scripts_without_spaces_break_where_words_begin():
    words = ["สวัสดี", "ครับ", "ผม", "ชื่อ", "สมชาย"]
    seams = {sum(map(len, words[:i])) for i in range(len(words))}
    assert wrap("".join(words), 8, seams) == ("สวัสดีครับ", "ผมชื่อ", "สมชาย")
    assert wrap("".join(words), 8)[0] not in ("สวัสดี", "สวัสดีครับ"), "without them it can only break anywhere"
    assert wrap("two words", 5, {1, 4}) == ("two", "words"), "elsewhere only spaces divide words"


def test_lines_do_not_begin_with_closing_marks():
    assert wrap("日本語、日本語。", 6) == ("日本", "語、日", "本語。")


def test_sentences_clauses_and_marks():
    assert ends_sentence('He said "no."')
    assert ends_sentence("終わり。」")
    assert not ends_sentence("well,")
    assert ends_clause("well,")
    assert ends_clause("وكذلك،")
    assert is_punctuation("...")
    assert not is_punctuation("$")
    assert not is_punctuation(" ")
    assert opens("¿")
    assert not opens(".")
