"""parakeet-mlx: ``{"text", "sentences": [{"text", "start", "end", "tokens": [{"text", "start", "end"}]}]}``.

Times in seconds. Tokens are parts of words, a space at the front of the first.
"""

from __future__ import annotations

from typing import Any

from .reading import Line, Reading, any_holds, get, items, make_line, merged, span_of
from .segments import read_word


def matches(data: Any) -> bool:
    """An object with sentences that have tokens."""
    return any_holds(data, "sentences", "tokens")


def read(data: Any) -> Reading:
    """Read every sentence as a line, its tokens put together to words."""
    return Reading("parakeet-mlx", tuple(_line(node, f"sentences[{i}]") for i, node in enumerate(data["sentences"])))


def _line(sentence: Any, where: str) -> Line:
    tokens = items(get(sentence, "tokens"), f"{where}.tokens")
    slots = merged(read_word(node, f"{where}.tokens[{i}]") for i, node in enumerate(tokens))
    return make_line(sentence, where, get(sentence, "text"), slots, span_of(sentence, where, "start", "end"))
