"""What every transcript format is read into: lines of slots that remember where they came from."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ..errors import TranscriptError
from ..given import short
from ..text import carve, is_punctuation, is_unspaced, joined, may_cut, sentence_ends, share_found, unspaced
from ..text.languages import code_of
from ..times import BOUNDS, LONGEST, repair_times, seconds, written_time
from .told import told

if TYPE_CHECKING:
    from ..types import Seconds

_PAUSE: Seconds = 1.0
_CODE = re.compile("[A-Za-z]{2,3}")
_LONG_WORD = 6
_CHANNEL_KEYS = ("channel", "Channel", "channel_label", "channelTag", "channel_tag")
_AGREES = 0.8
"""A text is that of the words if it holds at least this part of them."""
_ENOUGH = 256
"""So many characters at the end of a word tell what belongs to it."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One word, and the places in the caller's data that want its speaker.

    where: its name for messages, e.g. ``segments[3].words[2]``. homes: the objects
    or dicts that stand for the word; its speaker goes under `key` of each. channel:
    the recogniser's name for that of the recording; empty where it tells none.
    """

    where: str
    text: str
    start: Seconds | None
    end: Seconds | None
    probability: float | None = None
    homes: tuple[Any, ...] = ()
    key: str = "speaker"
    note: str = ""
    channel: str = ""


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
    channel: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """A whole transcript. `family` is the name of its format; `certain_unit` whether its unit of time is known.

    spans: what else in the data has a speaker, by its time: copies of the words,
    utterances, paragraphs.
    """

    family: str
    lines: tuple[Line, ...]
    language: str | None = None
    duration: Seconds | None = None
    certain_unit: bool = True
    notes: tuple[str, ...] = field(default=())
    spans: tuple[Slot, ...] = ()


def get(node: Any, *names: str) -> Any:
    """The first of the names that a dict or object has and that is not None; None otherwise."""
    for name in names:
        value = node.get(name) if isinstance(node, Mapping) else getattr(node, name, None)
        if value is not None:
            return value
    return None


def speakers_in(reading: Reading) -> set[str]:
    """Who says the words, as far as the data tell by a text."""
    told = (get(home, key) for home, key in homes_in(reading))
    return {speaker for speaker in told if isinstance(speaker, str)}


def homes_in(reading: Reading) -> Iterator[tuple[Any, str]]:
    """Everything in the data that has room for a speaker, with the key for it."""
    slots = (slot for line in reading.lines for slot in line.slots)
    places: Iterable[Line | Slot] = (*reading.lines, *slots, *reading.spans)
    for place in places:
        yield from ((home, place.key) for home in place.homes if home is not None)


def holds(data: Any, *names: str) -> bool:
    """Whether a list lies under these names, each within the one before."""
    for name in names:
        data = get(data, name) if isinstance(data, Mapping) else None
    return isinstance(data, list)


def any_holds(data: Any, name: str, key: str) -> bool:
    """Whether a list lies under `name`, and one of its rows has `key`."""
    return holds(data, name) and any(get(row, key) is not None for row in data[name])


def span_of(node: Any, where: str, start: str, end: str, unit: int = 1) -> tuple[Seconds | None, Seconds | None]:
    """When a node begins and ends, by the names that its format has for that; `unit` is how many are a second.

    Raises:
        TranscriptError: one of them is no number.
    """
    begin, stop = (number(get(node, key), f"{where}.{key}", unit) for key in (start, end))
    return begin, stop


def language_code(value: Any) -> str | None:
    """The code of a language, told by a tag such as ``en-US`` or ``en_us`` or by its name; None for what is neither."""
    tag = value if isinstance(value, str) else ""
    code = tag.replace("_", "-").split("-")[0]
    return code_of(tag) or (code if _CODE.fullmatch(code) else None)


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


def number(value: Any, where: str, per_second: int = 1, *, needed: bool = False) -> Seconds | None:
    """A time in seconds; None stays None.

    Args:
        value: a number, or text that is one, or a time that tells its unit itself (see `times.written_time`).
        where: the value's name, for messages.
        per_second: units of `value` in a second.
        needed: whether it cannot be left out, for messages.

    Raises:
        TranscriptError: for anything else, NaN and infinity included, and for
            times outside [0, one year].
    """
    if value is None:
        return None
    try:
        told = written_time(value) if isinstance(value, str) else None
        time = seconds(value) / per_second if told is None else told
        if not math.isfinite(time):
            raise ValueError  # noqa: TRY301 - one message for all that is no number
    except (TypeError, ValueError, OverflowError):
        remedy = "give a finite number of seconds" + ("" if needed else ", or leave it out")
        raise TranscriptError(f"{where} is {short(value)}: {remedy}.") from None
    if time > LONGEST:
        raise TranscriptError(f"{where} is {short(value)}, or {time:g} s: {BOUNDS}.")
    return time


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
    score = _score(probability)
    start, end, note = repair_times(start, end, f"{where} ({short(text.strip())})")
    return Slot(where, whole(text), start, end, score, (node,), key, note, channel_of(node))


def channel_of(node: Any) -> str:
    """The channel that a word, line or result says it comes from, under any of the names in use; empty for none."""
    channel = get(node, *_CHANNEL_KEYS)
    return str(channel) if isinstance(channel, str | int) else ""


def whole(text: str) -> str:
    """Characters put together from their halves; what is left over becomes the replacement character."""
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    except UnicodeEncodeError:  # halves that were escaped in the JSON, as UTF-16 has them
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _score(value: Any) -> float | None:
    """A probability in [0, 1]; None for what is none: nothing depends on it, and WhisperX writes NaN at times."""
    try:
        score = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return None if math.isnan(score) else min(1.0, max(0.0, score))


def make_span(node: Any, where: str, span: tuple[Seconds | None, Seconds | None], key: str = "speaker") -> Slot:
    """A span of time in the data that has a speaker besides the words; its text does not matter.

    Raises:
        TranscriptError: it is no object, or its times cannot be.
    """
    if not isinstance(node, Mapping):
        raise TranscriptError(f"{where} must be an object, not {type(node).__name__}.")
    return make_slot(node, where, "", *span, key=key)


def make_line(
    node: Any,
    where: str,
    text: Any,
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
    said = whole(text) if isinstance(text, str) else joined(slot.text for slot in slots)
    channel = channel_of(node) or next((slot.channel for slot in slots if slot.channel), "")
    return Line(where, said, start, end, tuple(slots), (node,), key, note, channel)


def line_of(slot: Slot) -> Line:
    """What was read like a word, as a line without words; a note of its repair stays."""
    line = replace(make_line(None, slot.where, slot.text, [], (slot.start, slot.end)), homes=slot.homes, key=slot.key)
    return replace(line, note=" ".join(filter(None, (slot.note, line.note))), channel=slot.channel)


def merged(tokens: Iterable[Slot]) -> list[Slot]:
    """Tokens put together to words: a word begins with a space, or where its script writes none.

    Those of several channels come one channel after the other.
    """
    words: list[list[Slot]] = []
    for channel in by_channel(list(tokens)):
        before: str | None = None
        for token in channel:
            if before is None or _begins_word(before, token.text):
                words.append([token])
                before = token.text
            else:
                words[-1].append(token)
                before += token.text
            before = end_of(before)
    return [united(word) for word in words]


def end_of(word: str) -> str:
    """What of a word tells whether more belongs to it: marks by tens of thousands may, and each would read it all."""
    end = word[-_ENOUGH:]
    return end if end.strip() or not word.strip() else word.rstrip()[-1] + end


def by_channel(slots: Sequence[Slot]) -> list[list[Slot]]:
    """The slots of each channel in their order; one that tells none goes with the one before it."""
    channels: dict[str, list[Slot]] = {}
    current = next((slot.channel for slot in slots if slot.channel), "")
    for slot in slots:
        current = slot.channel or current
        channels.setdefault(current, []).append(slot)
    return list(channels.values())


def united(slots: Sequence[Slot]) -> Slot:
    """One or more as one; a blank beginning does not count for its start.

    All at once: marks by tens of thousands may belong to one word, and each would copy those before it.
    """
    if len(slots) == 1:
        return slots[0]
    said = next((slot for slot in slots if slot.text.strip()), slots[-1])
    end = next((slot.end for slot in reversed(slots) if slot.end is not None), None)
    note = " ".join(slot.note for slot in slots if slot.note)
    homes = tuple(home for slot in slots for home in slot.homes)
    return replace(
        slots[0], text="".join(slot.text for slot in slots), start=said.start, end=end, homes=homes, note=note
    )


def _begins_word(before: str, text: str) -> bool:
    if not text or not before.strip():
        return False
    whole = may_cut(before + text, len(before)) and not is_punctuation(text)
    return text[0].isspace() or (whole and unspaced(before[-1], text[0]))


def are_words(texts: Sequence[str]) -> bool:
    """Whether entries that may be words or lines are words: few hold a space, or many letters of an unspaced script."""
    lines = sum(" " in text.strip() or sum(map(is_unspaced, text)) > _LONG_WORD for text in texts)
    return 2 * lines < max(1, len(texts))


def flat_lines(slots: Sequence[Slot], where: str, text: Any = None, language: str | None = None) -> tuple[Line, ...]:
    """Lines for a format that gives words only, and perhaps the text of them all.

    A new line begins after a pause of a second, a second back, or the end of a sentence. Words
    without any time join the line before them. The lines are cut from `text`
    where it is the text of these words, so that its spaces and marks are kept. Each
    channel has lines of its own, one channel after the other.

    Raises:
        TranscriptError: there is text but no word.
    """
    if not slots and isinstance(text, str) and text.strip():
        raise TranscriptError(f"{where} has no words, though there is text: ask the recogniser for the times of words.")
    if slots and _timeless(slots, range(len(slots))):
        raise TranscriptError(f"None of the {where} has a time: add start and end, in seconds.")
    channels = by_channel(slots)
    if len(channels) > 1:
        return tuple(line for channel in channels for line in flat_lines(channel, where, None, language))
    pieces = _pieces(whole(text), slots) if isinstance(text, str) and slots else None
    groups: list[list[int]] = []
    for group in _sentences(slots, pieces or [slot.text for slot in slots], language):
        if groups and (_timeless(slots, group) or _timeless(slots, groups[-1])):
            groups[-1] += group
        else:
            groups.append(group)
    return tuple(_flat_line(where, slots, group, pieces) for group in groups)


def _flat_line(where: str, slots: Sequence[Slot], group: Sequence[int], pieces: Sequence[str] | None) -> Line:
    text = None if pieces is None else "".join(pieces[i] for i in group)
    return replace(make_line(None, where, text, [slots[i] for i in group]), homes=())


def _pieces(text: str, slots: Sequence[Slot]) -> list[str] | None:
    """The part of `text` that belongs to each word; None if it is not the text of these words."""
    words = [slot.text for slot in slots]
    return carve(text, words, list(range(1, len(words)))) if share_found(text, words) >= _AGREES else None


def _sentences(slots: Sequence[Slot], texts: Sequence[str], language: str | None) -> Iterator[list[int]]:
    """The numbers of the words of each sentence, or of what lies between two pauses."""
    ends = sentence_ends(texts, told(language))
    group: list[int] = []
    for index, slot in enumerate(slots):
        if group and not is_punctuation(texts[index]) and (ends[index - 1] or _paused(slots[index - 1], slot)):
            yield group
            group = []
        group.append(index)
    if group:
        yield group


def _paused(before: Slot, after: Slot) -> bool:
    """Whether a pause lies between the two, or what comes next was said earlier, as by another voice."""
    now = after.start
    is_late = now is not None and before.end is not None and now - before.end > _PAUSE
    return is_late or (now is not None and before.start is not None and before.start - now > _PAUSE)


def _timeless(slots: Sequence[Slot], group: Iterable[int]) -> bool:
    return all(slots[i].start is None and slots[i].end is None for i in group)
