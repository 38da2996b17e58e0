"""Segments for recognisers that give only a row of words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ..fusion.text import joined, sentence_ends
from ..fusion.types import Seconds, Segment, Word

PAUSE: Seconds = 1.0
"""A pause this long ends a segment."""

_NEAR = 32
"""So many words tell whether a full stop ends a sentence."""


def grouped(words: Iterable[Word], language: str | None = None) -> Iterator[Segment]:
    """Segments of `words` in their order: a new one after a sentence's end or a pause of a second.

    language: of the words, whose abbreviations end no sentence; an ISO 639 code, None for English.
    """
    grouping = Grouping(language)
    for word in words:
        yield from grouping.add(word)
    yield from grouping.rest()


class Grouping:
    """The same of words that come one by one."""

    def __init__(self, language: str | None = None) -> None:
        self._language = language
        self._group: list[Word] = []

    def add(self, word: Word) -> tuple[Segment, ...]:
        """The segment that ends before `word`, if one does."""
        done = self.rest() if self._group and _breaks(self._group, word, self._language) else ()
        self._group.append(word)
        return done

    def rest(self) -> tuple[Segment, ...]:
        """The segment of the words that are left, if there are any."""
        group, self._group = self._group, []
        return (segment_of(group),) if group else ()


def _breaks(group: Sequence[Word], after: Word, language: str | None) -> bool:
    before = group[-1]
    if before.end is None or after.start is None:
        return False
    if after.start - before.end >= PAUSE:
        return True
    near = [word.text for word in (*group[-_NEAR:], after)]
    return sentence_ends(near, language)[-2]


def segment_of(words: Sequence[Word]) -> Segment:
    """One segment of all `words`; at 0.0 s if none has a time."""
    return Segment(*(extent(words) or (0.0, 0.0)), joined(word.text for word in words), tuple(words))


def extent(words: Sequence[Word]) -> tuple[Seconds, Seconds] | None:
    """From the first start to the last end; None if no word has a time."""
    starts = [word.start for word in words if word.start is not None]
    ends = [word.end for word in words if word.end is not None]
    return (min(starts), max(ends)) if starts and ends else None
