"""``{"segments": [{"start", "end", "text", "words": [...]}]}``.

Written by WhisperX (with a flat copy in ``word_segments``), openai-whisper,
dumps of faster-whisper, and OpenAI's ``verbose_json`` (whose words lie beside
the segments) and ``diarized_json``. A bare list of segments, and live objects
with the same attributes, read alike. Times in seconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from fusion.formats.reading import (
    Line,
    Reading,
    Slot,
    flat_lines,
    get,
    items,
    language_code,
    make_line,
    make_slot,
    number,
)


def matches(data: Any) -> bool:
    """An object with segments, or a list of things that hold words or are text with a span."""
    if isinstance(data, Mapping):
        return isinstance(data.get("segments"), Sequence) and not isinstance(data.get("segments"), str)
    return isinstance(data, Sequence) and any(get(item, "words") is not None for item in data)


def read(data: Any) -> Reading:
    """Read the segments, and the words in or beside them."""
    whole = data if isinstance(data, Mapping) else {"segments": data}
    lines = read_lines(whole["segments"], "segments")
    beside = items(whole.get("words"), "words")
    if beside and not any(line.slots for line in lines):
        slots = [read_word(node, f"words[{i}]") for i, node in enumerate(beside)]
        lines = share_out(slots, lines, whole.get("text"))
    else:
        lines = _with_copies(lines, items(whole.get("word_segments"), "word_segments") or beside)
    language = whole.get("language")
    duration = number(whole.get("duration"), "duration")
    return Reading(_family(whole), lines, language_code(language), duration, certain_unit=False)


def _family(whole: Mapping[str, Any]) -> str:
    """The writer, as far as its keys tell."""
    if "word_segments" in whole:
        return "WhisperX"
    if "duration" in whole or "task" in whole:
        return "OpenAI verbose_json"
    if "text" in whole:
        return "openai-whisper"
    return "segments"


def read_lines(nodes: Any, where: str) -> tuple[Line, ...]:
    """Segments, each with its words if it has them."""
    return tuple(_line(node, f"{where}[{i}]") for i, node in enumerate(items(nodes, where)))


def _line(node: Any, where: str) -> Line:
    words = items(get(node, "words"), f"{where}.words")
    slots = [read_word(word, f"{where}.words[{i}]") for i, word in enumerate(words)]
    span = (number(get(node, "start"), f"{where}.start"), number(get(node, "end"), f"{where}.end"))
    return make_line(node, where, get(node, "text"), slots, span)


def read_word(node: Any, where: str) -> Slot:
    """A word with ``word`` or ``text``, and ``start`` and ``end`` in seconds, either missing where unknown."""
    start, end = (number(get(node, key), f"{where}.{key}") for key in ("start", "end"))
    score = get(node, "probability", "score", "confidence", "conf")
    return make_slot(node, where, get(node, "word", "text"), start, end, probability=score)


def share_out(slots: Sequence[Slot], lines: Sequence[Line], text: Any = None) -> tuple[Line, ...]:
    """Give each word to the line in whose time its middle lies; between lines, to the earlier one."""
    if not lines:
        return flat_lines(slots, "words", text)
    shares: list[list[Slot]] = [[] for _ in lines]
    at = 0
    for slot in slots:
        middle = ((slot.start or 0.0) + (slot.end or slot.start or 0.0)) / 2
        while slot.start is not None and at + 1 < len(lines) and middle >= lines[at + 1].start:
            at += 1
        shares[at].append(slot)
    return tuple(replace(line, slots=tuple(share)) for line, share in zip(lines, shares, strict=True))


def _with_copies(lines: Sequence[Line], copies: Sequence[Any]) -> tuple[Line, ...]:
    """Remember the second place of each word, where the format has a flat copy of the words."""
    slots = [slot for line in lines for slot in line.slots]
    if len(copies) != len(slots) or any(
        get(copy, "word", "text") != slot.text for copy, slot in zip(copies, slots, strict=True)
    ):
        return tuple(lines)
    twins = iter(copies)
    return tuple(
        replace(line, slots=tuple(replace(slot, homes=(*slot.homes, next(twins))) for slot in line.slots))
        for line in lines
    )
