"""Lines that fit."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from diarfuse.fusion.text import display_width, graphemes, wrap

SCRIPTS = (
    "abc dé e\u0301 日本語、 مرحبا שָׁלוֹם สวัสดีครับ น้ำ क्षत्रिय 👩\u200d👩\u200d👧 👍🏽 🇩🇪🇫🇷 한\u1112\u1161\u11ab , . ?!"
)
TEXT = st.text(st.sampled_from(SCRIPTS), max_size=30)


@given(TEXT, st.integers(2, 12), st.sets(st.integers(0, 12)))
def test_wrapped_lines_fit_and_lose_only_spaces(text, width, seams):
    lines = wrap(text, width, seams)
    assert all(display_width(line) <= width or len(graphemes(line)) == 1 for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_scripts_without_spaces_break_where_words_begin():
    words = ["สวัสดี", "ครับ", "ผม", "ชื่อ", "สมชาย"]
    seams = {sum(map(len, words[:i])) for i in range(len(words))}
    assert wrap("".join(words), 8, seams) == ("สวัสดีครับ", "ผมชื่อ", "สมชาย")
    assert wrap("".join(words), 8)[0] not in ("สวัสดี", "สวัสดีครับ"), "without them it can only break anywhere"
    assert wrap("two words", 5, {1, 4}) == ("two", "words"), "elsewhere only spaces divide words"


def test_lines_do_not_begin_with_closing_marks():
    assert wrap("日本語、日本語。", 6) == ("日本", "語、日", "本語。")
