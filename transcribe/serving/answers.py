"""Finished jobs in OpenAI's shapes, with anonymous labels and nothing about voices."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

from ...exporters import registry
from ...exporters.lines import to_json
from ...fusion.document import Document
from ...fusion.text import unspaced, without_steering
from ...fusion.types import Diarization, Segment, Transcript, Turn, Word
from .wishes import ApiRequest

Json = dict[str, Any]


def answer_body(
    transcript: Transcript, diarization: Diarization | None, request: ApiRequest
) -> tuple[str | bytes, str]:
    """The answer's body and media type for `request.response_format`.

    ``verbose_json`` of a diarized job also carries the turns, which OpenAI's
    shapes have no place for; `transcribe --remote` reads them.
    """
    if request.response_format == "text":
        return without_steering(full_text(transcript)) + "\n", "text/plain; charset=utf-8"
    if request.response_format == "srt":
        return registry.dumps(Document(transcript), "srt"), "application/x-subrip; charset=utf-8"
    if request.response_format == "vtt":
        return registry.dumps(Document(transcript), "vtt"), "text/vtt; charset=utf-8"
    shapes = {"json": _plain, "verbose_json": _verbose, "diarized_json": _diarized}
    body = shapes[request.response_format](transcript, request)
    if request.response_format == "verbose_json" and diarization is not None:
        body |= {"turns": _turns(diarization.turns), "exclusive_turns": _turns(diarization.exclusive)}
    return to_json(body), "application/json"


class Events:
    """The server-sent events of one job, in OpenAI's order: segments that are sure at once, the rest when it is done.

    With ``diarized_json`` each segment is one ``transcript.text.segment`` after
    its delta; all other formats stream their text only. The deltas, laid end to
    end, are the text of the last event.
    """

    def __init__(self, request: ApiRequest) -> None:
        self._diarized = request.response_format == "diarized_json"
        self._sent = 0
        self._before = ""

    def of(self, segment: Segment) -> Iterator[Json]:
        """The events of the next segment."""
        index, text = self._sent, _following(segment.text, self._before)
        self._sent, self._before = index + 1, text or self._before
        delta: Json = {"type": "transcript.text.delta", "delta": text}
        yield {**delta, "segment_id": _segment_id(index)} if self._diarized else delta
        if self._diarized:
            yield _diarized_segment(index, segment)

    def rest(self, transcript: Transcript) -> Iterator[Json]:
        """The events of the segments that `of` was not given, and the last event."""
        for segment in transcript.segments[self._sent :]:
            yield from self.of(segment)
        yield {"type": "transcript.text.done", "text": full_text(transcript)}


def sse(event: Json) -> bytes:
    """One server-sent event; JSON holds no raw line break, so one data line is enough."""
    return f"event: {event['type']}\ndata: {to_json(event)}\n\n".encode()


def full_text(transcript: Transcript) -> str:
    """All text in one line, spaced as its script and its recogniser space it."""
    whole = ""
    for segment in transcript.segments:
        whole += _following(segment.text, whole)
    return whole


def _following(text: str, before: str) -> str:
    """`text` as it goes on after `before`: with a space between, unless it brings one or the script has none."""
    text = text.rstrip()
    if not before:
        return text.lstrip()
    return text if not text or text[0].isspace() or unspaced(before[-1], text[0]) else f" {text}"


def _segment_id(index: int) -> str:
    return f"seg_{index:03d}"


def _usage(transcript: Transcript) -> Json:
    return {"type": "duration", "seconds": math.ceil(transcript.duration)}


def _plain(transcript: Transcript, request: ApiRequest) -> Json:
    body: Json = {"text": full_text(transcript)}
    if request.wish.diarize:
        body["segments"] = [
            {"start": s.start, "end": s.end, "speaker": _label(s), "text": s.text.strip()} for s in transcript.segments
        ]
    return {**body, "usage": _usage(transcript)}


def _diarized(transcript: Transcript, _request: ApiRequest) -> Json:
    return {
        "task": "transcribe",
        "duration": transcript.duration,
        "text": full_text(transcript),
        "segments": [_diarized_segment(i, segment) for i, segment in enumerate(transcript.segments)],
        "usage": _usage(transcript),
    }


def _diarized_segment(index: int, segment: Segment) -> Json:
    return {
        "type": "transcript.text.segment",
        "id": _segment_id(index),
        "start": segment.start,
        "end": segment.end,
        "speaker": _label(segment),
        "text": segment.text.strip(),
    }


def _label(segment: Segment) -> str:
    return segment.speaker if segment.speaker is not None else "UNKNOWN"


def _verbose(transcript: Transcript, request: ApiRequest) -> Json:
    body: Json = {
        "task": "transcribe",
        "language": transcript.language or "",
        "duration": transcript.duration,
        "text": full_text(transcript),
        "segments": [_verbose_segment(i, s, request) for i, s in enumerate(transcript.segments)],
        "usage": _usage(transcript),
    }
    if request.wish.words:
        timed = (word for word in transcript.words if word.start is not None and word.end is not None)
        body["words"] = [_verbose_word(word, request) for word in timed]
    return body


def _turns(turns: Iterable[Turn]) -> list[Json]:
    return [{"start": turn.start, "end": turn.end, "speaker": turn.speaker} for turn in turns]


def _verbose_segment(index: int, segment: Segment, request: ApiRequest) -> Json:
    """Whisper's segment. `tokens` stays empty: our recognisers give words, and clients only need the key."""
    raw = segment.text.encode()
    logs = [math.log(max(w.probability, 1e-9)) for w in segment.words if w.probability is not None]
    body: Json = {
        "id": index,
        "seek": 0,
        "start": segment.start,
        "end": segment.end,
        "text": segment.text,
        "tokens": [],
        "temperature": 0.0,
        "avg_logprob": sum(logs) / len(logs) if logs else 0.0,
        "compression_ratio": len(raw) / len(zlib.compress(raw)),
        "no_speech_prob": 0.0,
    }
    return {**body, "speaker": _label(segment)} if request.wish.diarize else body


def _verbose_word(word: Word, request: ApiRequest) -> Json:
    body: Json = {"word": word.text.strip(), "start": word.start, "end": word.end}
    return {**body, "speaker": word.speaker} if request.wish.diarize else body
