"""Which scripts write no spaces: one answer, where there were four."""

from __future__ import annotations

import pytest

from diarfuse.fusion.text import is_punctuation, is_unspaced, opens, unspaced


@pytest.mark.parametrize(
    "char",
    [
        "日",
        "㐀",
        "\U00020000",
        "\U00030000",
        "\uf900",
        "⼀",
        "々",
        "あ",
        "ア",
        "ㇰ",
        "ﾊ",
        "ㄅ",
        "ก",
        "ກ",
        "ཀ",
        "က",
        "ꩠ",
        "ꧠ",
        "ក",
        "᧠",
        "ᥐ",
        "ᦀ",
        "ᨠ",
        "ꪀ",
    ],
)
def test_scripts_without_spaces(char):
    assert is_unspaced(char)


@pytest.mark.parametrize("char", ["a", "é", "Ａ", "１", "한", "ㄱ", "अ", "ا", "ა", "ሀ", "!", " ", "—"])
def test_scripts_with_spaces(char):
    assert not is_unspaced(char)


@pytest.mark.parametrize(
    ("left", "right", "bare"),
    [
        ("本", "O", True),
        ("O", "本", True),
        ("Ａ", "Ｂ", False),
        ("。", "O", True),
        ("O", "「", True),
        ("！", "Ａ", True),
        (".", "O", False),
        ("글", "한", False),
        ("།", "ཀ", True),
    ],
)
def test_where_no_space_belongs(left, right, bare):
    assert unspaced(left, right) is bare


def test_marks():
    assert is_punctuation("...")
    assert not is_punctuation("$")
    assert not is_punctuation(" ")
    assert opens("¿")
    assert not opens(".")
