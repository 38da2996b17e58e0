"""whisper.cpp: ``{"transcription": [{"offsets": {"from", "to"}, "text", "tokens"}]}``, in milliseconds.

``-ojf`` gives tokens, which make words where they begin with a space; ``-oj
-ml 1`` gives a word an entry; plain ``-oj`` gives lines.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from fusion.formats.reading import Line, Reading, Slot, flat_lines, get, items, make_line, make_slot, number

_MS = 1000


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
    elif 2 * sum(" " in entry.text.strip() for entry in entries) < max(1, len(entries)):
        lines = flat_lines(entries, "transcription")
    else:
        lines = tuple(make_line(e.homes[0], e.where, e.text, [], (e.start, e.end)) for e in entries)
    return Reading("whisper.cpp", lines, language if isinstance(language, str) else None)


def _slot(node: Any, where: str) -> Slot:
    offsets = get(node, "offsets") or {}
    start, end = (number(get(offsets, key), f"{where}.offsets.{key}", _MS) for key in ("from", "to"))
    return make_slot(node, where, get(node, "text"), start, end, probability=get(node, "p"))


def _line(node: Any, entry: Slot) -> Line:
    tokens = items(get(node, "tokens"), f"{entry.where}.tokens")
    slots = [_slot(token, f"{entry.where}.tokens[{i}]") for i, token in enumerate(tokens)]
    slots = _words([slot for slot in slots if not slot.text.startswith("[_")])
    return make_line(node, entry.where, entry.text, slots, (entry.start, entry.end))


def _words(tokens: Sequence[Slot]) -> list[Slot]:
    """Tokens put together: a word begins with a space."""
    words: list[Slot] = []
    for token in tokens:
        if words and not token.text.startswith(" "):
            last = words[-1]
            end = last.end if token.end is None else token.end
            words[-1] = replace(last, text=last.text + token.text, end=end, homes=last.homes + token.homes)
        else:
            words.append(token)
    return words
