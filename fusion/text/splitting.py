"""A line of text cut into its words without changing a character of it, and words put together to a line."""

from __future__ import annotations

import unicodedata
from itertools import pairwise
from typing import TYPE_CHECKING

from .graphemes import graphemes
from .scripts import is_punctuation, is_unspaced, opens, unspaced

if TYPE_CHECKING:
    from collections.abc import Iterable


def split_text(text: str) -> list[str]:
    """Pieces that concatenate to `text`, one a word; spaces lead their word, as Whisper has it.

    Scripts that write no spaces are cut between visible characters; closing
    punctuation follows its word, an opening bracket leads it. An empty text has
    no pieces, a text of spaces only is one.

    >>> split_text("Well, yes -- no ")
    ['Well,', ' yes', ' --', ' no ']
    """
    pieces: list[str] = []
    for cluster in graphemes(text):
        if pieces and not _begins_word(pieces[-1], cluster):
            pieces[-1] += cluster
        else:
            pieces.append(cluster)
    if len(pieces) > 1 and not pieces[-1].strip():
        return [*pieces[:-2], pieces[-2] + pieces[-1]]
    return pieces


def _begins_word(before: str, cluster: str) -> bool:
    """Whether `cluster` begins the next word after the piece `before`."""
    word = before.lstrip()
    if not word or cluster.isspace():
        return bool(word)
    belongs = opens(word) or (not opens(cluster) and _is_no_letter(cluster))
    return not belongs and (is_unspaced(word[0]) or unspaced(word[-1], cluster[0]))


def _is_no_letter(cluster: str) -> bool:
    """Marks, punctuation and what cannot be seen never start a word."""
    return all(unicodedata.category(character)[0] in "MPC" for character in cluster)


def weight(piece: str) -> int:
    """How long a piece probably takes to say, in letters; at least 1."""
    return max(1, sum(character.isalnum() for character in piece))


def joined(texts: Iterable[str]) -> str:
    """The words as a line, with a space between those that bring none there and need one.

    No space comes before closing marks, after opening ones, or between words of
    scripts that write none.

    >>> joined(["Hi", ",", "you"]), joined([" One", "-two"])
    ('Hi, you', ' One-two')
    """
    words = [text for text in texts if text]
    spaced = any(text[0].isspace() or text[-1].isspace() for text in words)
    gaps = ["", *(_gap(before, after, spaced=spaced) for before, after in pairwise(words))]
    return "".join(gap + text for gap, text in zip(gaps, words, strict=False))


def _gap(before: str, after: str, *, spaced: bool) -> str:
    """A space, or nothing where one stands already or none belongs.

    `spaced`: other words bring theirs, so that one with a mark and no space beside it (``-two``) is meant so.
    """
    left, right = before[-1], after[0]
    if left.isspace() or right.isspace() or unspaced(left, right):
        return ""
    if opens(before) or (is_punctuation(after) and not opens(after)):
        return ""
    joint = (
        unicodedata.category(right)[0] == "P" or unicodedata.category(left) in ("Pd", "Ps", "Pi") or left in "'\u2019"
    )
    return "" if spaced and joint else " "


def one_line(text: str) -> str:
    r"""`text` without its outer spaces and with its line breaks made spaces; spaces inside a line stay as they are.

    >>> one_line(" Well,  yes. \n No.")
    'Well,  yes. No.'
    """
    return " ".join(line.strip() for line in text.splitlines() if line.strip())
