"""Everything a document holds, as JSON; docs/formats.md describes each key."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .style import DEFAULT, Style

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..fusion.document import Document
    from ..fusion.types import Attribution, Segment, Turn, Word

ENDING = ".json"
NEEDS = "anything"
ABOUT = "everything: words, times, reasons, confidences, turns ([docs/formats.md](docs/formats.md))"


def dumps(document: Document, _: Style = DEFAULT) -> str:
    """UTF-8 text as JSON, keys in a fixed order, times to the millisecond.

    `speaker` and `attribution` are there only where a join has run; a word that
    it could not give to anybody has ``"speaker": null`` and the reason. `turns`
    and `exclusive` are there only where somebody asked who spoke when.
    """
    transcript, diarization = document.transcript, document.diarization
    whole: dict[str, Any] = {
        "duration": _time(transcript.duration),
        "language": transcript.language,
        "speakers": _speakers(document),
        "notes": list(transcript.notes),
        "segments": [_segment(segment) for segment in transcript.segments],
    }
    if diarization is not None:
        whole |= {"turns": _turns(diarization.turns), "exclusive": _turns(diarization.exclusive)}
    return json.dumps(whole, ensure_ascii=False, indent=1) + "\n"


def _speakers(document: Document) -> list[str]:
    """Who says a word; where nothing was recognised, who speaks."""
    said = {segment.speaker for segment in document.transcript.segments if segment.speaker is not None}
    return sorted(said if document.transcript.segments else {turn.speaker for turn in document.turns})


def _turns(turns: Iterable[Turn]) -> list[dict[str, Any]]:
    return [{"start": _time(turn.start), "end": _time(turn.end), "speaker": turn.speaker} for turn in turns]


def _segment(segment: Segment) -> dict[str, Any]:
    head: dict[str, Any] = {"start": _time(segment.start), "end": _time(segment.end)}
    if segment.speaker is not None:
        head["speaker"] = segment.speaker
    return head | {"text": segment.text, "words": [_word(word) for word in segment.words]}


def _word(word: Word) -> dict[str, Any]:
    row: dict[str, Any] = {
        "start": None if word.start is None else _time(word.start),
        "end": None if word.end is None else _time(word.end),
        "word": word.text,
        "probability": None if word.probability is None else round(float(word.probability), 4),
        "timing": word.timing,
    }
    if word.attribution is not None or word.speaker is not None:
        row["speaker"] = word.speaker
    if word.attribution is not None:
        row["attribution"] = _attribution(word.attribution)
    return row


def _attribution(why: Attribution) -> dict[str, Any]:
    return {
        "reason": why.reason,
        "confidence": round(float(why.confidence), 4),
        "others": [{"speaker": other.speaker, "share": round(float(other.share), 4)} for other in why.others],
        "detail": why.detail,
    }


def _time(seconds: float) -> float:
    return round(float(seconds), 3)
