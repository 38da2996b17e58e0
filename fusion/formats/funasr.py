"""FunASR: ``[{"key", "text", "timestamp": [[start, end], ...]}]``, a pair of milliseconds a word or Han character.

Where they have decimals and would last no time, they are seconds. Asked for, it adds
``sentence_info``: ``{"text", "start", "end", "spk"}``, which are the lines where the pairs are
not those of the words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..errors import TranscriptError
from ..given import short
from ..text import split_text
from ..times import are_seconds
from .fields import check_one_recording
from .reading import Line, Reading, Slot, flat_lines, get, items, make_line, make_slot, make_span, number, span_of

if TYPE_CHECKING:
    from ..types import Seconds

_MS = 1000
_LONG_WORD = 20.0
_TAG = re.compile(r"<\|[^|<>]*\|>")
"""What SenseVoice says of the language and the mood."""


def matches(data: Any) -> bool:
    """Objects with a text and a list of pairs of times."""
    answers = data if isinstance(data, list) else [data]
    return bool(answers) and all(map(_is_answer, answers))


def _is_answer(answer: Any) -> bool:
    return (
        isinstance(answer, Mapping)
        and isinstance(answer.get("text"), str)
        and isinstance(answer.get("timestamp"), list)
        and all(isinstance(pair, list) for pair in answer["timestamp"])
        and "start" not in answer
    )


def read(data: Any) -> Reading:
    """Read the words of each answer, or its sentences."""
    answers = data if isinstance(data, list) else [data]
    check_one_recording((str(get(answer, "key")) for answer in answers), "The transcript")
    lines: list[Line] = []
    spans: list[Slot] = []
    for i, answer in enumerate(answers):
        text = _TAG.sub("", answer["text"])
        unit = (
            1
            if are_seconds([(pair[0], pair[1]) for pair in answer["timestamp"] if _is_pair(pair)], _LONG_WORD)
            else _MS
        )
        words = [piece for piece in split_text(text) if any(map(str.isalnum, piece))]
        if len(words) == len(answer["timestamp"]):
            where = f"[{i}].timestamp"
            pairs = enumerate(zip(words, answer["timestamp"], strict=True))
            lines += flat_lines([_slot(word, pair, f"{where}[{w}]", unit) for w, (word, pair) in pairs], where, text)
            sentences = _sentences(answer, f"[{i}]")
            spans += [make_span(node, place, _span(node, place, unit), "spk") for place, node in sentences]
        else:
            lines += _lines(answer, f"[{i}]", len(words), unit)
    return Reading("FunASR", tuple(lines), spans=tuple(spans))


def _lines(answer: Mapping[str, Any], where: str, words: int, unit: int) -> list[Line]:
    """The sentences as lines, where the pairs of times are not those of the words."""
    sentences = _sentences(answer, where)
    if not sentences:
        count = len(answer["timestamp"])
        raise TranscriptError(f"{where} has {words} words and {count} pairs of times: ask for sentence_timestamp=True.")
    return [make_line(node, place, _said(node), [], _span(node, place, unit), key="spk") for place, node in sentences]


def _sentences(answer: Mapping[str, Any], where: str) -> list[tuple[str, Any]]:
    """Place and content of each sentence."""
    own = f"{where}.sentence_info"
    return [(f"{own}[{i}]", node) for i, node in enumerate(items(get(answer, "sentence_info"), own))]


def _is_pair(pair: list[Any]) -> bool:
    return len(pair) == len(("start", "end"))


def _slot(word: str, pair: list[Any], where: str, unit: int) -> Slot:
    if not _is_pair(pair):
        raise TranscriptError(f"{where} is {short(pair)}: it must be [start, end] in milliseconds.")
    start, end = (number(time, where, unit) for time in pair)
    return make_slot(None, where, word.strip(), start, end)


def _said(node: Any) -> Any:
    text = get(node, "text", "sentence")
    return _TAG.sub("", text) if isinstance(text, str) else text


def _span(node: Any, where: str, unit: int) -> tuple[Seconds | None, Seconds | None]:
    return span_of(node, where, "start", "end", unit)
