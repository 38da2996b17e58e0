"""Speechmatics: ``{"results": [{"type": "word", "start_time", "end_time", "alternatives": [{"content"}]}]}``.

Its json-v2. Times in seconds; punctuation is a result of its own that says which
word it attaches to. The speaker stands in the alternative.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from .reading import (
    Reading,
    Slot,
    channel_of,
    first,
    flat_lines,
    get,
    language_code,
    make_slot,
    number,
    span_of,
    united,
)

_SAID = "AddTranscript"
_SPOKEN = ("word", "entity", "punctuation")


def matches(data: Any) -> bool:
    """An object whose results are words with a type and times of their own, or what is sent while it listens."""
    results = data.get("results") if isinstance(data, Mapping) else None
    if isinstance(results, list) and data.get("message") == _SAID:
        return True
    return isinstance(results, list) and any(
        get(node, "type") in _SPOKEN and get(node, "start_time") is not None for node in results
    )


def together(messages: Iterable[Any]) -> dict[str, Any]:
    """What came one after the other as one answer: a mark may come in the message after its word."""
    told = list(messages)
    return {**told[0], "results": [node for message in told for node in message["results"]]}


def read(data: Any) -> Reading:
    """Read the words, with the punctuation that attaches to them."""
    about = get(data, "metadata")
    gap = get(get(about, "language_pack_info"), "word_delimiter")
    slots = _words(data["results"])
    text = (gap if isinstance(gap, str) else " ").join(slot.text for slot in slots)
    duration = number(get(get(data, "job"), "duration"), "job.duration")
    language = language_code(get(get(about, "transcription_config"), "language"))
    return Reading("Speechmatics", flat_lines(slots, "results", text, language), language, duration)


def _words(results: Sequence[Any]) -> list[Slot]:
    words: list[list[Slot]] = []
    glued = False
    for i, node in enumerate(results):
        if get(node, "type") not in _SPOKEN:
            continue
        slot, to = replace(_slot(node, f"results[{i}]"), channel=channel_of(node)), get(node, "attaches_to")
        if words and (glued or to in ("previous", "both")):
            words[-1].append(slot)
        else:
            words.append([slot])
        glued = to in ("next", "both")
    return [united(word) for word in words]


def _slot(node: Any, where: str) -> Slot:
    best = first(get(node, "alternatives"), f"{where}.alternatives")
    span = span_of(node, where, "start_time", "end_time")
    return make_slot(best, where, get(best, "content"), *span, probability=get(best, "confidence"))
