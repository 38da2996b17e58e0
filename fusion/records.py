"""Our types as plain JSON values, and back with every key checked: the one place that knows the keys."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeAlias, TypeVar, cast, get_args

from .errors import TranscriptError
from .given import short, whole_number
from .times import BOUNDS, LONGEST
from .types import Attribution, Reason, Seconds, Segment, SpeakerShare, Timing, Turn, Word

Json: TypeAlias = dict[str, Any]
T = TypeVar("T")

VERSION = 1
FORMAT = f"diarfuse/{VERSION}"
"""What the key ``format`` of a saved document says."""
_LARGEST = sys.float_info.max
_WORD = frozenset(("start", "end", "word", "timing"))
_WORD_MORE = frozenset(("probability", "speaker", "attribution", "edited"))
_SEGMENT, _SEGMENT_MORE = frozenset(("start", "end", "text", "words")), frozenset(("speaker",))
_TURN = frozenset(("start", "end", "speaker"))
_ATTRIBUTION = frozenset(("reason", "confidence", "others", "detail"))
_SHARE = frozenset(("speaker", "share"))


class DamagedError(TranscriptError):
    """A value that cannot be; its place grows from the inside out, as in ``segments[3].words[0].start``."""

    def __init__(self, what: str, *place: str | int) -> None:
        self.what = what
        self.place = place
        steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in place)
        super().__init__(f"{''.join(steps).lstrip('.')} {what}".strip())

    def within(self, *place: str | int) -> DamagedError:
        """The same, seen from further outside."""
        return DamagedError(self.what, *place, *self.place)


def write_word(word: Word) -> Json:
    """A word; `speaker` and `attribution` only where a join has run, `edited` only where it is so."""
    row: Json = {
        "start": None if word.start is None else float(word.start),
        "end": None if word.end is None else float(word.end),
        "word": word.text,
        "probability": None if word.probability is None else float(word.probability),
        "timing": word.timing,
    }
    if word.attribution is not None or word.speaker is not None:
        row["speaker"] = word.speaker
    if word.attribution is not None:
        row["attribution"] = _write_attribution(word.attribution)
    return row | ({"edited": True} if word.edited else {})


def read_word(row: Any) -> Word:
    """What `write_word` wrote.

    Raises:
        DamagedError: a key is missing, unknown or holds what it cannot.
    """
    check_keys(row, _WORD, _WORD_MORE)
    return Word(
        optional(row, "start", time),
        optional(row, "end", time),
        item(row, "word", text),
        optional(row, "probability", number),
        cast("Timing", item(row, "timing", _TIMING)),
        optional(row, "speaker", text),
        optional(row, "attribution", _read_attribution),
        optional(row, "edited", flag) or False,
    )


def write_segment(segment: Segment) -> Json:
    """A segment; `speaker` only where it has one, `words` last."""
    row: Json = {"start": float(segment.start), "end": float(segment.end)}
    if segment.speaker is not None:
        row["speaker"] = segment.speaker
    return row | {"text": segment.text, "words": [write_word(word) for word in segment.words]}


def read_segment(row: Any) -> Segment:
    """What `write_segment` wrote.

    Raises:
        DamagedError: see `read_word`.
    """
    check_keys(row, _SEGMENT, _SEGMENT_MORE)
    start, end, said = item(row, "start", time), item(row, "end", time), item(row, "text", text)
    return Segment(start, end, said, rows(row, "words", read_word), optional(row, "speaker", text))


def write_turn(turn: Turn) -> Json:
    """A turn."""
    return {"start": float(turn.start), "end": float(turn.end), "speaker": turn.speaker}


def read_turn(row: Any) -> Turn:
    """What `write_turn` wrote.

    Raises:
        DamagedError: see `read_word`; or it ends before it begins.
    """
    check_keys(row, _TURN)
    turn = Turn(item(row, "start", time), item(row, "end", time), item(row, "speaker", text))
    if turn.end < turn.start:
        raise DamagedError(f"is {turn.end:g}, before its start, {turn.start:g}", "end")
    return turn


def _write_attribution(why: Attribution) -> Json:
    others = [{"speaker": other.speaker, "share": float(other.share)} for other in why.others]
    return {"reason": why.reason, "confidence": float(why.confidence), "others": others, "detail": why.detail}


def _read_attribution(row: Any) -> Attribution:
    check_keys(row, _ATTRIBUTION)
    reason, confidence = cast("Reason", item(row, "reason", _REASON)), item(row, "confidence", number)
    return Attribution(reason, confidence, rows(row, "others", _read_share), item(row, "detail", text))


def _read_share(row: Any) -> SpeakerShare:
    check_keys(row, _SHARE)
    return SpeakerShare(item(row, "speaker", text), item(row, "share", number))


def check_keys(row: Any, needed: frozenset[str], further: frozenset[str] = frozenset()) -> None:
    """Refuse a value that is no object, lacks a key or has one that is not known.

    Raises:
        DamagedError: it is so.
    """
    if not isinstance(row, dict):
        raise DamagedError(f"is {short(row)}, where an object is expected")
    for key in sorted(needed - row.keys()):
        raise DamagedError("is missing", key)
    for key in sorted(row.keys() - needed - further):
        raise DamagedError("is no key that is known here", key)


def item(row: Mapping[str, Any], key: str, read: Callable[[Any], T]) -> T:
    """The value of a key that is there, read.

    Raises:
        DamagedError: it cannot be read.
    """
    try:
        return read(row[key])
    except DamagedError as error:
        raise error.within(key) from None


def optional(row: Mapping[str, Any], key: str, read: Callable[[Any], T]) -> T | None:
    """The value of a key, read; None where it is null or missing."""
    return None if row.get(key) is None else item(row, key, read)


def rows(row: Mapping[str, Any], key: str, read: Callable[[Any], T]) -> tuple[T, ...]:
    """The items of a list, each read.

    Raises:
        DamagedError: it is no list, or an item cannot be read.
    """
    values = row[key]
    if not isinstance(values, list):
        raise DamagedError(f"is {short(values)}, where a list is expected", key)
    found = []
    for index, value in enumerate(values):
        try:
            found.append(read(value))
        except DamagedError as error:
            raise error.within(key, index) from None
    return tuple(found)


def text(value: Any) -> str:
    """A text.

    Raises:
        DamagedError: it is none.
    """
    if not isinstance(value, str):
        raise DamagedError(f"is {short(value)}, where a text is expected")
    return value


def number(value: Any) -> Seconds:
    """A finite number.

    Raises:
        DamagedError: it is none.
    """
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _LARGEST:
        return float(value)
    raise DamagedError(f"is {short(value)}, where a number is expected")


def time(value: Any) -> Seconds:
    """Seconds in a recording.

    Raises:
        DamagedError: it is no number, or no time that can be.
    """
    found = number(value)
    if not 0 <= found <= LONGEST:
        raise DamagedError(f"is {found:g}: {BOUNDS}")
    return found


def count(value: Any) -> int:
    """A whole number from 0.

    Raises:
        DamagedError: it is none.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise DamagedError(f"is {short(value)}, where a whole number from 0 is expected")
    return value


