"""Visible characters: where text may be cut between them, and how many columns they fill.

The clusters are those of Unicode's annex 29, the widths those of terminals; both
from `wcwidth`, whose tables follow each Unicode version.
"""

from __future__ import annotations

from bisect import bisect_left
from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def graphemes(text: str) -> list[str]:
    """The visible characters of `text`; joined together they are `text`.

    Example:
        >>> [len(character) for character in graphemes("e\N{COMBINING ACUTE ACCENT}a")]
        [2, 1]
    """
    if text.isascii() and "\r" not in text:
        return list(text)
    from wcwidth import iter_graphemes

    return list(iter_graphemes(text))


def boundaries(text: str) -> Sequence[int]:
    """Every offset where cutting leaves all visible characters whole, rising; both ends of `text` included."""
    if text.isascii() and "\r" not in text:
        return range(len(text) + 1)
    return list(accumulate(map(len, graphemes(text)), initial=0))


def next_cut(places: Sequence[int], offset: int) -> int:
    """The first of `boundaries` at or after `offset`; the last one for an offset behind it.

    Example:
        >>> next_cut(boundaries("e\u0301a"), 1)
        2
    """
    return places[min(bisect_left(places, offset), len(places) - 1)]


def may_cut(text: str, offset: int) -> bool:
    """Whether cutting before ``text[offset]`` leaves every visible character whole."""
    if not 0 < offset < len(text):
        return True
    from wcwidth import grapheme_boundary_before

    return grapheme_boundary_before(text, offset + 1) == offset


def display_width(text: str) -> int:
    """Columns of a fixed-width screen: 2 for East Asian wide characters and emoji, 0 for marks.

    Right-to-left letters count as any other; invisible direction marks count 0.

    Example:
        >>> display_width("日本"), display_width("cafe\u0301"), display_width("שלום")
        (4, 4, 4)
    """
    return len(text) if text.isascii() else sum(map(_cluster_width, graphemes(text)))


@lru_cache(maxsize=4096)
def _cluster_width(cluster: str) -> int:
    """One visible character by itself, so that widths add up wherever a text is cut."""
    from wcwidth import width

    return width(cluster, control_codes="ignore")
