"""DOTe, as MacWhisper exports it: ``{"lines": [{"startTime": "00:00:01,000", "endTime", "text"}]}``.

The speaker of a line stands under ``speakerDesignation``.
"""

from __future__ import annotations

from typing import Any

from .reading import Reading, any_holds, get, make_line, span_of

_KEY = "speakerDesignation"


def matches(data: Any) -> bool:
    """An object with lines that have a time."""
    return any_holds(data, "lines", "startTime")


def read(data: Any) -> Reading:
    """Read every line."""
    lines = []
    for i, node in enumerate(data["lines"]):
        where = f"lines[{i}]"
        span = span_of(node, where, "startTime", "endTime")
        lines.append(make_line(node, where, get(node, "text"), [], span, key=_KEY))
    return Reading("DOTe", tuple(lines))
