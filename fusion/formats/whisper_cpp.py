"""whisper.cpp: ``{"transcription": [{"offsets": {"from", "to"}, "text", "tokens"}]}``, in milliseconds.

``-ojf`` gives tokens, which make words; ``-oj -ml 1`` gives a word an entry;
plain ``-oj`` gives lines. A token may be a part of a character, which is no
UTF-8: such halves come as lone surrogates and are put together here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from .reading import (
    Line,
    Reading,
    Slot,
    are_words,
    extended,
    flat_lines,
    get,
    items,
    language_code,
    make_line,
    make_slot,
    merged,
    number,
)

_MS = 1000
_INSIDE = re.compile("[\udc80-\udcbf]")
"""A byte inside a character, as `fusion.attaching.load_json` reads one that stands alone."""


def matches(data: Any) -> bool:
    """An object with a list named transcription."""
    return isinstance(data, Mapping) and isinstance(data.get("transcription"), list)


def read(data: Any) -> Reading:
    """Read tokens where there are any, else entries as words or lines by what they hold."""
    nodes = items(data["transcription"], "transcription")
    language = get(get(data, "result") or {}, "language")
    entries = [_slot(node, f"transcription[{i}]") for i, node in enumerate(nodes)]
    if any(get(node, "tokens") for node in nodes):
        lines = tuple(_line(node, entry) for node, entry in zip(nodes, entries, strict=True))
    elif are_words([slot.text for slot in entries]):
        lines = flat_lines(merged(_whole_characters(entries)), "transcription")
    else:
        lines = tuple(make_line(e.homes[0], e.where, _whole(e.text), [], (e.start, e.end)) for e in entries)
    return Reading("whisper.cpp", lines, language_code(language))


def _slot(node: Any, where: str) -> Slot:
    offsets = get(node, "offsets") or {}
    start, end = (number(get(offsets, key), f"{where}.offsets.{key}", _MS) for key in ("from", "to"))
    return make_slot(node, where, get(node, "text"), start, end, probability=get(node, "p"))


def _line(node: Any, entry: Slot) -> Line:
    tokens = items(get(node, "tokens"), f"{entry.where}.tokens")
    slots = [_slot(token, f"{entry.where}.tokens[{i}]") for i, token in enumerate(tokens)]
    words = merged(_whole_characters(slot for slot in slots if not slot.text.startswith("[_")))
    return make_line(node, entry.where, _whole(entry.text), words, (entry.start, entry.end))


def _whole_characters(tokens: Iterable[Slot]) -> list[Slot]:
    """The tokens, with the parts of a character put together."""
    found: list[Slot] = []
    for token in tokens:
        if found and _INSIDE.match(token.text):
            found[-1] = extended(found[-1], token)
        else:
            found.append(token)
    return [replace(slot, text=_whole(slot.text)) for slot in found]


def _whole(text: str) -> str:
    """Characters put together from their halves; what is left over becomes the replacement character."""
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    except UnicodeEncodeError:  # halves that were escaped in the JSON, as UTF-16 has them
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
