"""AssemblyAI: ``{"words": [{"text", "start", "end", "confidence"}], "audio_duration", ...}``.

Times are whole milliseconds. With its own speaker labels on, ``utterances`` hold
copies of the words. Asked for ``sentences`` or ``paragraphs``, it gives those with the words in them.
While it listens it sends ``{"type": "Turn", "turn_order", "end_of_turn", "transcript", "words"}``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from .reading import Reading, Slot, flat_lines, get, holds, items, language_code, make_slot, make_span, number, span_of

if TYPE_CHECKING:
    from ..types import Seconds

_MS = 1000
_LISTS = ("words", "sentences", "paragraphs")
_OWN_KEYS = frozenset(
    {"acoustic_model", "audio_duration", "audio_url", "language_code", "speech_model", "turn_order", "utterances"}
)


def matches(data: Any) -> bool:
    """An object with words that have text and whole-numbered times, and a key only AssemblyAI writes."""
    if not isinstance(data, Mapping) or not _OWN_KEYS & data.keys() or not any(holds(data, key) for key in _LISTS):
        return False
    words = [node for _, node in _words(data)]
    known = [time for word in words for key in ("start", "end") if (time := get(word, key)) is not None]
    return all(isinstance(time, int) for time in known) and all(get(word, "text") is not None for word in words)


def _words(data: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Every word with its place, wherever they lie."""
    if holds(data, "words"):
        yield from ((f"words[{i}]", node) for i, node in enumerate(data["words"]))
        return
    for name in filter(partial(holds, data), _LISTS):
        for s, part in enumerate(data[name]):
            own = f"{name}[{s}].words"
            yield from ((f"{own}[{i}]", node) for i, node in enumerate(items(get(part, "words"), own)))
        return


def _parts(data: Mapping[str, Any]) -> Iterator[Slot]:
    """The sentences or paragraphs, which have a speaker besides their words."""
    for name in _LISTS[1:]:
        for s, part in enumerate(items(get(data, name), name)):
            yield make_span(part, f"{name}[{s}]", _times(part, f"{name}[{s}]"))


def read(data: Any) -> Reading:
    """Read the words, wherever they lie."""
    slots = [_slot(node, where) for where, node in _words(data)]
    duration = number(get(data, "audio_duration"), "audio_duration")
    language = language_code(get(data, "language_code"))
    lines = flat_lines(slots, "words", get(data, "text", "transcript"), language)
    return Reading("AssemblyAI", lines, language, duration, spans=(*_utterances(data), *_parts(data)))


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
    return span_of(node, where, "start", "end", _MS)
