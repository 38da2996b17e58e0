"""Hugging Face pipelines: ``{"text", "chunks": [{"text", "timestamp": [start, end]}]}`` or its chunks, in seconds.

With ``return_timestamps="word"`` a chunk is a word, with ``"char"`` a character
(a space is one too), otherwise a line. The last end may be null.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import TranscriptError
from ..given import short
from .reading import Reading, Slot, are_words, flat_lines, get, holds, items, line_of, make_slot, merged, number


def matches(data: Any) -> bool:
    """An object with chunks, or a list of them."""
    if isinstance(data, list):
        return bool(data) and all(isinstance(node, Mapping) and _is_pair(node.get("timestamp")) for node in data)
    return holds(data, "chunks")


def _is_pair(value: Any) -> bool:
    return isinstance(value, list | tuple) and bool(value) and not any(isinstance(time, list) for time in value)


def read(data: Any) -> Reading:
    """Words, if hardly a chunk holds several; lines otherwise."""
    nodes = data if isinstance(data, list) else items(data["chunks"], "chunks")
    slots = [_slot(node, f"chunks[{i}]") for i, node in enumerate(nodes)]
    if any(slot.text == " " for slot in slots):
        slots = merged(slots)
    text = None if isinstance(data, list) else get(data, "text")
    if are_words([slot.text for slot in slots]):
        return Reading("Hugging Face chunks", flat_lines(slots, "chunks", text))
    lines = [line_of(slot) for slot in slots]
    return Reading("Hugging Face chunks", tuple(lines))


def _slot(node: Any, where: str) -> Slot:
    pair = get(node, "timestamp")
    if not isinstance(pair, list | tuple) or len(pair) != len(("start", "end")):
        raise TranscriptError(f"{where}.timestamp is {short(pair)}: it must be [start, end] in seconds.")
    start, end = (number(value, f"{where}.timestamp") for value in pair)
    return make_slot(node, where, get(node, "text"), start, end)
