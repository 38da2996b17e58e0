"""Facts about letters and marks: which scripts write no spaces, what is punctuation, what opens."""

from __future__ import annotations

import re
import unicodedata

_UNSPACED = re.compile(
    "["
    "\u0e00-\u0eff"  # Thai, Lao
    "\u0f00-\u0fff"  # Tibetan
    "\u1000-\u109f\ua9e0-\ua9ff\uaa60-\uaa7f\U000116d0-\U000116ff"  # Myanmar and its extensions
    "\u1780-\u17ff\u19e0-\u19ff"  # Khmer
    "\u1950-\u19df\u1a20-\u1aaf\uaa80-\uaadf"  # Tai Le, New Tai Lue, Tai Tham, Tai Viet
    "\u2e80-\u2fff\u3005-\u3007\u3021-\u3029\u3031-\u3035\u3038-\u303c"  # radicals, iteration marks, Hangzhou numerals
    "\u3040-\u312f\u31a0-\u31ff\uff66-\uff9f\U0001aff0-\U0001b16f"  # Hiragana, Katakana (half-width too), Bopomofo
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Han, with all of its planes
    "]"
)
"""Characters of scripts that write no spaces between words. Full-width Latin and Hangul do write them."""


def is_unspaced(char: str) -> bool:
    """Whether the script of this character writes words without spaces.

    Example:
        >>> is_unspaced("日"), is_unspaced("ﾊ"), is_unspaced("ཀ"), is_unspaced("Ａ"), is_unspaced("한")
        (True, True, True, False, False)
    """
    return _UNSPACED.match(char) is not None


def unspaced(left: str, right: str) -> bool:
    """Whether no space belongs between these characters, if words meet there.

    None does beside a script that writes none, nor beside a full-width mark,
    which brings its own room.

    Example:
        >>> unspaced("本", "O"), unspaced("。", "O"), unspaced(".", "O")
        (True, True, False)
    """
    return any(is_unspaced(char) or (is_wide(char) and is_punctuation(char)) for char in (left, right))


def is_wide(char: str) -> bool:
    """Whether this character fills two columns by nature: Han, kana, Hangul, full-width forms, most emoji."""
    return unicodedata.east_asian_width(char) in "WF"


def is_punctuation(text: str) -> bool:
    """Whether `text` holds marks only: neither letter, digit nor symbol. Blank text does not."""
    return bool(text.strip()) and not any(unicodedata.category(char)[0] in "LNSM" for char in text)


def opens(text: str) -> bool:
    """Whether `text` is only an opening bracket or quote, which belongs to what follows."""
    mark = text.strip()
    return len(mark) == 1 and (unicodedata.category(mark) in ("Ps", "Pi") or mark in "¿¡")


def visible(text: str) -> int:
    """How many characters of `text` are no spaces."""
    return sum(not char.isspace() for char in text)


def direction(text: str) -> str:
    """``R`` for text that begins right to left, ``L`` for left to right; empty where no letter tells.

    Example:
        >>> direction("1. שלום"), direction("ok"), direction("...")
        ('R', 'L', '')
    """
    kinds = (unicodedata.bidirectional(char) for char in text)
    return next((kind[0].replace("A", "R") for kind in kinds if kind in ("L", "R", "AL")), "")
