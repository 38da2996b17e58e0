"""Azure Speech: batch (``recognizedPhrases``), fast transcription (``phrases``), the SDK's details (``NBest``).

Batch and SDK times are ticks of 100 ns, those of fast transcription milliseconds;
each is an offset and a duration.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..errors import TranscriptError
from .reading import (
    Line,
    Reading,
    Slot,
    first,
    get,
    items,
    language_code,
    make_line,
    make_slot,
    make_span,
    number,
)

if TYPE_CHECKING:
    from ..types import Seconds

_TICK = 10_000_000
_MS = 1000
_LISTS = ("recognizedPhrases", "phrases")


def matches(data: Any) -> bool:
    """An object with one of Azure's lists of phrases, or one or more of the SDK's results."""
    if isinstance(data, list):
        return bool(data) and all(isinstance(item, Mapping) and _is_result(item) for item in data)
    return isinstance(data, Mapping) and (any(isinstance(data.get(k), list) for k in _LISTS) or _is_result(data))


def _is_result(data: Mapping[str, Any]) -> bool:
    return "NBest" in data or ("RecognitionStatus" in data and "Offset" in data)


def read(data: Any) -> Reading:
    """Read every phrase's best alternative."""
    name = next((key for key in _LISTS if isinstance(data, Mapping) and key in data), "NBest")
    phrases = data if isinstance(data, list) else data.get(name) if name != "NBest" else [data]
    lines = [_line(node, f"{name}[{i}]") for i, node in enumerate(items(phrases, name))]
    lines = [line for line in lines if line.slots or line.text.strip()]  # silence has a phrase, too
    locale = next((get(phrase, "locale") for phrase in phrases if get(phrase, "locale")), None)
    spans = [span for i, node in enumerate(phrases) for span in _lexical(node, f"{name}[{i}]")]
    return Reading("Azure", tuple(lines), language_code(locale), spans=tuple(spans))


def _line(node: Any, where: str) -> Line:
    best = first(get(node, "nBest", "NBest"), where) or node
    words = items(get(best, "displayWords", "words", "Words"), f"{where}.words")
    slots = [_slot(word, f"{where}.words[{i}]") for i, word in enumerate(words)]
    text = get(best, "display", "Display", "text", "DisplayText")
    return make_line(node, where, text, slots, _span(node, where))


def _lexical(phrase: Any, where: str) -> list[Slot]:
    """The words as they were said, where they stand beside the words as they are written."""
    best = first(get(phrase, "nBest"), where) or {}
    words = items(get(best, "words") if get(best, "displayWords") else None, f"{where}.words")
    return [make_span(node, f"{where}.words[{i}]", _span(node, f"{where}.words[{i}]")) for i, node in enumerate(words)]


def _slot(node: Any, where: str) -> Slot:
    text = get(node, "displayText", "word", "Word", "text")
    return make_slot(node, where, text, *_span(node, where), probability=get(node, "confidence"))


def _span(node: Any, where: str) -> tuple[Seconds | None, Seconds | None]:
    """Start and end from an offset and a duration in whichever unit the key names."""
    for offset, duration, per_second in (
        ("offsetInTicks", "durationInTicks", _TICK),
        ("offsetMilliseconds", "durationMilliseconds", _MS),
        ("Offset", "Duration", _TICK),
    ):
        start = number(get(node, offset), f"{where}.{offset}", per_second)
        if start is not None:
            length = number(get(node, duration), f"{where}.{duration}", per_second)
            return start, None if length is None else start + length
    if isinstance(get(node, "offset"), str):  # as ISO 8601 has it, PT1.2S
        start, length = (number(get(node, key), f"{where}.{key}") for key in ("offset", "duration"))
        return start, None if start is None or length is None else start + length
    if get(node, "offset") is not None:
        raise TranscriptError(
            f"{where}.offset stands alone: Azure writes offsetInTicks or offsetMilliseconds beside it."
        )
    return None, None
