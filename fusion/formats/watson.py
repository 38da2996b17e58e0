"""IBM Watson: ``{"results": [{"alternatives": [{"transcript", "timestamps": [[word, start, end]]}]}]}``, in seconds.

A word is a list, with no room for its speaker: that goes to the result, and into
``speaker_labels`` where the service wrote them. Results that are not final are said again by later ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..errors import TranscriptError
from ..given import short
from .reading import Line, Reading, Slot, first, get, items, make_line, make_slot, make_span, number, span_of


def matches(data: Any) -> bool:
    """An object whose results have alternatives with time stamps."""
    results = data.get("results") if isinstance(data, Mapping) else None
    return isinstance(results, list) and any(isinstance(get(_best(node), "timestamps"), list) for node in results)


def _best(result: Any) -> Any:
    return first(get(result, "alternatives"), "alternatives")


def read(data: Any) -> Reading:
    """Read every result's best alternative as a line."""
    final = ((r, node) for r, node in enumerate(data["results"]) if get(node, "final") is not False)
    lines = (_line(node, f"results[{r}]") for r, node in final)
    return Reading("IBM Watson", tuple(line for line in lines if line is not None), spans=tuple(_labels(data)))


def _line(result: Any, where: str) -> Line | None:
    best, at = _best(result), f"{where}.alternatives[0].timestamps"
    slots = [_slot(entry, f"{at}[{i}]") for i, entry in enumerate(items(get(best, "timestamps"), at))]
    return make_line(result, where, get(best, "transcript"), slots) if slots else None


def _slot(entry: Any, where: str) -> Slot:
    if not isinstance(entry, list) or len(entry) != len(("word", "start", "end")):
        raise TranscriptError(f"{where} is {short(entry)}: it must be [word, start, end].")
    start, end = (number(value, where) for value in entry[1:])
    return make_slot(None, where, entry[0], start, end)


def _labels(data: Any) -> Iterator[Slot]:
    for i, node in enumerate(items(get(data, "speaker_labels"), "speaker_labels")):
        where = f"speaker_labels[{i}]"
        yield make_span(node, where, span_of(node, where, "from", "to"))
