"""Vosk: ``{"result": [{"word", "start", "end", "conf"}], "text"}``, or a list of those, in seconds.

With ``SetMaxAlternatives`` each has ``alternatives`` of that shape.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..errors import TranscriptError
from .reading import Line, Reading, get, items, make_line
from .segments import read_word


def matches(data: Any) -> bool:
    """An object with a result that is a list of words, or a list of such objects and what else Vosk says."""
    answers = data if isinstance(data, list) else [data]
    return any(map(_has_words, answers)) and all(_has_words(node) or _is_without(node) for node in answers)


def _has_words(answer: Any) -> bool:
    return isinstance(answer, Mapping) and isinstance(get(_best(answer), "result"), list)


def _is_without(answer: Any) -> bool:
    """Whether it is what Vosk says of silence, or while it still listens."""
    return isinstance(answer, Mapping) and isinstance(get(_best(answer), "text", "partial"), str)


def _best(answer: Any) -> Any:
    several = get(answer, "alternatives")
    return several[0] if isinstance(several, list) and several else answer


def read(data: Any) -> Reading:
    """Read every answer of the recogniser as a line; those to silence have no words and are left out."""
    return Reading("Vosk", tuple(_lines(data)))


def _lines(data: Any) -> Iterator[Line]:
    for i, answer in enumerate(data if isinstance(data, list) else [data]):
        at = f"[{i}].result" if isinstance(data, list) else "result"
        best = _best(answer)
        slots = [read_word(node, f"{at}[{w}]") for w, node in enumerate(items(get(best, "result"), at))]
        text = get(best, "text")
        if slots:
            yield make_line(best, at, text, slots)
        elif isinstance(text, str) and text.strip():
            raise TranscriptError(f"{at} has no words, though there is text: ask Vosk for them, by SetWords(True).")
