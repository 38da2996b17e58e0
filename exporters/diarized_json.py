"""OpenAI's ``diarized_json``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .lines import renamed, to_json
from .openai import diarized
from .style import DEFAULT, Style

if TYPE_CHECKING:
    from ..fusion.document import Document

ENDING = ".diarized.json"
NEEDS = "words"
ABOUT = "OpenAI's `diarized_json`: segments of one speaker each"


def dumps(document: Document, _: Style = DEFAULT) -> str:
    """One entry a segment, which is cut where the speaker changes."""
    from ..fusion.cues import split_segments

    return to_json(diarized(split_segments(renamed(document.transcript))), indent=1) + "\n"
