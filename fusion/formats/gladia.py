"""Gladia: ``{"result": {"transcription": {"utterances": [{"start", "end", "text", "words": [...]}]}}}``, in seconds.

What a callback brings has ``payload`` in place of ``result``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .reading import Reading, get, language_code, number
from .segments import read_lines


def matches(data: Any) -> bool:
    """An object with a transcription that has utterances."""
    return isinstance(data, Mapping) and isinstance(get(get(_inner(data), "transcription"), "utterances"), list)


def _inner(data: Any) -> Any:
    return get(data, "result", "payload") or data


def read(data: Any) -> Reading:
    """Read every utterance as a line."""
    found = _inner(data)
    told = get(found, "transcription")
    duration = number(get(get(found, "metadata"), "audio_duration"), "metadata.audio_duration")
    languages = get(told, "languages")
    language = language_code(languages[0] if isinstance(languages, list) and languages else None)
    return Reading("Gladia", read_lines(told["utterances"], "transcription.utterances"), language, duration)
