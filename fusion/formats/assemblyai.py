"""AssemblyAI: ``{"words": [{"text", "start", "end", "confidence"}], "audio_duration", ...}``.

Times are whole milliseconds. With its own speaker labels on, ``utterances`` hold
copies of the words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from .reading import Reading, Slot, flat_lines, get, items, language_code, make_slot, make_span, number

if TYPE_CHECKING:
    from ..types import Seconds

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
    duration = number(get(data, "audio_duration"), "audio_duration")
    lines = flat_lines(slots, "words", get(data, "text"))
    language = language_code(get(data, "language_code"))
    return Reading("AssemblyAI", lines, language, duration, spans=tuple(_utterances(data)))


def _utterances(data: Any) -> Iterator[Slot]:
    """The utterances and their copies of the words."""
    for u, utterance in enumerate(items(get(data, "utterances"), "utterances")):
        yield make_span(utterance, f"utterances[{u}]", _times(utterance, f"utterances[{u}]"))
        for i, node in enumerate(items(get(utterance, "words"), f"utterances[{u}].words")):
            where = f"utterances[{u}].words[{i}]"
            yield make_span(node, where, _times(node, where))


def _slot(node: Any, where: str) -> Slot:
    return make_slot(node, where, get(node, "text"), *_times(node, where), probability=get(node, "confidence"))


def _times(node: Any, where: str) -> tuple[Seconds | None, Seconds | None]:
    return number(get(node, "start"), f"{where}.start", _MS), number(get(node, "end"), f"{where}.end", _MS)
