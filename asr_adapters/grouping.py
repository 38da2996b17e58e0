"""Segments for recognisers that give only a row of words."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from ..fusion.text import ends_sentence, unspaced
from ..fusion.types import Seconds, Segment, Word

PAUSE: Seconds = 1.0
"""A pause this long ends a segment."""


def grouped(words: Iterable[Word]) -> Iterator[Segment]:
    """Segments of `words` in their order: a new one after a sentence's end or a pause of a second."""
    group: list[Word] = []
    for word in words:
        if group and _breaks(group[-1], word):
            yield segment_of(group)
            group = []
        group.append(word)
    if group:
        yield segment_of(group)


def _breaks(before: Word, after: Word) -> bool:
    if before.end is None or after.start is None:
        return False
    return after.start - before.end >= PAUSE or ends_sentence(before.text)


def segment_of(words: Sequence[Word]) -> Segment:
    """One segment of all `words`; at 0.0 s if none has a time."""
    return Segment(*(extent(words) or (0.0, 0.0)), joined(words), tuple(words))


def extent(words: Sequence[Word]) -> tuple[Seconds, Seconds] | None:
    """From the first start to the last end; None if no word has a time."""
    starts = [word.start for word in words if word.start is not None]
    ends = [word.end for word in words if word.end is not None]
    return (min(starts), max(ends)) if starts and ends else None


def joined(words: Sequence[Word]) -> str:
    """The words' text, with a space between those that bring none there and need one."""
    texts = [word.text for word in words if word.text]
    spaced = any(text[0].isspace() or text[-1].isspace() for text in texts)
    gaps = ["", *(_gap(before, after, spaced) for before, after in pairwise(texts))]
    return "".join(gap + text for gap, text in zip(gaps, texts, strict=False))


def _gap(before: str, after: str, spaced: bool) -> str:
    """A space, or nothing where one stands already or none belongs.

    `spaced`: other words bring theirs, so that one with a mark and no space beside it (``-two``) is meant so.
    """
    left, right = before[-1], after[0]
    if left.isspace() or right.isspace() or unspaced(left, right):
        return ""
    joint = (
        unicodedata.category(right)[0] == "P" or unicodedata.category(left) in ("Pd", "Ps", "Pi") or left in "'\u2019"
    )
    return "" if spaced and joint else " "
