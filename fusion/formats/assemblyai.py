"""AssemblyAI: ``{"words": [{"text", "start", "end", "confidence"}], "audio_duration", ...}``.

Times are whole milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fusion.formats.reading import Reading, Slot, flat_lines, get, items, make_slot, number

_MS = 1000
_OWN_KEYS = frozenset({"acoustic_model", "audio_duration", "audio_url", "language_code", "speech_model", "utterances"})


def matches(data: Any) -> bool:
    """An object with words that have text and whole-numbered times, and a key only AssemblyAI writes."""
    if not isinstance(data, Mapping) or not isinstance(data.get("words"), list) or not _OWN_KEYS & data.keys():
        return False
    times = [get(word, key) for word in data["words"] for key in ("start", "end")]
    known = [time for time in times if time is not None]
    return all(isinstance(time, int) for time in known) and all(get(w, "text") is not None for w in data["words"])


def read(data: Any) -> Reading:
    """Read the flat words."""
    slots = [_slot(node, f"words[{i}]") for i, node in enumerate(items(data["words"], "words"))]
    language = get(data, "language_code")
    duration = number(get(data, "audio_duration"), "audio_duration")
    return Reading("AssemblyAI", flat_lines(slots, "words"), language.split("_")[0] if language else None, duration)


def _slot(node: Any, where: str) -> Slot:
    start, end = (number(get(node, key), f"{where}.{key}", _MS) for key in ("start", "end"))
    return make_slot(node, where, get(node, "text"), start, end, probability=get(node, "confidence"))
