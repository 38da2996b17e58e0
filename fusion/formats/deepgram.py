"""Deepgram: ``results.channels[].alternatives[0].words[{word, punctuated_word, start, end}]``, in seconds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fusion.formats.reading import Line, Reading, first, flat_lines, get, items, make_slot, number


def matches(data: Any) -> bool:
    """An object whose results have channels."""
    return isinstance(data, Mapping) and isinstance(get(get(data, "results") or {}, "channels"), list)


def read(data: Any) -> Reading:
    """Read every channel's best alternative, one after the other."""
    lines: list[Line] = []
    language = None
    for c, channel in enumerate(items(data["results"]["channels"], "results.channels")):
        where = f"results.channels[{c}].alternatives"
        best = first(get(channel, "alternatives"), where)
        language = language or get(channel, "detected_language")
        words = items(get(best, "words"), f"{where}[0].words")
        slots = [_slot(node, f"{where}[0].words[{i}]") for i, node in enumerate(words)]
        lines += flat_lines(slots, f"{where}[0]")
    duration = number(get(get(data, "metadata") or {}, "duration"), "metadata.duration")
    return Reading("Deepgram", tuple(sorted(lines, key=lambda line: line.start)), language, duration)


def _slot(node: Any, where: str) -> Any:
    start, end = (number(get(node, key), f"{where}.{key}") for key in ("start", "end"))
    return make_slot(node, where, get(node, "punctuated_word", "word"), start, end, probability=get(node, "confidence"))
