"""A transcript from wherever it is: a file, parsed JSON, live objects; the one way words of others come in."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from ..errors import OptionError, TranscriptError
from ..given import check_list, decoded, read_bytes, short, why_no_json
from ..text import weight
from ..text.languages import wanted
from ..types import Seconds, Segment, Transcript, Word
from . import ctm, read, read_several, stream, subtitles, whisper_cpp
from .shaping import in_shape
from .told import in_language

if TYPE_CHECKING:
    from .reading import Line, Reading

Unit: TypeAlias = Literal["auto", "s", "ms"]
_PER_SECOND: dict[Unit, int] = {"auto": 1, "s": 1, "ms": 1000}
_TOO_LONG: Seconds = 20.0
"""No word lasts so many seconds: the median of words in milliseconds does."""
_TOO_FAR, _TOO_FAR_IN_MS = 100.0, 100_000.0
"""Times the recording's length. What lies even farther is no time in it in milliseconds either."""
_LONG_WORD: Seconds = 5.0
"""Half of all words are shorter in seconds, and longer in milliseconds."""
_SAMPLES = 2500.0
"""No median word lasts so many milliseconds."""
_AS_JSON = ("model_dump", "to_dict", "json_response")
"""By which names the answers of OpenAI's client, Deepgram's and AssemblyAI's have their JSON."""
_TOLD = ("segments", "words", "text", "language", "duration", "task", "info")
_LONG_LINE: Seconds = 60.0
_TOO_SLOW = 0.3
"""Letters a second, that nobody says so slowly in lines so long: they are in milliseconds."""
_ROUNDING: Seconds = 1.0
_CTM = ".ctm"
_SUBTITLES = (".srt", ".vtt")
_OTHERS = (_CTM, *_SUBTITLES)
"""Endings of files that are no JSON."""
_HALVES = re.compile("[\udc80-\udcff]")
"""What bytes that are no UTF-8 are read as."""


def read_any(
    source: str | os.PathLike[str] | Mapping[str, Any] | Iterable[Any],
    unit: Unit = "auto",
    language: str | None = None,
) -> Reading:
    """Read a transcript from wherever it is: a file, parsed JSON, or live objects.

    `unit` is that of the times where the format does not settle it; see `check_unit`. `language` is that of the words,
    by whose rules sentences end, by code or name; None is the one that the data tell.

    Raises:
        OptionError: no such unit, or language.
        TranscriptError: not a known shape, or a word that cannot be, by its place.
    """
    if unit not in _PER_SECOND:
        raise OptionError(f"unit={unit!r} must be 'auto', 's' or 'ms'.")
    language = wanted(language)
    if isinstance(source, str | os.PathLike):
        if isinstance(source, str) and source.lstrip()[:1] in ("{", "["):
            raise TranscriptError(f"{short(source)} is JSON, and no file's name: give json.loads of it.")
        return read_file(Path(source), unit, language)[1]
    data = answered(source)[0]
    if not isinstance(data, Mapping) and isinstance(data, Iterable):
        check_list(data, "words")
        data = list(data)
    with in_language(language):
        return _in(language, read(data, _PER_SECOND[unit]))


def answered(source: Any) -> tuple[Any, str]:
    """What a client of a service answers as the JSON that it was made from, and by which of its names; else as it is.

    What has segments or words as attributes is told by these: they are the caller's own.
    """
    if isinstance(source, Mapping | Sequence | Iterator) or hasattr(source, "columns"):
        return source, ""
    for name in _AS_JSON:
        made = getattr(source, name, None)
        data = made() if callable(made) and not isinstance(source, type) else made
        if isinstance(data, Mapping):
            return data, name
    told = {name: value for name in _TOLD if (value := getattr(source, name, None)) is not None}
    return (told if _is_list(told.get("segments")) or _is_list(told.get("words")) else source), ""


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _in(language: str | None, reading: Reading) -> Reading:
    """The reading, in the language that was told."""
    return reading if language is None else replace(reading, language=language)


def check_unit(reading: Reading, unit: Unit, duration: Seconds | None = None) -> None:
    """Refuse times that can only be milliseconds, where neither the format nor `unit` says so.

    Raises:
        TranscriptError: they can only be milliseconds.
    """
    if unit == "auto" and not reading.certain_unit:
        _check_seconds(reading, duration)


def load_json(path: Path) -> Any:
    """A file's JSON; text that is none but could be CTM, subtitles or results one after the other stays text.

    Raises:
        TranscriptError: no such file, no text, or none of these.
    """
    try:
        text = decoded(read_bytes(path), "surrogateescape")
    except UnicodeDecodeError as error:
        raise _no_text(path) from error
    broken = _HALVES.search(text) is not None
    try:
        data = text if path.suffix.lower() in _OTHERS else _parsed(text, path)
    except TranscriptError:
        data = None
        if not broken:
            raise
    if broken and not whisper_cpp.matches(data):  # which writes tokens that are a part of a character
        raise _no_text(path)
    return data


