"""The edits by name, as the history keeps them: what was asked for, and how it is done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from ..errors import OptionError
from ..given import short
from ..records import DamagedError, Json, check_keys, count, item, one_of, optional, rows, text, texts
from . import speakers, words
from .content import NOBODY, Content, worded

WordRange: TypeAlias = tuple[int, int]
"""Numbers of words from 1, both included."""


@dataclass(frozen=True, slots=True)
class Rename:
    """Speakers get names: what they are called -> what they are to be called."""

    names: Mapping[str, str] = field(hash=False)

    def apply(self, content: Content) -> Content:
        """See `speakers.rename`."""
        return speakers.rename(content, self.names)

    def told(self) -> str:
        """The edit in words."""
        return "rename " + ", ".join(f"{old} to {new}" for old, new in self.names.items())


@dataclass(frozen=True, slots=True)
class Merge:
    """Speakers become one, `keep`."""

    keep: str
    others: tuple[str, ...]

    def apply(self, content: Content) -> Content:
        """See `speakers.merge`."""
        return speakers.merge(content, self.keep, self.others)

    def told(self) -> str:
        """The edit in words."""
        return f"merge {', '.join(self.others)} into {self.keep}"


@dataclass(frozen=True, slots=True)
class Reassign:
    """Words go to somebody; None is nobody."""

    spans: tuple[WordRange, ...]
    speaker: str | None

    def apply(self, content: Content) -> Content:
        """See `speakers.reassign`."""
        content = worded(content)
        count = len(content.transcript.words)
        for span in self.spans:
            _check_there(span, count)
        chosen = {number - 1 for first, last in self.spans for number in range(first, last + 1)}
        return speakers.reassign(content, chosen, self.speaker)

    def told(self) -> str:
        """The edit in words."""
        return f"reassign {', '.join(f'{a}-{b}' for a, b in self.spans)} to {self.speaker or NOBODY}"


@dataclass(frozen=True, slots=True)
class Correct:
    """Other text stands where the words of `span` stood."""

    span: WordRange
    text: str

    def apply(self, content: Content) -> Content:
        """See `words.correct`."""
        content = worded(content)
        _check_there(self.span, len(content.transcript.words))
        return words.correct(content, words.Place(self.span[0] - 1, self.span[1]), self.text)

    def told(self) -> str:
        """The edit in words."""
        return f"text {self.span[0]}-{self.span[1]} {short(self.text)}"


@dataclass(frozen=True, slots=True)
class Replace:
    """A phrase is another everywhere."""

    find: str
    new: str

    def apply(self, content: Content) -> Content:
        """See `words.replaced`."""
        return words.replaced(worded(content), self.find, self.new)[0]

    def told(self) -> str:
        """The edit in words."""
        return f"replace {short(self.find)} by {short(self.new)}"


@dataclass(frozen=True, slots=True)
class Redo:
    """The recording was heard again; `what` says by whom, in words. Only models can do that."""

    what: str

    def told(self) -> str:
        """The edit in words."""
        return f"redo {self.what}"


Operation: TypeAlias = Rename | Merge | Reassign | Correct | Replace | Redo


def _check_there(span: WordRange, count: int) -> None:
    if span[1] > count:
        raise OptionError(f"There are no words {span[0]}-{span[1]}: they are numbered from 1 to {count}.")


def spans_of(numbers: tuple[int, ...]) -> tuple[WordRange, ...]:
    """Rising numbers from 0 -> spans from 1."""
    spans: list[WordRange] = []
    for number in numbers:
        if spans and spans[-1][1] == number:
            spans[-1] = (spans[-1][0], number + 1)
        else:
            spans.append((number + 1, number + 1))
    return tuple(spans)


def write_operation(operation: Operation) -> Json:
    """An edit as plain values; `op` is the name of its command."""
    match operation:
        case Rename(names):
            return {"op": "rename", "names": dict(names)}
        case Merge(keep, others):
            return {"op": "merge", "keep": keep, "others": list(others)}
        case Reassign(spans, speaker):
            return {"op": "reassign", "words": [list(span) for span in spans], "speaker": speaker}
        case Correct(span, new):
            return {"op": "text", "words": list(span), "text": new}
        case Replace(find, new):
            return {"op": "replace", "find": find, "replace": new}
        case Redo(what):
            return {"op": "redo", "what": what}


def read_operation(row: Any) -> Operation:
    """What `write_operation` wrote.

    Raises:
        DamagedError: it is no edit that is known.
    """
    if not isinstance(row, dict):
        raise DamagedError(f"is {short(row)}, where an object is expected")
    keys, read = _READERS[item({"op": row.get("op")}, "op", one_of(tuple(_READERS)))]
    check_keys(row, keys | {"op"})
    return read(row)


def _span(value: Any) -> WordRange:
    if not isinstance(value, list) or len(value) != 2:  # noqa: PLR2004 - first and last
        raise DamagedError(f"is {short(value)}, where the first and the last number of words are expected")
    first, last = (count(number) for number in value)
    if not 1 <= first <= last:
        raise DamagedError(f"is {short(value)}, where two rising numbers from 1 are expected")
    return first, last


_READERS: Mapping[str, tuple[frozenset[str], Callable[[Json], Operation]]] = {
    "rename": (frozenset({"names"}), lambda row: Rename(item(row, "names", texts))),
    "merge": (frozenset({"keep", "others"}), lambda row: Merge(item(row, "keep", text), rows(row, "others", text))),
    "reassign": (
        frozenset({"words", "speaker"}),
        lambda row: Reassign(rows(row, "words", _span), optional(row, "speaker", text)),
    ),
    "text": (
        frozenset({"words", "text"}),
        lambda row: Correct(item(row, "words", _span), item(row, "text", text)),
    ),
    "replace": (
        frozenset({"find", "replace"}),
        lambda row: Replace(item(row, "find", text), item(row, "replace", text)),
    ),
    "redo": (frozenset({"what"}), lambda row: Redo(item(row, "what", text))),
}
