"""Plain text: one line a segment, ``SPEAKER_00: text``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .lines import spoken
from .style import DEFAULT, Style

if TYPE_CHECKING:
    from ..fusion.document import Document

ENDING = ".txt"
NEEDS = "words"
ABOUT = "one line a segment"


def dumps(document: Document, _: Style = DEFAULT) -> str:
    """One line a segment in the recogniser's order; segments without text leave none."""
    return "".join(f"{line}\n" for line in map(spoken, document.transcript.segments) if line)
