"""What every transcript format is read into: lines of slots that remember where they came from."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from fusion.errors import TranscriptError
from fusion.text import ends_sentence, is_punctuation

if TYPE_CHECKING:
    from fusion.types import Seconds

_PAUSE: Seconds = 1.0
_SLIGHTLY_BEFORE_ZERO: Seconds = -1.0


@dataclass(frozen=True, slots=True)
class Slot:
    """One word, and the places in the caller's data that want its speaker.

    where: its name for messages, e.g. ``segments[3].words[2]``. homes: the objects
    or dicts that stand for the word; its speaker goes under `key` of each.
    """

    where: str
    text: str
    start: Seconds | None
    end: Seconds | None
    probability: float | None = None
    homes: tuple[Any, ...] = ()
    key: str = "speaker"
    note: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A segment as the recogniser gave it; `slots` is empty if it gives no words."""

    where: str
    text: str
    start: Seconds
    end: Seconds
    slots: tuple[Slot, ...] = ()
    homes: tuple[Any, ...] = ()
    key: str = "speaker"
    note: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """A whole transcript. `family` is the name of its format; `certain_unit` whether its unit of time is known."""

    family: str
    lines: tuple[Line, ...]
    language: str | None = None
    duration: Seconds | None = None
    certain_unit: bool = True
    notes: tuple[str, ...] = field(default=())


def get(node: Any, *names: str) -> Any:
    """The first of the names that a dict or object has and that is not None; None otherwise."""
    for name in names:
        value = node.get(name) if isinstance(node, Mapping) else getattr(node, name, None)
        if value is not None:
            return value
    return None


def items(value: Any, where: str) -> list[Any]:
    """`value` as a list; None is empty.

    Raises:
        TranscriptError: if it is no list.
    """
    if value is None:
        return []
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        raise TranscriptError(f"{where} must be a list, not {type(value).__name__}.")
    return list(value)


def first(value: Any, where: str) -> Any:
    """The first of a list, which is the best of a recogniser's alternatives; None if there is none."""
    return next(iter(items(value, where)), None)


def number(value: Any, where: str, per_second: int = 1) -> Seconds | None:
    """A time in seconds; None stays None.

    Args:
        value: a number, or text that is one (``"1.4"``, ``"1.4s"``).
        where: the value's name, for messages.
        per_second: units of `value` in a second.

    Raises:
        TranscriptError: for anything else, NaN and infinity included.
    """
    if value is None:
        return None
    try:
        if isinstance(value, bool):
            raise ValueError  # noqa: TRY004, TRY301 - one message for all that is no number
        seconds = float(value.removesuffix("s") if isinstance(value, str) else value) / per_second
        if not math.isfinite(seconds):
            raise ValueError  # noqa: TRY301 - see above
    except (TypeError, ValueError):
        raise TranscriptError(f"{where} is {value!r}: give a finite number of seconds, or leave it out.") from None
    return seconds


def make_slot(
    node: Any,
    where: str,
    text: Any,
    start: Seconds | None,
    end: Seconds | None,
    *,
    probability: Any = None,
    key: str = "speaker",
) -> Slot:
    """A slot whose times are repaired where a user wants that, and noted.

    A time just before zero is zero; an end before its start is the start.

    Raises:
        TranscriptError: no text, or a time far before zero.
    """
    if not isinstance(text, str):
        message = f"{where} has no text: a word needs 'word' or 'text' beside its times."
        raise TranscriptError(message)
    score = number(probability, f"{where}.probability")
    start, end, note = repair_times(start, end, f"{where} ({text.strip()!r})")
    return Slot(where, text, start, end, None if score is None else min(1.0, max(0.0, score)), (node,), key, note)


def repair_times(start: Seconds | None, end: Seconds | None, name: str) -> tuple[Seconds | None, Seconds | None, str]:
    """Times that can be, and a note of what was wrong with them."""
    note = ""
    for value in (start, end):
        if value is not None and value < _SLIGHTLY_BEFORE_ZERO:
            raise TranscriptError(f"{name} has the time {value:g} s: times count from the start of the recording.")
        if value is not None and value < 0:
            note = f"{name} begins before the recording: it was moved to 0."
    start = None if start is None else max(0.0, start)
    end = None if end is None else max(0.0, end)
    if start is not None and end is not None and end < start:
        note = f"{name} ends at {end:g} s, before its start at {start:g} s: the end was ignored."
        end = start
    return start, end, note


def make_line(
    node: Any,
    where: str,
    text: str | None,
    slots: Sequence[Slot],
    span: tuple[Any, Any] = (None, None),
    *,
    key: str = "speaker",
) -> Line:
    """A line; its text and times come from its words where the format gives none.

    Raises:
        TranscriptError: neither the line nor a word of it has a time.
    """
    start, end, note = repair_times(*span, where)
    known = [t for slot in slots for t in (slot.start, slot.end) if t is not None]
    start = min(known, default=None) if start is None else start
    end = max([*known, start] if start is not None else known, default=None) if end is None else end
    if start is None or end is None:
        raise TranscriptError(f"{where} has no start and end, and no word with a time: add them in seconds.")
    return Line(where, joined(slots) if text is None else text, start, end, tuple(slots), (node,), key, note)


def joined(slots: Sequence[Slot]) -> str:
    """The words' text, with a space between those that bring none, except before marks and between CJK words."""
    text = ""
    for slot in slots:
        bare = text and slot.text and not text[-1].isspace() and not slot.text[0].isspace()
        text += (
            " " if bare and not is_punctuation(slot.text) and not _unspaced(text[-1], slot.text[0]) else ""
        ) + slot.text
    return text


def _unspaced(left: str, right: str) -> bool:
    """Whether the script of these letters writes words without spaces."""
    return any(_is_unspaced(char) for char in (left, right))


def _is_unspaced(char: str) -> bool:
    name = unicodedata.name(char, "")
    return name.startswith(("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR"))


def grouped(slots: Iterable[Slot]) -> Iterator[list[Slot]]:
    """Flat words as sentences: a new one after a pause of a second or the end of a sentence."""
    group: list[Slot] = []
    for slot in slots:
        if group and not is_punctuation(slot.text) and _new_sentence(group[-1], slot):
            yield group
            group = []
        group.append(slot)
    if group:
        yield group


def _new_sentence(before: Slot, after: Slot) -> bool:
    paused = before.end is not None and after.start is not None and after.start - before.end > _PAUSE
    return paused or ends_sentence(before.text)


def flat_lines(slots: Sequence[Slot], where: str) -> tuple[Line, ...]:
    """Lines for a format that gives words only. Words without any time join the line before them."""
    groups: list[list[Slot]] = []
    for group in grouped(slots):
        timeless = all(slot.start is None and slot.end is None for slot in group)
        if groups and (timeless or all(s.start is None and s.end is None for s in groups[-1])):
            groups[-1] += group
        else:
            groups.append(group)
    return tuple(replace(make_line(None, where, None, group), homes=()) for group in groups)