def _no_text(path: Path) -> TranscriptError:
    return TranscriptError(f"{path} is no text in UTF-8: save it as such, and give JSON, CTM, SRT or VTT.")


def _parsed(text: str, path: Path) -> Any:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        if ctm.looks_like(text) or subtitles.looks_like(text) or stream.read(text, str(path)) is not None:
            return text
        raise TranscriptError(f"{path} is no JSON ({why_no_json(error)}): give JSON, CTM, SRT or VTT.") from error
    if not isinstance(data, dict | list):
        raise TranscriptError(f"{path} holds {json.dumps(data)[:40]}: a transcript is an object or a list.")
    return data


def read_file(path: Path, unit: Unit = "auto", language: str | None = None) -> tuple[Any, Reading]:
    """A file's JSON (or its text, where it is another format), and what it says; see `read_any` for the others.

    Raises:
        TranscriptError: see `read_any`; the file is named.
    """
    data = load_json(path)
    try:
        with in_language(language):
            found = _read_text(data, path, unit) if isinstance(data, str) else read(data, _PER_SECOND[unit])
            return data, _in(language, found)
    except TranscriptError as error:
        named = str(error).startswith(str(path))
        raise error if named else TranscriptError(f"{path}: {error}") from error


def _read_text(text: str, path: Path, unit: Unit) -> Reading:
    """What is no single JSON value: subtitles, results one after the other, or CTM."""
    if path.suffix.lower() in _SUBTITLES or (path.suffix.lower() != _CTM and subtitles.looks_like(text)):
        return in_shape(subtitles.read(text, str(path)))
    values = stream.read(text, str(path)) if path.suffix.lower() != _CTM else None
    return in_shape(ctm.read(text, str(path))) if values is None else read_several(values, _PER_SECOND[unit])


def _check_seconds(reading: Reading, duration: Seconds | None) -> None:
    """Refuse times that can only be milliseconds."""
    slots = [slot for line in reading.lines for slot in line.slots if any(map(str.isalnum, slot.text))]
    lengths = [s.end - s.start for s in slots if s.start is not None and s.end is not None and s.end > s.start]
    last = max((line.end for line in reading.lines), default=0.0)
    far = duration is not None and _TOO_FAR * duration < last < _TOO_FAR_IN_MS * duration
    length = float(np.median(lengths or [line.end - line.start for line in reading.lines] or [0.0]))
    # What is as short as it is in seconds is in seconds: the turns may be those of the first minute.
    far = far and not 0 < length < (_LONG_WORD if lengths else _LONG_LINE)
    if far or (lengths and length > _TOO_LONG) or _are_too_slow(reading.lines):
        why = f"the last word ends at {last:g}" + (f" in a recording of {duration:g} s" if far else "")
        if lengths and length > _SAMPLES:
            raise TranscriptError(f"The times look like samples ({why}): give them in seconds.")
        raise TranscriptError(f"The times look like milliseconds ({why}): give them in seconds, or give the unit ms.")


def _are_too_slow(lines: Sequence[Line]) -> bool:
    """Whether lines without words last far longer than it takes to say them."""
    said = [line for line in lines if not line.slots and line.text.strip() and line.end > line.start]
    lengths = [line.end - line.start for line in said]
    letters = sum(weight(line.text) for line in said)
    return bool(said) and float(np.median(lengths)) > _LONG_LINE and letters < _TOO_SLOW * sum(lengths)


def _begins(segment: Segment) -> tuple[Seconds, ...]:
    """Where it and its words begin: a line without a pause may be as long as the whole transcript."""
    return (segment.start, *(word.start for word in segment.words if word.start is not None))


def transcript_of(reading: Reading, duration: Seconds | None = None) -> Transcript:
    """What was read, as our own types; what had to be repaired is in the notes."""
    segments = tuple(
        Segment(
            line.start,
            line.end,
            line.text,
            tuple(
                Word(s.start, s.end, s.text, s.probability, "estimated" if s.start is None else "recognised")
                for s in line.slots
            ),
        )
        for line in reading.lines
    )
    last = max((segment.end for segment in segments), default=0.0)
    length = max(last, next((d for d in (duration, reading.duration) if d is not None), 0.0))
    notes = [note for line in reading.lines for note in (line.note, *(slot.note for slot in line.slots)) if note]
    latest = max((begin for segment in segments for begin in _begins(segment)), default=0.0)
    if duration is not None and latest > duration + _ROUNDING:
        notes.append(f"Words begin at {latest:.1f} s, and the recording lasts {duration:.1f} s: are they of this one?")
    return Transcript(segments, reading.language, length, (*reading.notes, *notes))
