"""NeMo: a hypothesis' ``{"text", "timestamp": {"word": [{"word", "start", "end"}]}}``, in seconds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .reading import Reading, flat_lines, get, items
from .segments import read_word

_NAMES = ("timestamp", "timestamps", "timestep")


def matches(data: Any) -> bool:
    """An object whose time stamps have words."""
    stamps = get(data, *_NAMES) if isinstance(data, Mapping) else None
    return isinstance(stamps, Mapping) and isinstance(stamps.get("word"), list)


def read(data: Any) -> Reading:
    """Read the word time stamps."""
    words = items(get(data, *_NAMES)["word"], "timestamp.word")
    slots = [read_word(node, f"timestamp.word[{i}]") for i, node in enumerate(words)]
    return Reading("NeMo", flat_lines(slots, "timestamp.word", get(data, "text", "pred_text")))
