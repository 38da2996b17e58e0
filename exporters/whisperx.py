"""JSON in the shape that WhisperX writes, for the tools that read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .lines import to_json
from .style import DEFAULT, Style

if TYPE_CHECKING:
    from ..fusion.document import Document
    from ..fusion.types import Segment, Word

ENDING = ".whisperx.json"
NEEDS = "words"
ABOUT = "the shape that WhisperX writes"


def dumps(document: Document, _: Style = DEFAULT) -> str:
    """``{segments, word_segments, language}``; a word without times has none of the two keys, as there."""
    transcript = document.transcript
    segments = [_segment(segment) for segment in transcript.segments]
    words = [word for segment in segments for word in segment["words"]]
    whole = {"segments": segments, "word_segments": words, "language": transcript.language}
    return to_json(whole, indent=1) + "\n"


def _segment(segment: Segment) -> dict[str, Any]:
    row: dict[str, Any] = {
        "start": round(float(segment.start), 3),
        "end": round(float(segment.end), 3),
        "text": segment.text,
        "words": [_word(word) for word in segment.words],
    }
    return row | ({} if segment.speaker is None else {"speaker": segment.speaker})


def _word(word: Word) -> dict[str, Any]:
    values = {"start": word.start, "end": word.end, "score": word.probability}
    row: dict[str, Any] = {"word": word.text.strip()}
    row |= {key: round(float(value), 3) for key, value in values.items() if value is not None}
    return row | ({} if word.speaker is None else {"speaker": word.speaker})
