"""Soniox: ``{"text", "tokens": [{"text", "start_ms", "end_ms", "confidence"}]}``.

Tokens are parts of words, a space at the front of the first; times are whole
milliseconds. Translated tokens have no times, and are left out, as are the tokens that
mark the end of what was said while it listened, and those that are said again until they are final.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .reading import Reading, Slot, any_holds, flat_lines, get, language_code, make_slot, merged, span_of

_MS = 1000
_ENDS = ("<end>", "<fin>")


def matches(data: Any) -> bool:
    """An object with tokens that have times in milliseconds."""
    return any_holds(data, "tokens", "start_ms")


def read(data: Any) -> Reading:
    """Put the tokens together to words."""
    tokens = [
        (i, node)
        for i, node in enumerate(data["tokens"])
        if get(node, "translation_status") != "translation"
        and get(node, "text") not in _ENDS
        and get(node, "is_final") is not False
    ]
    slots = merged(_slot(node, f"tokens[{i}]") for i, node in tokens)
    language = language_code(get(tokens[0][1], "language")) if tokens else None
    return Reading("Soniox", flat_lines(slots, "tokens", get(data, "text"), language), language)


def together(messages: Iterable[Any]) -> dict[str, Any]:
    """What came one after the other as one answer: a word may go on in the next message."""
    return {"tokens": [node for message in messages for node in message["tokens"]]}


def _slot(node: Any, where: str) -> Slot:
    span = span_of(node, where, "start_ms", "end_ms", _MS)
    return make_slot(node, where, get(node, "text"), *span, probability=get(node, "confidence"))
