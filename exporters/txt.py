"""Plain text: one paragraph a turn, ``SPEAKER_00: text``, or as a template has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .lines import named, passages
from .style import DEFAULT, Style
from .templates import fields_of

if TYPE_CHECKING:
    from ..fusion.document import Document

ENDING = ".txt"
NEEDS = "words"
ABOUT = "one paragraph a turn, or any form of it (`--template`)"


def dumps(document: Document, style: Style = DEFAULT) -> str:
    """Paragraphs by their time, a blank line between them; as `style.template` has it, which says what is between."""
    rows = passages(document)
    if style.template is None:
        return "\n".join(f"{named(row.speaker, row.text)}\n" for row in rows)
    return "".join(f"{style.template.fill(fields_of(row, number))}\n" for number, row in enumerate(rows, start=1))
