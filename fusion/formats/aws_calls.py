"""AWS Transcribe Call Analytics: ``{"Transcript": [{"Content", "BeginOffsetMillis", "EndOffsetMillis", "Items"}]}``.

Times are milliseconds; an item is a word, or a mark without times. Each role has a channel of its own.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .reading import Line, Reading, any_holds, get, items, language_code, make_line, make_slot, span_of

if TYPE_CHECKING:
    from ..types import Seconds

_MS = 1000


def matches(data: Any) -> bool:
    """An object whose transcript has rows with an offset in milliseconds."""
    return any_holds(data, "Transcript", "BeginOffsetMillis")


def read(data: Any) -> Reading:
    """Read every row as a line."""
    lines = tuple(_line(row, f"Transcript[{i}]") for i, row in enumerate(data["Transcript"]))
    return Reading("AWS Call Analytics", lines, language_code(get(data, "LanguageCode")))


def _line(row: Any, where: str) -> Line:
    nodes = items(get(row, "Items"), f"{where}.Items")
    slots = [
        make_slot(node, place, get(node, "Content"), *_span(node, place), probability=get(node, "Confidence"))
        for place, node in ((f"{where}.Items[{i}]", node) for i, node in enumerate(nodes))
    ]
    role = get(row, "ParticipantRole")
    line = make_line(row, where, get(row, "Content"), slots, _span(row, where))
    return replace(line, channel=role) if isinstance(role, str) else line


def _span(node: Any, where: str) -> tuple[Seconds | None, Seconds | None]:
    return span_of(node, where, "BeginOffsetMillis", "EndOffsetMillis", _MS)
