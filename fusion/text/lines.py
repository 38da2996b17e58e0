"""Text in lines that fit a width, broken where a reader would break it."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

from .graphemes import display_width, graphemes
from .scripts import is_punctuation, is_wide, opens

if TYPE_CHECKING:
    from collections.abc import Sequence

_NO_STARTS = frozenset(
    "ぁぃぅぇぉっゃゅょゎゕゖァィゥェォッャュョヮヵヶㇰㇱㇲㇳㇴㇵㇶㇷㇸㇹㇺㇻㇼㇽㇾㇿーゝゞヽヾ々〻ｧｨｩｪｫｯｬｭｮｰﾞﾟ"
)
"""Small kana, and what repeats or lengthens the character before: they begin no line."""

_WEAK, _LINE, _EMPTY, _CLAUSE = 1000.0, 0.5, 20.0, 0.1
"""Costs of a line that ends in a weak part, of each line, of a first line with a label only; gain of a clause's end."""


_NEAR = 32
"""So many places before and after the ideal one are looked at."""


@dataclass(frozen=True, slots=True)
class Part:
    """What no line break divides.

    spaced: whether a space stands before it. width: of `text` in columns.
    weak: a word that should not end a line, such as an article. closed: it ends a clause or a sentence.
    """

    text: str
    width: int
    spaced: bool = False
    weak: bool = False
    closed: bool = False


def breakable(text: str, width: int) -> list[str]:
    """A word in the parts between which a line may break: at East Asian wide characters, but not before closing marks.

    A part that is wider than `width` is broken between visible characters.

    Example:
        >>> breakable("日本語。", 42), breakable("word", 3)
        (['日', '本', '語。'], ['wor', 'd'])
    """
    if text.isascii():
        return fitting(text, width)
    parts: list[str] = []
    for cluster in graphemes(text):
        if parts and not _may_break(parts[-1], cluster):
            parts[-1] += cluster
        else:
            parts.append(cluster)
    return [piece for part in parts for piece in fitting(part, width)]


def _may_break(before: str, cluster: str) -> bool:
    wide = is_wide(cluster[0]) or is_wide(before[-1])
    closing = cluster[0] in _NO_STARTS or (is_punctuation(cluster) and not opens(cluster))
    return wide and not closing and not opens(before[-1])


def fitting(text: str, width: int) -> list[str]:
    """`text` in pieces of at most `width` columns, cut between visible characters; linear in its length."""
    if display_width(text) <= width:
        return [text]
    pieces = [""]
    filled = 0
    for cluster in graphemes(text):
        wide = display_width(cluster)
        if pieces[-1] and filled + wide > width:
            pieces.append("")
            filled = 0
        pieces[-1] += cluster
        filled += wide
    return pieces


def best_lines(parts: Sequence[Part], width: int, lines: int, indent: int = 0) -> list[tuple[int, int]] | None:
    """Where to break parts into lines: about equally long, none ending in a weak part where another break exists.

    Args:
        parts: of the text, in order.
        width: columns a line.
        lines: at most so many.
        indent: columns taken at the beginning of the first line, by a label.

    Returns:
        half-open ranges of `parts`, one a line; the first may be empty, for a
        label that leaves no room beside it. None where the parts do not fit.
    """
    count = len(parts)
    ends = list(accumulate((part.width + part.spaced for part in parts), initial=0))
    ideal = (indent + ends[-1]) / max(1, -(-(indent + ends[-1]) // width))
    best: dict[int, tuple[float, list[int]]] = {0: (0.0, [0])}
    found: tuple[float, list[int]] | None = None
    for line in range(min(lines, count + 1)):  # each holds a part, but for an empty first one
        reached: dict[int, tuple[float, list[int]]] = {}
        for start, (cost, breaks) in best.items():
            taken = (indent if line == 0 else 0) - ends[start] - (start < count and parts[start].spaced)
            stops = _stops(ends, start, width - taken, ideal - taken)
            for stop in [start, *stops] if line == 0 and indent else stops:
                price = cost + _price(parts, start, stop, (taken + ends[stop] - ideal) / width)
                if stop not in reached or price < reached[stop][0]:
                    reached[stop] = price, [*breaks, stop]
        whole = reached.pop(count, None)
        if whole is not None and (found is None or whole[0] < found[0]):
            found = whole
        best = reached
    return None if found is None else list(pairwise(found[1]))


def _stops(ends: Sequence[int], start: int, most: float, ideal: float) -> list[int]:
    """Where a line that begins at `start` may stop: the ends up to `most` that lie about `ideal`, and the last."""
    last = bisect_right(ends, most) - 1
    middle = bisect_right(ends, ideal)
    low = min(max(start + 1, middle - _NEAR), last)
    return [*range(max(start + 1, low), min(last, middle + _NEAR)), *([last] if last > start else [])]


def _price(parts: Sequence[Part], start: int, stop: int, off: float) -> float:
    """What a line of these parts costs, `off` the ideal length by a share of the width."""
    if stop == start:
        return _EMPTY
    price = _LINE + off * off
    if stop < len(parts):
        last = parts[stop - 1]
        price += _WEAK * last.weak - _CLAUSE * last.closed
    return price


def text_of(parts: Sequence[Part]) -> str:
    """The parts as a line."""
    return "".join((" " if part.spaced and index else "") + part.text for index, part in enumerate(parts))
