"""Turns of words on one tier a speaker, as annotation programs take them: whole milliseconds, none without length."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .lines import milliseconds, passages

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from ..fusion.cues import Passage
    from ..fusion.document import Document

NOBODY = "unknown"
"""The tier of what was said by nobody in particular."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A text from `start` to `end` in milliseconds; `end` is the later one."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Utterance(Interval):
    """What one speaker says in one go; its words begin and end it, and there is at least one."""

    words: tuple[Interval, ...]


@dataclass(frozen=True, slots=True)
class Tier:
    """One speaker's utterances in order; neither they nor their words overlap. speaker: None is nobody.

    name: which no other tier of the document has.
    """

    speaker: str | None
    name: str
    utterances: tuple[Utterance, ...]


def tiers_of(document: Document) -> tuple[Tier, ...]:
    """One tier a speaker, in the order in which they are first heard, and one for nobody's words, if there are any.

    Example:
        >>> from ..fusion.document import Document
        >>> from ..fusion.types import Segment, Transcript, Word
        >>> said = Segment(0.0, 9.0, " Hi.", (Word(0.5, 0.5, " Hi.", speaker="Ana"),), "Ana")
        >>> tiers_of(Document(Transcript((said,), "en", 9.0)))[0].utterances[0]
        Utterance(start=500, end=501, text='Hi.', words=(Interval(start=500, end=501, text='Hi.'),))
    """
    own: dict[str | None, list[Passage]] = {}
    for passage in passages(document):
        own.setdefault(passage.speaker, []).append(passage)
    speakers = sorted(own, key=lambda speaker: speaker is None)
    return tuple(
        Tier(speaker, speaker or unique(NOBODY, own), tuple(_utterances(own[speaker]))) for speaker in speakers
    )


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


def _utterances(own: Iterable[Passage]) -> Iterable[Utterance]:
    """One speaker's passages; words of no length get a millisecond, for which what follows makes room."""
    free = 0
    for passage in own:
        words = []
        for word in passage.words:
            start = max(milliseconds(word.start), free)
            free = max(milliseconds(word.end), start + 1)
            words.append(Interval(start, free, " ".join(word.text.split())))
        yield Utterance(words[0].start, free, passage.text, tuple(words))
