"""whisper.cpp: ``{"transcription": [{"offsets": {"from", "to"}, "text", "tokens"}]}``, in milliseconds.

``-ojf`` gives tokens, which make words; ``-oj -ml 1`` gives a word an entry;
plain ``-oj`` gives lines. A token may be a part of a character, which is no
UTF-8: such halves come as lone surrogates and are put together here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from .reading import (
    Line,
    Reading,
    Slot,
    are_words,
    flat_lines,
    get,
    holds,
    items,
    language_code,
    line_of,
    make_slot,
    merged,
    number,
    united,
    whole,
)

_MS = 1000
_INSIDE = re.compile("[\\udc80-\\udcbf]+|[\\udc00-\\udfff]")
"""Bytes inside a character, as `fusion.formats.files.load_json` reads them, or the second half of UTF-16's two."""
_UNFINISHED = re.compile("[\\udc80-\\udcff]$|[\\ud800-\\udbff]$")
"""Text whose last character goes on in the next token."""


def matches(data: Any) -> bool:
    """An object with a list named transcription."""
    return holds(data, "transcription")


def read(data: Any) -> Reading:
    """Read tokens where there are any, else entries as words or lines by what they hold."""
    nodes = items(data["transcription"], "transcription")
    language = language_code(get(get(data, "result") or {}, "language"))
    entries = _whole_characters(_slot(node, f"transcription[{i}]") for i, node in enumerate(nodes))
    if any(get(node, "tokens") for node in nodes):
        lines = _lines(nodes, entries)
    elif are_words([slot.text for slot in entries]):
        lines = flat_lines(merged(entries), "transcription", None, language)
    else:
        lines = tuple(line_of(entry) for entry in entries)
    return Reading("whisper.cpp", lines, language)


def _slot(node: Any, where: str) -> Slot:
    offsets = get(node, "offsets") or {}
    start, end = (number(get(offsets, key), f"{where}.offsets.{key}", _MS) for key in ("from", "to"))
    slot = make_slot(node, where, get(node, "text"), start, end, probability=get(node, "p"))
    return replace(slot, text=get(node, "text"))  # halves of characters are put together below


def _lines(nodes: Sequence[Any], entries: Sequence[Slot]) -> tuple[Line, ...]:
    """A line an entry with its words; a character that is divided between two entries belongs to the first."""
    tokens = _whole_characters(
        _slot(token, f"transcription[{e}].tokens[{i}]")
        for e, node in enumerate(nodes)
        for i, token in enumerate(items(get(node, "tokens"), f"transcription[{e}].tokens"))
        if not str(get(token, "text")).startswith("[_")
    )
    own: dict[str, list[Slot]] = {entry.where: [] for entry in entries}
    home = entries[0].where if entries else ""
    for token in tokens:
        entry_of = token.where.partition(".")[0]
        home = entry_of if entry_of in own else home  # one whose text went to the entry before it
        own[home].append(token)
    return tuple(replace(line, slots=tuple(merged(own[entry.where]))) for entry in entries for line in [line_of(entry)])


def _whole_characters(parts: Iterable[Slot]) -> list[Slot]:
    """The texts, with the parts of a character where it begins; one that held nothing else goes with the one before."""
    found: list[Slot] = []
    for part in parts:
        inside = _INSIDE.match(part.text) if found and _UNFINISHED.search(found[-1].text) else None
        if inside is None:
            found.append(part)
            continue
        rest = part.text[inside.end() :]
        if rest:
            found[-1] = replace(found[-1], text=found[-1].text + inside[0])
            found.append(replace(part, text=rest))
        else:
            found[-1] = united((found[-1], part))
    return [replace(slot, text=whole(slot.text)) for slot in found]
