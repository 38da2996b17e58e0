"""SegLST, the JSON list that meeting-transcription scorers such as meeteval read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from .lines import one_line

if TYPE_CHECKING:
    from ..fusion.types import Transcript


def dumps(transcript: Transcript, *, session: str = "audio") -> str:
    """One entry a segment; a segment without a speaker is given to ``"unknown"``, since the key is required."""
    rows = [
        {
            "session_id": session,
            "speaker": segment.speaker or "unknown",
            "start_time": round(float(segment.start), 3),
            "end_time": round(float(segment.end), 3),
            "words": one_line(segment.text),
        }
        for segment in transcript.segments
    ]
    return json.dumps(rows, ensure_ascii=False, indent=1) + "\n"
