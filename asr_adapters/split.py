"""Cut a line of text into its words without changing a character of it."""

from __future__ import annotations

import unicodedata

from ..fusion.text import graphemes, is_unspaced, opens, unspaced


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
