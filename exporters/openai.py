"""The JSON that OpenAI's API answers with, for whoever reads it already: the server's answers, and two formats.

Keys are OpenAI's. A segment or a word also names its speaker where one is known
and the shape has no place for it; clients pass over keys that they do not know.
"""

from __future__ import annotations

import math
import zlib
from typing import TYPE_CHECKING, Any, TypeAlias

from ..fusion.text import unspaced

if TYPE_CHECKING:
    from ..fusion.types import Segment, Transcript, Word

Json: TypeAlias = dict[str, Any]


def verbose(transcript: Transcript, *, words: bool, speakers: bool) -> Json:
    """``verbose_json``; `words` with both times beside the segments if asked for."""
    body: Json = {
        "task": "transcribe",
        "language": transcript.language or "",
        "duration": float(transcript.duration),
        "text": full_text(transcript),
        "segments": [_verbose_segment(i, s, speakers=speakers) for i, s in enumerate(transcript.segments)],
        "usage": usage(transcript),
    }
    if words:
        timed = (word for word in transcript.words if word.start is not None and word.end is not None)
        body["words"] = [_verbose_word(word, speakers=speakers) for word in timed]
    return body


def diarized(transcript: Transcript) -> Json:
    """``diarized_json``; the speaker of a segment that is nobody's is ``UNKNOWN``, since the key is required."""
    return {
        "task": "transcribe",
        "duration": float(transcript.duration),
        "text": full_text(transcript),
        "segments": [diarized_segment(i, segment) for i, segment in enumerate(transcript.segments)],
        "usage": usage(transcript),
    }


def diarized_segment(index: int, segment: Segment) -> Json:
    """One segment, which is also an event of a stream."""
    return {
        "type": "transcript.text.segment",
        "id": segment_id(index),
        "start": float(segment.start),
        "end": float(segment.end),
        "speaker": speaker_of(segment),
        "text": segment.text.strip(),
    }


def segment_id(index: int) -> str:
    """What segments are called."""
    return f"seg_{index:03d}"


def speaker_of(segment: Segment) -> str:
    """The speaker, or ``UNKNOWN``."""
    return segment.speaker if segment.speaker is not None else "UNKNOWN"


def usage(transcript: Transcript) -> Json:
    """What would be billed: whole seconds."""
    return {"type": "duration", "seconds": math.ceil(transcript.duration)}


def full_text(transcript: Transcript) -> str:
    """All text in one line, spaced as its script and its recogniser space it."""
    whole = ""
    for segment in transcript.segments:
        whole += following(segment.text, whole)
    return whole


def following(text: str, before: str) -> str:
    """`text` as it goes on after `before`: with a space between, unless it brings one or the script has none."""
    text = text.rstrip()
    if not before:
        return text.lstrip()
    return text if not text or text[0].isspace() or unspaced(before[-1], text[0]) else f" {text}"


def _verbose_segment(index: int, segment: Segment, *, speakers: bool) -> Json:
    """Whisper's segment. `tokens` stays empty: our recognisers give words, and clients only need the key."""
    raw = segment.text.encode("utf-8", "replace")
    logs = [math.log(max(w.probability, 1e-9)) for w in segment.words if w.probability is not None]
    body: Json = {
        "id": index,
        "seek": 0,
        "start": float(segment.start),
        "end": float(segment.end),
        "text": segment.text,
        "tokens": [],
        "temperature": 0.0,
        "avg_logprob": sum(logs) / len(logs) if logs else 0.0,
        "compression_ratio": len(raw) / len(zlib.compress(raw)),
        "no_speech_prob": 0.0,
    }
    return {**body, "speaker": speaker_of(segment)} if speakers else body


def _verbose_word(word: Word, *, speakers: bool) -> Json:
    body: Json = {"word": word.text.strip(), "start": _number(word.start), "end": _number(word.end)}
    return {**body, "speaker": word.speaker} if speakers else body


def _number(value: float | None) -> float | None:
    return None if value is None else float(value)
