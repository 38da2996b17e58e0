"""AWS Transcribe: ``results.items[{type, start_time, end_time, alternatives[{content, confidence}]}]``.

Times are seconds as text; punctuation has none. Speakers go under ``speaker_label``,
also of the ``audio_segments`` and, with its own diarization on, of the segments
and times in ``speaker_labels``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from .reading import (
    Reading,
    Slot,
    channel_of,
    first,
    flat_lines,
    get,
    holds,
    items,
    language_code,
    make_slot,
    make_span,
    span_of,
)

_KEY = "speaker_label"


def matches(data: Any) -> bool:
    """An object whose results have items."""
    return holds(data, "results", "items")


def read(data: Any) -> Reading:
    """Read words and punctuation in order."""
    results = data["results"]
    slots = [_slot(node, f"results.items[{i}]") for i, node in enumerate(items(get(results, "items"), "results.items"))]
    copies = list(_channels(results))
    if copies and not any(slot.channel for slot in slots):
        slots = copies  # only these tell the channels
    text = get(first(get(results, "transcripts"), "results.transcripts") or {}, "transcript")
    language = language_code(get(results, "language_code"))
    lines = flat_lines(slots, "results.items", text, language)
    return Reading("AWS Transcribe", lines, language, spans=tuple(_spans(results)))


def _spans(results: Any) -> Iterator[Slot]:
    """The spans of speech that have a speaker besides the items."""
    for i, node in enumerate(items(get(results, "audio_segments"), "results.audio_segments")):
        yield _span(node, f"results.audio_segments[{i}]")
    for slot in _channels(results):
        yield make_span(slot.homes[0], slot.where, (slot.start, slot.end), _KEY)
    own = "results.speaker_labels.segments"
    for s, segment in enumerate(items(get(get(results, "speaker_labels") or {}, "segments"), own)):
        yield _span(segment, f"{own}[{s}]")
        for i, node in enumerate(items(get(segment, "items"), f"{own}[{s}].items")):
            yield _span(node, f"{own}[{s}].items[{i}]")


def _channels(results: Any) -> Iterator[Slot]:
    """The copies of the words, channel by channel, that are there where channels were told apart."""
    own = "results.channel_labels.channels"
    for c, channel in enumerate(items(get(get(results, "channel_labels") or {}, "channels"), own)):
        for i, node in enumerate(items(get(channel, "items"), f"{own}[{c}].items")):
            yield replace(_slot(node, f"{own}[{c}].items[{i}]"), channel=channel_of(channel))


def _span(node: Any, where: str) -> Slot:
    return make_span(node, where, span_of(node, where, "start_time", "end_time"), _KEY)


def _slot(node: Any, where: str) -> Slot:
    best = first(get(node, "alternatives"), f"{where}.alternatives")
    spoken = get(node, "type") != "punctuation"
    score = get(best, "confidence") if spoken else None
    return make_slot(
        node, where, get(best, "content"), *span_of(node, where, "start_time", "end_time"), probability=score, key=_KEY
    )
