"""``{"segments": [{"start", "end", "text", "words": [...]}]}``.

Written by WhisperX (with a flat copy in ``word_segments``), openai-whisper,
dumps of faster-whisper, and OpenAI's ``verbose_json`` (whose words lie beside
the segments) and ``diarized_json``. A bare list of segments, and live objects
with the same attributes, read alike; so do the captions of YouTube, which have a
``duration`` for an end, and podcasts' transcripts (``startTime``, ``endTime``,
``body``). What faster-whisper tells beside its segments counts under ``info``, or
as the second of the two that it returns. Times in seconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .reading import (
    Line,
    Reading,
    Slot,
    are_words,
    flat_lines,
    get,
    items,
    language_code,
    make_line,
    make_slot,
    merged,
    number,
)

if TYPE_CHECKING:
    from ..types import Seconds

_TEXT = ("text", "body")
_INFO = "language_probability"
"""What only faster-whisper's info has."""
_OF_TOKENS = "t_dtw"
"""What whisper.cpp's server writes into the words of a segment, which are tokens: parts of words."""


def matches(data: Any) -> bool:
    """An object with segments, or a list of things that hold words or are text with a span."""
    if isinstance(data, Mapping):
        return isinstance(data.get("segments"), Sequence) and not isinstance(data.get("segments"), str)
    return isinstance(data, Sequence) and not isinstance(data, str | bytes) and (_has_info(data) or _are_lines(data))


def _has_info(data: Sequence[Any]) -> bool:
    """Whether it is what faster-whisper returns: its segments, and what it tells about all of them."""
    return len(data) == len(("segments", "info")) and get(data[1], _INFO) is not None and get(data[1], "text") is None


def _are_lines(nodes: Sequence[Any]) -> bool:
    """Whether these are segments rather than words: they have room for words, or their texts are longer than words."""
    if any("words" in node if isinstance(node, Mapping) else hasattr(node, "words") for node in nodes):
        return True
    texts = [get(node, "text") for node in nodes if get(node, "word") is None]
    return len(texts) == len(nodes) and all(isinstance(text, str) for text in texts) and not are_words(texts)


def read(data: Any, per_second: int = 1) -> Reading:
    """Read the segments, and the words in or beside them."""
    whole = data if isinstance(data, Mapping) else _whole(data)
    info = whole.get("info")
    language = language_code(get(whole, "language") or get(info, "language"))
    lines = read_lines(whole["segments"], "segments", per_second)
    beside = items(whole.get("words"), "words")
    if beside and not any(line.slots for line in lines):
        slots = [read_word(node, f"words[{i}]", per_second) for i, node in enumerate(beside)]
        lines = share_out(slots, lines, whole.get("text"), language)
    elif not lines:
        lines = flat_lines([], "segments", whole.get("text"))
    else:
        lines = _with_copies(lines, items(whole.get("word_segments"), "word_segments") or beside)
    told = get(whole, "duration")
    duration = number(get(info, "duration") if told is None else told, "duration", per_second)
    return Reading(_family(whole), lines, language, duration, certain_unit=False)


def _whole(data: Sequence[Any]) -> dict[str, Any]:
    """A list of segments, or segments and info, as the object that holds them."""
    return {"segments": items(data[0], "segments"), "info": data[1]} if _has_info(data) else {"segments": data}


def _family(whole: Mapping[str, Any]) -> str:
    """The writer, as far as its keys tell."""
    if "word_segments" in whole:
        return "WhisperX"
    if get(whole.get("info"), _INFO) is not None:
        return "faster-whisper"
    if "duration" in whole or "task" in whole:
        return "OpenAI verbose_json"
    if "text" in whole:
        return "openai-whisper"
    return "segments"


def read_lines(nodes: Any, where: str, per_second: int = 1) -> tuple[Line, ...]:
    """Segments, each with its words if it has them."""
    return tuple(_line(node, f"{where}[{i}]", per_second) for i, node in enumerate(items(nodes, where)))


def _line(node: Any, where: str, per_second: int) -> Line:
    words = items(get(node, "words"), f"{where}.words")
    slots = [read_word(word, f"{where}.words[{i}]", per_second) for i, word in enumerate(words)]
    if any(get(word, _OF_TOKENS) is not None for word in words):
        slots = merged(slots)
    return make_line(node, where, get(node, *_TEXT), slots, _span(node, where, per_second))


def read_word(node: Any, where: str, per_second: int = 1) -> Slot:
    """A word with ``word`` or ``text``, and ``start`` and ``end``, either missing where unknown."""
    score = get(node, "probability", "score", "confidence", "conf")
    return make_slot(node, where, get(node, "word", *_TEXT), *_span(node, where, per_second), probability=score)


def _span(node: Any, where: str, per_second: int) -> tuple[Seconds | None, Seconds | None]:
    """When a line or word begins and ends, by whichever names; a duration stands for an end."""
    start = number(get(node, "start", "startTime"), f"{where}.start", per_second)
    end = number(get(node, "end", "endTime"), f"{where}.end", per_second)
    if start is None or end is not None:
        return start, end
    length = number(get(node, "duration"), f"{where}.duration", per_second)
    return start, None if length is None else start + length


def share_out(
    slots: Sequence[Slot], lines: Sequence[Line], text: Any = None, language: str | None = None
) -> tuple[Line, ...]:
    """Give each word to the line in whose time its middle lies; between lines, to the earlier one."""
    if not lines:
        return flat_lines(slots, "words", text, language)
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
