"""Gladia: ``{"result": {"transcription": {"utterances": [{"start", "end", "text", "words": [...]}]}}}``, in seconds.

What a callback brings has ``payload`` in place of ``result``. What it says while it listens is
``{"type": "transcript", "data": {"is_final", "utterance": {...}}}``, and all of it again as ``post_final_transcript``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .reading import Reading, get, language_code, number
from .segments import read_lines


def matches(data: Any) -> bool:
    """An object with a transcription that has utterances, or one utterance that is over."""
    return isinstance(data, Mapping) and isinstance(_utterances(_inner(data)), list)


def is_live(data: Any) -> bool:
    """Whether it is an utterance that was told while Gladia listened."""
    return isinstance(data, Mapping) and data.get("type") == "transcript" and matches(data)


def says_again(data: Any) -> bool:
    """Whether it tells anew what was told in utterances."""
    return isinstance(data, Mapping) and data.get("type") in ("post_transcript", "post_final_transcript")


def _inner(data: Any) -> Any:
    return get(data, "result", "payload", "data") or data


def _utterances(found: Any) -> Any:
    single = get(found, "utterance")
    if isinstance(single, Mapping):
        return [single] if get(found, "is_final") is not False else None
    return get(get(found, "transcription"), "utterances")


def read(data: Any) -> Reading:
    """Read every utterance as a line."""
    found = _inner(data)
    told = get(found, "transcription")
    duration = number(get(get(found, "metadata"), "audio_duration"), "metadata.audio_duration")
    languages = get(told, "languages")
    language = language_code(languages[0] if isinstance(languages, list) and languages else None)
    where = "transcription.utterances" if told else "utterance"
    return Reading("Gladia", read_lines(_utterances(found), where), language, duration)
