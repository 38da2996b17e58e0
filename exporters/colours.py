"""A colour for each speaker, as on the page: people who see few colours can tell them apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..fusion.document import Document

SET = (
    *("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#7f7f7f"),
    *("#66aad1", "#f0c566", "#66c5ab", "#e0afca"),
)
"""Okabe and Ito's set, then tints and shades of it; who comes thirteenth has the first again."""


def colours_of(document: Document) -> dict[str, str]:
    """Everybody's colour, in the order in which they are first heard; that decides which is whose.

    Example:
        >>> from diarfuse import Document, Segment, Transcript
        >>> colours_of(Document(Transcript((Segment(0.0, 1.0, "Hi", speaker="Ben"),), "en", 1.0)))
        {'Ben': '#0072b2'}
    """
    heard = [(turn.start, turn.speaker) for turn in document.turns]
    heard += [(w.start, w.speaker) for w in document.transcript.words if w.start is not None and w.speaker is not None]
    order = dict.fromkeys((*(speaker for _, speaker in sorted(heard)), *document.speakers))
    return {speaker: SET[index % len(SET)] for index, speaker in enumerate(order)}
