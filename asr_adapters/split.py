"""Cut a line of text into its words without changing a character of it."""

from __future__ import annotations

import re
import unicodedata

# Scripts that write no spaces between words: every character (with its marks) is a piece of its own.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff"
)
_ONE = re.compile(f"[{_UNSPACED}]")
_PIECE = re.compile(rf"\s*(?:[{_UNSPACED}]|[^\s{_UNSPACED}]+)")


def split_text(text: str) -> list[str]:
    """Pieces that concatenate to `text`, one a word; spaces lead their word, as Whisper has it.

    Chinese, Japanese, Thai, Lao, Khmer and Burmese are cut between
    characters, never before a combining mark; punctuation follows its word.
    An empty text has no pieces, a text of spaces only is one.

    >>> split_text("Well, yes -- no ")
    ['Well,', ' yes', ' --', ' no ']
    """
    pieces: list[str] = []
    for piece in _PIECE.findall(text):
        if pieces and _belongs_to_previous(piece):
            pieces[-1] += piece
        else:
            pieces.append(piece)
    rest = text[sum(map(len, pieces)) :]
    if not rest:
        return pieces
    return [*pieces[:-1], pieces[-1] + rest] if pieces else [rest]


def _belongs_to_previous(piece: str) -> bool:
    """Marks, and punctuation without a space before it, never start a word."""
    return not piece[0].isspace() and all(unicodedata.category(character)[0] in "MP" for character in piece)


def needs_space(before: str, after: str) -> bool:
    """Whether a space belongs between two words that bring none: not beside a script that writes none.

    >>> needs_space("hello", "there"), needs_space("\u4f60", "\u597d")
    (True, False)
    """
    return not (before and after and (_ONE.match(before[-1]) or _ONE.match(after[0])))


def weight(piece: str) -> int:
    """How long a piece probably takes to say, in letters; at least 1."""
    return max(1, sum(character.isalnum() for character in piece))
