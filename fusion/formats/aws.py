"""AWS Transcribe: ``results.items[{type, start_time, end_time, alternatives[{content, confidence}]}]``.

Times are seconds as text; punctuation has none. Speakers go under ``speaker_label``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fusion.formats.reading import Reading, Slot, first, flat_lines, get, items, make_slot, number


def matches(data: Any) -> bool:
    """An object whose results have items."""
    return isinstance(data, Mapping) and isinstance(get(get(data, "results") or {}, "items"), list)


def read(data: Any) -> Reading:
    """Read words and punctuation in order."""
    results = data["results"]
    slots = [_slot(node, f"results.items[{i}]") for i, node in enumerate(items(get(results, "items"), "results.items"))]
    language = get(results, "language_code")
    return Reading("AWS Transcribe", flat_lines(slots, "results.items"), language.split("-")[0] if language else None)


def _slot(node: Any, where: str) -> Slot:
    best = first(get(node, "alternatives"), f"{where}.alternatives")
    start, end = (number(get(node, key), f"{where}.{key}") for key in ("start_time", "end_time"))
    spoken = get(node, "type") != "punctuation"
    score = get(best, "confidence") if spoken else None
    return make_slot(node, where, get(best, "content"), start, end, probability=score, key="speaker_label")
