"""AWS Transcribe while it listens: ``Transcript.Results[{IsPartial, Alternatives[{Items}]}]``, an event at a time.

Times are seconds; each message may lie under ``TranscriptEvent``. What is partial comes again, and is left out.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .reading import Line, Reading, Slot, first, flat_lines, get, holds, items, language_code, make_slot, span_of

_KEY = "Speaker"


def matches(data: Any) -> bool:
    """An object whose transcript has results."""
    return holds(get(data, "TranscriptEvent") or data, "Transcript", "Results")


def read(data: Any) -> Reading:
    """Read the words and marks of each result that is final."""
    results = (get(data, "TranscriptEvent") or data)["Transcript"]["Results"]
    language = next(filter(None, (language_code(get(result, "LanguageCode")) for result in results)), None)
    lines = tuple(
        line
        for r, result in enumerate(results)
        if get(result, "IsPartial") is not True
        for line in _lines(result, f"Results[{r}]", language)
    )
    return Reading("AWS Transcribe", lines, language)


def _lines(result: Any, where: str, language: str | None) -> tuple[Line, ...]:
    best = first(get(result, "Alternatives"), f"{where}.Alternatives")
    nodes = items(get(best, "Items"), f"{where}.Items")
    slots = [_slot(node, f"{where}.Items[{i}]", get(result, "ChannelId")) for i, node in enumerate(nodes)]
    return flat_lines(slots, where, get(best, "Transcript"), language)


def _slot(node: Any, where: str, channel: Any) -> Slot:
    is_mark = get(node, "Type") == "punctuation"
    span = (None, None) if is_mark else span_of(node, where, "StartTime", "EndTime")
    slot = make_slot(node, where, get(node, "Content"), *span, probability=get(node, "Confidence"), key=_KEY)
    return replace(slot, channel=channel) if isinstance(channel, str) else slot
