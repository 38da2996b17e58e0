"""SegLST, the JSON list that meeting-transcription scorers such as meeteval read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..fusion.text import one_line
from .lines import label, to_json
from .style import DEFAULT, Style

if TYPE_CHECKING:
    from ..fusion.document import Document

ENDING = ".seglst.json"
NEEDS = "words"
ABOUT = "SegLST, for meeteval and other scorers"
SPEAKERS = r'"speaker": "((?:[^"\\]|\\.)+)"'
"""Where a file has its speakers."""


def dumps(document: Document, _: Style = DEFAULT) -> str:
    """One entry a segment; a segment without a speaker is given to ``"unknown"``, since the key is required."""
    rows = [
        {
            "session_id": document.name,
            "speaker": label(segment.speaker) if segment.speaker else "unknown",
            "start_time": round(float(segment.start), 3),
            "end_time": round(float(segment.end), 3),
            "words": one_line(segment.text),
        }
        for segment in document.transcript.segments
    ]
    return to_json(rows, indent=1) + "\n"
