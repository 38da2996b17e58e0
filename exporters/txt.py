"""Plain text: one paragraph a turn, ``SPEAKER_00: text``, or as a template has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..fusion.layout import NOBODY
from .lines import named, timestamp
from .marks import marked
from .style import DEFAULT, Style

if TYPE_CHECKING:
    from ..fusion.cues import Passage
    from ..fusion.document import Document

ENDING = ".txt"
NEEDS = "words"
ABOUT = "one paragraph a turn, or any form of it (`--template`)"
SPEAKERS = r"(?:\A|\n\n)([^:\n]{1,99}): "
"""Where a file has its speakers."""


def dumps(document: Document, style: Style = DEFAULT) -> str:
    """Paragraphs by their time, a blank line between them; as `style.template` has it, which says what is between."""
    rows = marked(document, style)
    if style.template is None:
        return "\n".join(f"{named(row.speaker, row.text)}\n" for row in rows)
    return "".join(f"{style.template.fill(fields_of(row, number))}\n" for number, row in enumerate(rows, start=1))


def fields_of(row: Passage, number: int) -> dict[str, str]:
    """The values of `templates.FIELDS`; `end` is a tenth after `start` at the least, as a span must last some time."""
    return {
        "number": str(number),
        "start": timestamp(row.start),
        "end": timestamp(max(row.end, row.start + 0.1)),
        "start_seconds": f"{row.start:.3f}",
        "end_seconds": f"{row.end:.3f}",
        "speaker": NOBODY if row.speaker is None else row.speaker,
        "text": row.text.replace("\t", " "),
    }
