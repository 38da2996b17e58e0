import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarfuse.fusion.text.splitting import joined, split_text, weight

texts = st.text(
    alphabet=st.one_of(st.sampled_from(" \t.,-'aé\u0301ก็漢字。かمر\u0300👍🏽"), st.characters()), max_size=60
)


@given(texts)
def test_pieces_concatenate_to_the_text(text):
    assert "".join(split_text(text)) == text
    assert all(split_text(text))


@given(texts)
def test_no_piece_but_the_first_begins_with_a_combining_mark(text):
    assert not any(unicodedata.category(piece[0])[0] == "M" for piece in split_text(text)[1:])


@given(st.lists(st.text(alphabet="abc'-.", min_size=1, max_size=6), min_size=1))
def test_words_between_spaces_are_the_pieces(words):
    assert [piece.strip() for piece in split_text(" ".join(words))] == words


def test_unspaced_scripts_are_cut_between_characters():
    assert split_text("你好,世界。 ok") == ["你", "好,", "世", "界。", " ok"]
    assert split_text("ก็ดี") == ["ก็", "ดี"]
    assert split_text("น้ำใจ") == ["น้ำ", "ใ", "จ"], "SARA AM belongs to the letter before it"
    assert split_text("བོད།") == ["བོ", "ད།"]
    assert split_text("ﾊﾞｽ ok") == ["ﾊﾞ", "ｽ", " ok"]
    assert split_text("ＯＫです") == ["ＯＫ", "で", "す"], "full-width Latin writes words"
    assert split_text("我说「好」，ok。") == ["我", "说", "「好」，", "ok。"]


def test_no_visible_character_is_cut():
    assert split_text("क्षत्रिय है") == ["क्षत्रिय", " है"]
    assert split_text("\u1100\uac01") == ["\u1100\uac01"]


def test_edges():
    assert split_text("") == []
    assert split_text("  ") == ["  "]
    assert [weight(piece) for piece in split_text("a bcd --")] == [1, 3, 1]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["Hi", "there", "all "], "Hi there all "),
        (["Hi", " there", "all"], "Hi there all"),
        ([" Hi", "there", "all."], " Hi there all."),
        (["Hi ", "there ", "all"], "Hi there all"),
        ([" One", "-two", ",", " three"], " One-two, three"),
        ([" twenty-", "five"], " twenty-five"),
        (["said", '"Hello', "'em"], "said \"Hello 'em"),
        ([" a", "", " b"], " a b"),
        (["\u4f60", "\u597d "], "\u4f60\u597d "),
        (["So", "(", "yes", ")", "\u00bf", "Qu\u00e9", "?"], "So (yes) \u00bfQu\u00e9?"),
        ([], ""),
    ],
)
def test_each_boundary_gets_the_space_it_lacks(texts, expected):
    assert joined(texts) == expected
