"""Rev AI: ``{"monologues": [{"speaker": 0, "elements": [{"type": "text", "value", "ts", "end_ts"}]}]}``.

Times in seconds. Spaces and marks are elements of type ``punct``, without times. What it says while it listens has the
elements of one monologue, and the type ``final``; of type ``partial`` it will be said again.
"""

from __future__ import annotations

from typing import Any

from .reading import Line, Reading, Slot, get, holds, items, make_line, make_slot, span_of


def matches(data: Any) -> bool:
    """An object with monologues, or one that is said of speech that is over."""
    return holds(data, "monologues") or (holds(data, "elements") and data.get("type") == "final")


def read(data: Any) -> Reading:
    """Read every monologue as a line; those without a spoken word are left out."""
    nodes = {f"monologues[{m}]": node for m, node in enumerate(data.get("monologues") or ())} or {"final": data}
    lines = (_line(node, where) for where, node in nodes.items())
    return Reading("Rev AI", tuple(line for line in lines if line is not None))


def _line(monologue: Any, where: str) -> Line | None:
    elements = items(get(monologue, "elements"), f"{where}.elements")
    spoken = [(i, node) for i, node in enumerate(elements) if get(node, "type") == "text"]
    slots = [_slot(node, f"{where}.elements[{i}]") for i, node in spoken]
    text = "".join(str(get(node, "value") or "") for node in elements)
    return make_line(monologue, where, text, slots) if slots else None


def _slot(node: Any, where: str) -> Slot:
    span = span_of(node, where, "ts", "end_ts")
    return make_slot(node, where, get(node, "value"), *span, probability=get(node, "confidence"))
