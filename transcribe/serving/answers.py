"""Finished jobs in OpenAI's shapes, with anonymous labels and nothing about voices."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ...exporters import registry
from ...exporters.lines import to_json
from ...exporters.openai import (
    diarized,
    diarized_segment,
    following,
    full_text,
    segment_id,
    speaker_of,
    usage,
    verbose,
)
from ...fusion.document import Document
from ...fusion.text import without_steering
from ...fusion.types import Diarization, Segment, Transcript, Turn
from .wishes import ApiRequest

Json = dict[str, Any]


def answer_body(transcript: Transcript, diarization: Diarization | None, request: ApiRequest) -> tuple[bytes, str]:
    """The answer's body and media type for `request.response_format`.

    ``verbose_json`` of a diarized job also carries the turns, which OpenAI's
    shapes have no place for; `transcribe --remote` reads them. Halves of
    characters, which a recogniser may write, become question marks.
    """
    body, media_type = _text_body(transcript, diarization, request)
    return body.encode("utf-8", "replace") if isinstance(body, str) else body, media_type


def _text_body(transcript: Transcript, diarization: Diarization | None, request: ApiRequest) -> tuple[str | bytes, str]:
    if request.response_format == "text":
        return without_steering(full_text(transcript)) + "\n", "text/plain; charset=utf-8"
    if request.response_format == "srt":
        return registry.dumps(Document(transcript, diarization), "srt"), "application/x-subrip; charset=utf-8"
    if request.response_format == "vtt":
        return registry.dumps(Document(transcript, diarization), "vtt"), "text/vtt; charset=utf-8"
    return to_json(_body(transcript, diarization, request)), "application/json"


def _body(transcript: Transcript, diarization: Diarization | None, request: ApiRequest) -> Json:
    if request.response_format == "verbose_json":
        body = verbose(transcript, words=request.wish.words, speakers=request.wish.diarize)
        if diarization is not None:
            body |= {"turns": _turns(diarization.turns), "exclusive_turns": _turns(diarization.exclusive)}
        return body
    return diarized(transcript) if request.response_format == "diarized_json" else _plain(transcript, request)


class Events:
    """The server-sent events of one job, in OpenAI's order: segments that are sure at once, the rest when it is done.

    With ``diarized_json`` each segment is one ``transcript.text.segment`` after
    its delta; all other formats stream their text only. The deltas, laid end to
    end, are the text of the last event. With speakers that event holds the whole
    answer as it would be without a stream: what was told on the way was committed,
    and not final.
    """

    def __init__(self, request: ApiRequest) -> None:
        self._request = request
        self._diarized = request.response_format == "diarized_json"
        self._sent = 0
        self._before = ""

    def of(self, segment: Segment) -> Iterator[Json]:
        """The events of the next segment."""
        index, text = self._sent, following(segment.text, self._before)
        self._sent, self._before = index + 1, text or self._before
        delta: Json = {"type": "transcript.text.delta", "delta": text}
        yield {**delta, "segment_id": segment_id(index)} if self._diarized else delta
        if self._diarized:
            yield diarized_segment(index, segment)

    def rest(self, transcript: Transcript, diarization: Diarization | None = None) -> Iterator[Json]:
        """The events of the segments that `of` was not given, and the last event; with speakers it got all or none."""
        if not (self._request.wish.diarize and self._sent):
            for segment in transcript.segments[self._sent :]:
                yield from self.of(segment)
        body: Json = {"text": full_text(transcript)}
        if self._request.wish.diarize and self._request.response_format.endswith("json"):
            body = _body(transcript, diarization, self._request)
        yield {**body, "type": "transcript.text.done"}


def sse(event: Json) -> bytes:
    """One server-sent event; JSON holds no raw line break, so one data line is enough."""
    return f"event: {event['type']}\ndata: {to_json(event)}\n\n".encode("utf-8", "replace")


def _plain(transcript: Transcript, request: ApiRequest) -> Json:
    body: Json = {"text": full_text(transcript)}
    if request.wish.diarize:
        body["segments"] = [
            {"start": s.start, "end": s.end, "speaker": speaker_of(s), "text": s.text.strip()}
            for s in transcript.segments
        ]
    return {**body, "usage": usage(transcript)}


def _turns(turns: Iterable[Turn]) -> list[Json]:
    return [{"start": turn.start, "end": turn.end, "speaker": turn.speaker} for turn in turns]
