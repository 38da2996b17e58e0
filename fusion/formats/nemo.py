"""NeMo: a hypothesis' ``{"text", "timestamp": {"word": [{"word", "start", "end"}]}}``, in seconds.

Its script ``transcribe_speech.py`` writes ``{"pred_text", "timestamps_word": [...]}``, a line a recording.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .reading import Reading, flat_lines, get, items
from .segments import read_word

_NAMES = ("timestamp", "timestamps", "timestep")
_BESIDE = "timestamps_word"


def matches(data: Any) -> bool:
    """An object whose time stamps have words."""
    if not isinstance(data, Mapping):
        return False
    stamps = get(data, *_NAMES)
    return isinstance(data.get(_BESIDE), list) or (isinstance(stamps, Mapping) and isinstance(stamps.get("word"), list))


def read(data: Any) -> Reading:
    """Read the word time stamps."""
    where = _BESIDE if _BESIDE in data else "timestamp.word"
    words = items(data[_BESIDE] if _BESIDE in data else get(data, *_NAMES)["word"], where)
    slots = [read_word(node, f"{where}[{i}]") for i, node in enumerate(words)]
    return Reading("NeMo", flat_lines(slots, where, get(data, "pred_text", "text")))
