"""A diarization as JSON, for `transcribe diarize -o turns.json`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..fusion.types import Diarization, Turn


def dumps(diarization: Diarization) -> str:
    """``{duration, speakers, turns, exclusive, notes}``; embeddings are never written."""
    document = {
        "duration": round(float(diarization.duration), 3),
        "speakers": list(diarization.speakers),
        "turns": _rows(diarization.turns),
        "exclusive": _rows(diarization.exclusive),
        "notes": list(diarization.notes),
    }
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def _rows(turns: Iterable[Turn]) -> list[dict[str, Any]]:
    return [{"start": round(float(t.start), 3), "end": round(float(t.end), 3), "speaker": t.speaker} for t in turns]
