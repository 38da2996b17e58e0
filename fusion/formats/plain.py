"""A plain list of words, or ``{"words": [...]}``: each with start, end, and ``word`` or ``text``, in seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .reading import Reading, flat_lines, get, items, language_code
from .segments import read_word


def matches(data: Any) -> bool:
    """A list, or an object with words."""
    words = data.get("words") if isinstance(data, Mapping) else data
    return isinstance(words, Sequence) and not isinstance(words, str | bytes)


def read(data: Any, per_second: int = 1) -> Reading:
    """Read the words; sentences and pauses make the lines."""
    words = data["words"] if isinstance(data, Mapping) else data
    slots = [read_word(node, f"words[{i}]", per_second) for i, node in enumerate(items(words, "words"))]
    about = data if isinstance(data, Mapping) else {}
    language = language_code(get(about, "language"))
    lines = flat_lines(slots, "words", get(about, "text"), language)
    return Reading("plain list", lines, language, certain_unit=False)
