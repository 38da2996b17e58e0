"""Turns of words on one tier a speaker, as annotation programs take them: whole milliseconds, none without length."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING

from .lines import milliseconds, passages

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Sequence

    from ..fusion.cues import Passage
    from ..fusion.document import Document

NOBODY = "unknown"
"""The tier of what was said by nobody in particular."""
_SEAM = 100
"""Milliseconds: what overlaps the one before it by no more cuts its end; by more it goes to another tier."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A text from `start` to `end` in milliseconds; `end` is the later one.

    words: of what one speaker says in one go, which lasts from the first to the last to end; a word has none. Each
        begins later than the one before it, though it may before that is over.
    """

    start: int
    end: int
    text: str
    words: tuple[Interval, ...] = ()

    def until(self, end: int) -> Interval:
        """The same, over at `end` at the latest, which is after its start and those of its words."""
        return replace(self, end=min(self.end, end), words=tuple(word.until(end) for word in self.words))

    def leaves_room(self, start: int) -> bool:
        """Whether what begins at `start` may follow on the same tier, where this one is cut by less than is left."""
        fits = self.end - start <= min(_SEAM, start - self.start)
        return fits and all(word.leaves_room(start) for word in reversed(self.words))


@dataclass(frozen=True, slots=True)
class Tier:
    """Utterances of one speaker in order, which do not overlap. speaker: None is nobody.

    name: which no other tier of the document has.
    """

    speaker: str | None
    name: str
    utterances: tuple[Interval, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A tier as it stands in a file: turns, or words, which belong to those of the tier `above`."""

    name: str
    tier: Tier
    intervals: Sequence[Interval]
    above: str | None = None


def tiers_of(document: Document) -> tuple[Tier, ...]:
    """A tier a speaker, in the order in which they are first heard, and one for nobody's words, if there are any.

    Whoever is said to say two things at once has as many tiers, ``Ana``, ``Ana (2)``.

    Example:
        >>> from diarfuse import Document, Segment, Transcript, Word
        >>> said = Segment(0.0, 9.0, " Hi.", (Word(0.5, 0.5, " Hi.", speaker="Ana"),), "Ana")
        >>> utterance = tiers_of(Document(Transcript((said,), "en", 9.0)))[0].utterances[0]
        >>> utterance.start, utterance.end, utterance.text, len(utterance.words)
        (500, 501, 'Hi.', 1)
    """
    own: dict[str | None, list[Interval]] = {}
    for passage in passages(document):
        own.setdefault(passage.speaker, []).append(_utterance(passage))
    names: set[object] = set(own)
    tiers = []
    for speaker in sorted(own, key=lambda speaker: speaker is None):
        name = speaker or unique(NOBODY, names)
        for number, utterances in enumerate(_apart(own[speaker])):
            tiers.append(Tier(speaker, unique(name, names) if number else name, tuple(utterances)))
            names.add(tiers[-1].name)
    return tuple(tiers)


def rows_of(tiers: Sequence[Tier]) -> Iterator[Row]:
    """The turns of each tier, then their words, on more than one row where they overlap."""
    names = {tier.name for tier in tiers}
    for tier in tiers:
        yield Row(tier.name, tier, tier.utterances)
        for words in _apart(word for utterance in tier.utterances for word in utterance.words):
            name = unique(f"{tier.name} - words", names)
            names.add(name)
            yield Row(name, tier, words, tier.name)


def unique(name: str, taken: Container[object]) -> str:
    """`name`, with a number where it is taken.

    >>> unique("Ana", {"Ana", "Ana (2)"})
    'Ana (3)'
    """
    number, found = 1, name
    while found in taken:
        number += 1
        found = f"{name} ({number})"
    return found


def _utterance(passage: Passage) -> Interval:
    """The passage in milliseconds; words of one time are one, and one without length takes one from what follows."""
    words: list[Interval] = []
    for (start, end), same in groupby(passage.words, lambda word: (milliseconds(word.start), milliseconds(word.end))):
        texts = [" ".join(word.text.split()) for word in same]
        for text in [" ".join(texts)] if start < end else texts:
            free = max(start, words[-1].start + 1) if words else start
            words.append(Interval(free, max(end, free + 1), text))
    return Interval(words[0].start, max(word.end for word in words), passage.text, tuple(words))


def _apart(rows: Iterable[Interval]) -> list[list[Interval]]:
    """The rows, by their start, on as few layers as keep them apart."""
    layers: list[list[Interval]] = []
    for row in rows:
        layer = next((layer for layer in layers if layer[-1].leaves_room(row.start)), None)
        if layer is None:
            layers.append([row])
        else:
            layer[-1] = layer[-1].until(row.start)
            layer.append(row)
    return layers