def flag(value: Any) -> bool:
    """True or false.

    Raises:
        DamagedError: it is neither.
    """
    if not isinstance(value, bool):
        raise DamagedError(f"is {short(value)}, where true or false is expected")
    return value


def texts(value: Any) -> dict[str, str]:
    """An object whose values are texts.

    Raises:
        DamagedError: it is none.
    """
    if not isinstance(value, dict) or not all(isinstance(part, str) for part in value.values()):
        raise DamagedError(f"is {short(value)}, where an object of texts is expected")
    return dict(value)


def one_of(known: Collection[str]) -> Callable[[Any], str]:
    """A reader of texts that are among the known ones."""

    def read(value: Any) -> str:
        if value not in known:
            raise DamagedError(f"is {short(value)}, where one of {', '.join(known)} is expected")
        return text(value)

    return read


_REASON, _TIMING = one_of(get_args(Reason)), one_of(get_args(Timing))


def check_version(said: Any) -> None:
    """Refuse what a document's key ``format`` says where this version cannot read it.

    Raises:
        DamagedError: it is no version, or a newer one.
    """
    name, slash, version = said.partition("/") if isinstance(said, str) else ("", "", "")
    number = whole_number(version)
    if name != "diarfuse" or not slash or number is None or number < VERSION:
        raise DamagedError(f"is {short(said)}, where {FORMAT!r} is expected", "format")
    if number != VERSION:
        raise DamagedError(
            f"is {said!r}, of a newer version of this program, which reads {FORMAT!r}: install that version",
            "format",
        )
