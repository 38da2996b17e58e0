"""Vibe: ``[{"start", "stop", "text"}]``, by itself or under ``segments``, in hundredths of a second.

Newer versions write such rows under ``transcript``, in seconds, as others do whose times have decimals.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..times import are_seconds
from .reading import Reading, get, items, make_line, span_of

_HUNDREDTHS = 100
_LONG_ROW = 60.0


def matches(data: Any) -> bool:
    """Rows of text that have a stop, and no end."""
    rows = data.get(_name(data)) if isinstance(data, Mapping) else data
    return isinstance(rows, list) and any(_is_row(row) for row in rows) and all(map(_is_row, rows))


def _is_row(row: Any) -> bool:
    return isinstance(row, Mapping) and {"text", "start", "stop"} <= row.keys() and "end" not in row


def _name(data: Mapping[str, Any]) -> str:
    return "transcript" if "transcript" in data else "segments"


def read(data: Any) -> Reading:
    """Read every row as a line."""
    name = _name(data) if isinstance(data, Mapping) else "segments"
    rows = items(data[name] if isinstance(data, Mapping) else data, name)
    times = [(get(row, "start"), get(row, "stop")) for row in rows]
    per_second = 1 if name == "transcript" or are_seconds(times, _LONG_ROW) else _HUNDREDTHS
    lines = []
    for i, row in enumerate(rows):
        where = f"{name}[{i}]"
        lines.append(make_line(row, where, get(row, "text"), [], span_of(row, where, "start", "stop", per_second)))
    return Reading("Vibe", tuple(lines))
