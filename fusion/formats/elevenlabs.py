"""ElevenLabs Scribe: ``{"language_code", "text", "words": [{"text", "start", "end", "type", "speaker_id"}]}``.

Times in seconds. Spaces are entries of type ``spacing``, noises of type
``audio_event``. With several channels there is such an object for each in
``transcripts``. Speakers go under ``speaker_id``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .reading import Line, Reading, flat_lines, get, items, language_code, merged
from .segments import read_word

_TYPES = ("word", "spacing", "audio_event")


def matches(data: Any) -> bool:
    """An object with words that have one of its types, or transcripts of such."""
    words = get(_channels(data)[0], "words") if isinstance(data, Mapping) else None
    return isinstance(words, list) and any(get(word, "type") in _TYPES for word in words)


def _channels(data: Any) -> list[Any]:
    several = get(data, "transcripts")
    return several if isinstance(several, list) and several else [data]


def read(data: Any) -> Reading:
    """Put spaces and words together, in every channel."""
    channels = _channels(data)
    language = language_code(get(channels[0], "language_code"))
    lines: list[Line] = []
    for c, channel in enumerate(channels):
        where = f"transcripts[{c}].words" if len(channels) > 1 else "words"
        slots = [read_word(node, f"{where}[{i}]") for i, node in enumerate(items(get(channel, "words"), where))]
        words = [replace(slot, key="speaker_id", channel=str(c)) for slot in merged(slots)]
        lines += flat_lines(words, where, get(channel, "text"), language)
    return Reading("ElevenLabs", tuple(lines), language)
