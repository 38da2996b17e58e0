"""Deepgram: ``results.channels[].alternatives[0].words[{word, punctuated_word, start, end}]``, in seconds.

If asked for, it also writes paragraphs, and utterances with copies of the words.
While it listens it sends ``{"channel": {"alternatives": ...}, "channel_index": [0, 1]}``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from .reading import (
    Line,
    Reading,
    Slot,
    first,
    flat_lines,
    get,
    holds,
    items,
    language_code,
    make_slot,
    make_span,
    number,
    span_of,
)


def matches(data: Any) -> bool:
    """An object whose results have channels, or which has one."""
    return holds(data, "results", "channels") or holds(data, "channel", "alternatives")


def read(data: Any) -> Reading:
    """Read every channel's best alternative."""
    lines: list[Line] = []
    spans = list(_utterances(get(data, "results")))
    language = None
    for c, place, channel in _channels(data):
        where = f"{place}.alternatives"
        best = first(get(channel, "alternatives"), where)
        language = language or language_code(get(channel, "detected_language"))
        words = items(get(best, "words"), f"{where}[0].words")
        slots = [replace(_slot(node, f"{where}[0].words[{i}]"), channel=str(c)) for i, node in enumerate(words)]
        lines += flat_lines(slots, f"{where}[0]", get(best, "transcript"), language)
        paragraphs = items(get(get(best, "paragraphs") or {}, "paragraphs"), f"{where}[0].paragraphs")
        spans += [_span(node, f"{where}[0].paragraphs[{i}]") for i, node in enumerate(paragraphs)]
    duration = number(get(get(data, "metadata") or {}, "duration"), "metadata.duration")
    return Reading("Deepgram", tuple(lines), language, duration, spans=tuple(spans))


def _channels(data: Any) -> Iterator[tuple[int, str, Any]]:
    """Number, place and content of each channel."""
    if get(data, "results") is None:
        number_of = get(data, "channel_index")
        yield (number_of[0] if isinstance(number_of, list) and number_of else 0), "channel", data["channel"]
        return
    for c, channel in enumerate(items(data["results"]["channels"], "results.channels")):
        yield c, f"results.channels[{c}]", channel


def _utterances(results: Any) -> Iterator[Slot]:
    """The utterances and their copies of the words."""
    for u, utterance in enumerate(items(get(results, "utterances"), "results.utterances")):
        where = f"results.utterances[{u}]"
        yield _span(utterance, where)
        for i, node in enumerate(items(get(utterance, "words"), f"{where}.words")):
            yield _span(node, f"{where}.words[{i}]")


def _slot(node: Any, where: str) -> Slot:
    text = get(node, "punctuated_word", "word")
    return make_slot(node, where, text, *span_of(node, where, "start", "end"), probability=get(node, "confidence"))


def _span(node: Any, where: str) -> Slot:
    return make_span(node, where, span_of(node, where, "start", "end"))
