"""Put speakers on words that any recogniser wrote: files, parsed JSON, or live objects."""

from __future__ import annotations

import copy
import json
import math
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

import numpy as np

from .cues import split_segments
from .errors import OptionError, TranscriptError
from .formats import ctm, read, whisper_cpp
from .join.assign import DEFAULT, Policy, assign_in_lines, assign_speakers, assign_transcript, main_speaker
from .join.intervals import Evidence
from .join.kinds import read_turns, with_speakers
from .types import Diarization, Seconds, Segment, Transcript, Turn, Word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .formats.reading import Line, Reading, Slot
    from .join.intervals import TurnTable

S = TypeVar("S")
Unit: TypeAlias = Literal["auto", "s", "ms"]
_PER_SECOND: dict[Unit, int] = {"auto": 1, "s": 1, "ms": 1000}
_TOO_LONG: Seconds = 20.0
"""No word lasts so many seconds: the median of words in milliseconds does."""
_TOO_FAR = 100.0
_HALVES = re.compile("[\udc80-\udcff]")
"""What bytes that are no UTF-8 are read as."""


def attach(
    source: str | os.PathLike[str] | Mapping[str, Any] | Iterable[Any],
    turns: Diarization | Iterable[Any],
    *,
    policy: Policy = DEFAULT,
    unit: Unit = "auto",
    duration: Seconds | None = None,
) -> Transcript:
    """Say who said the words that another program recognised.

    Args:
        source: a file (JSON of any known shape, or CTM), its parsed JSON, a list
            of words or segments, or an iterable of live ones such as
            faster-whisper's.
        turns: a `Diarization`, or `Turn`s.
        policy: how to join.
        unit: of the times, where the format does not settle it: ``auto`` takes
            seconds and refuses what cannot be.
        duration: of the recording, to tell milliseconds from seconds.

    Returns:
        a transcript whose segments have one speaker each.

    Raises:
        TranscriptError: not a known shape, or a word that cannot be, by its place.

    Example:
        >>> from fusion.types import Turn
        >>> words = [{"word": "Hi", "start": 0.1, "end": 0.4}]
        >>> attach(words, [Turn(0, 1, "SPEAKER_00")]).segments[0].speaker
        'SPEAKER_00'
    """
    end = turns.duration if duration is None and isinstance(turns, Diarization) else duration
    reading = read_any(source, unit=unit, duration=end)
    return split_segments(assign_transcript(transcript_of(reading, end), turns, policy))


def attach_same_shape(
    data: Any,
    turns: Diarization | Iterable[Any],
    *,
    policy: Policy = DEFAULT,
    unit: Unit = "auto",
    duration: Seconds | None = None,
) -> Any:
    """The same JSON with speakers in it, and nothing else changed.

    Args:
        data: parsed JSON of any known shape; it is copied.
        turns: a `Diarization`, or `Turn`s.
        policy: how to join.
        unit: see `attach`.
        duration: see `attach`.

    Returns:
        A copy in which each word and segment has its speaker under the key its
        format uses (``speaker``; ``speaker_label`` for AWS, ``speakerLabel`` for
        Google). Words that get none, and had none, have no such key. Copies of
        words, utterances and paragraphs get the speaker of the words in their time.

    Raises:
        TranscriptError: see `attach`.
    """
    if isinstance(data, Iterator):
        raise TranscriptError(
            f"A {type(data).__name__} has no shape to write back: use attach_lazily for live segments."
        )
    if isinstance(data, str | os.PathLike):
        raise TranscriptError(f"{str(data)!r} is a file's name: give its parsed JSON, which is what comes back.")
    data = copy.deepcopy(data)
    end = turns.duration if duration is None and isinstance(turns, Diarization) else duration
    reading = read_any(data, unit=unit, duration=end)
    joined = assign_transcript(transcript_of(reading, end), turns, policy)
    for line, segment in zip(reading.lines, joined.segments, strict=True):
        _label(line, segment.speaker)
        for slot, word in zip(line.slots, segment.words, strict=True):
            _label(slot, word.speaker)
    _label_spans(reading.spans, joined.words)
    return data


def _label_spans(spans: Sequence[Slot], words: Iterable[Word]) -> None:
    """Give each span the speaker of the word with its very times, else who has the most of its words' time."""
    said = [Turn(w.start, w.end, w.speaker) for w in words if w.speaker and w.start is not None and w.end is not None]
    alike: dict[tuple[Seconds | None, Seconds | None], set[str]] = {}
    for turn in said:
        alike.setdefault((turn.start, turn.end), set()).add(turn.speaker)
    times = [{"start": span.start, "end": span.end} for span in spans]
    for span, told in zip(spans, assign_speakers(times, said, Policy(join="plain", max_gap=0.0)), strict=True):
        same = alike.get((span.start, span.end), set())
        _label(span, next(iter(same)) if len(same) == 1 else told["speaker"])  # type: ignore[arg-type]


def attach_lazily(
    segments: Iterable[S], turns: Diarization | Iterable[Any], *, policy: Policy = DEFAULT
) -> Iterator[S]:
    """Label live segments one by one, as a recogniser makes them.

    Args:
        segments: objects or dicts with start, end and, if there are any, words.
        turns: of the whole recording.
        policy: how to join; each segment is joined on its own.

    Yields:
        A copy of each segment, of its own kind, whose words carry speakers and
        which itself carries the speaker with the most of its words' time.

    Raises:
        TranscriptError: a segment or a word that cannot be, by its place.
    """
    table = read_turns(turns)
    for index, segment in enumerate(segments):
        try:
            labelled = _labelled(segment, table, policy)
        except TranscriptError as error:
            raise TranscriptError(f"segments[{index}]: {error}") from error
        yield labelled


def _labelled(segment: S, table: TurnTable, policy: Policy) -> S:
    """A live segment and its words with speakers."""
    words = segment.get("words") if isinstance(segment, Mapping) else getattr(segment, "words", None)
    if not words:
        return assign_speakers([segment], table, replace(policy, join="plain"))[0]
    start, end = _edge(segment, "start", -math.inf), _edge(segment, "end", math.inf)
    labelled = assign_in_lines(list(words), [(start, end, len(words))], Evidence(table), policy)
    seen = [Word(_time(w, "start"), _time(w, "end"), "", speaker=_speaker(w)) for w in labelled]
    new = with_speakers([segment], [main_speaker(seen)])[0]
    return _with_words(new, tuple(labelled) if isinstance(words, tuple) else labelled)


def read_any(
    source: str | os.PathLike[str] | Mapping[str, Any] | Iterable[Any],
    *,
    unit: Unit = "auto",
    duration: Seconds | None = None,
) -> Reading:
    """Read a transcript from wherever it is; see `attach` for the arguments and errors."""
    if unit not in ("auto", "s", "ms"):
        raise OptionError(f"unit={unit!r} must be 'auto', 's' or 'ms'.")
    if isinstance(source, str | os.PathLike):
        _, reading = read_file(Path(source), unit)
    else:
        whole = isinstance(source, Mapping | list | tuple) or not isinstance(source, Iterable)
        reading = read(source if whole else list(source), _PER_SECOND[unit])
    check_unit(reading, unit, duration)
    return reading


def check_unit(reading: Reading, unit: Unit, duration: Seconds | None = None) -> None:
    """Refuse times that can only be milliseconds, where neither the format nor `unit` says so.

    Raises:
        TranscriptError: they can only be milliseconds.
    """
    if unit == "auto" and not reading.certain_unit:
        _check_seconds(reading, duration)


def load_json(path: Path) -> Any:
    """A file's JSON; text that is no JSON but could be CTM stays text.

    Raises:
        TranscriptError: no such file, no text, or neither of the two.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise TranscriptError(f"{path} cannot be read: {error.strerror or error}.") from error
    text = content.decode("utf-8-sig", "surrogateescape")
    broken = _HALVES.search(text) is not None
    try:
        data = text if path.suffix.lower() == ".ctm" else _parsed(text, path)
    except TranscriptError:
        data = None
        if not broken:
            raise
    if broken and not whisper_cpp.matches(data):  # which writes tokens that are a part of a character
        raise TranscriptError(f"{path} is no text: give JSON or CTM in UTF-8.")
    return data


def _parsed(text: str, path: Path) -> Any:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        if ctm.looks_like(text):
            return text
        raise TranscriptError(f"{path} is no JSON: {error}.") from error
    if not isinstance(data, dict | list):
        raise TranscriptError(f"{path} holds {json.dumps(data)[:40]}: a transcript is an object or a list.")
    return data


def read_file(path: Path, unit: Unit = "auto") -> tuple[Any, Reading]:
    """A file's JSON (or its text, of CTM), and what it says; see `attach` for `unit`.

    Raises:
        TranscriptError: see `attach`; the file is named.
    """
    data = load_json(path)
    if isinstance(data, str):
        return data, ctm.read(data, str(path))
    try:
        return data, read(data, _PER_SECOND[unit])
    except TranscriptError as error:
        raise TranscriptError(f"{path}: {error}") from error


def _check_seconds(reading: Reading, duration: Seconds | None) -> None:
    """Refuse times that can only be milliseconds."""
    slots = [slot for line in reading.lines for slot in line.slots]
    lengths = [s.end - s.start for s in slots if s.start is not None and s.end is not None and s.end > s.start]
    last = max((line.end for line in reading.lines), default=0.0)
    far = duration is not None and duration > 0 and last > _TOO_FAR * duration
    if far or (lengths and float(np.median(lengths)) > _TOO_LONG):
        why = f"the last word ends at {last:g}" + (f" in a recording of {duration:g} s" if far else "")
        raise TranscriptError(f"The times look like milliseconds ({why}): give them in seconds, or give the unit ms.")


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
    return Transcript(segments, reading.language, length, (*reading.notes, *notes))


def _label(place: Slot | Line, speaker: str | None) -> None:
    """Write the speaker into every home of a word or line."""
    for home in place.homes:
        if isinstance(home, dict):
            if speaker is not None or place.key in home:
                home[place.key] = speaker
        elif isinstance(home, tuple):
            raise TranscriptError(f"{place.where} is a {type(home).__name__}, which cannot change: use attach_lazily.")
        elif home is not None:
            object.__setattr__(home, place.key, speaker)


def _edge(segment: Any, key: str, unknown: Seconds) -> Seconds:
    """A time of a live segment, which may do without as long as its words have theirs."""
    value: Any = segment.get(key) if isinstance(segment, Mapping) else getattr(segment, key, None)
    try:
        edge = float(value)
    except (TypeError, ValueError, OverflowError):
        return unknown
    return edge if math.isfinite(edge) else unknown


def _time(word: Any, key: str) -> Seconds | None:
    value = word.get(key) if isinstance(word, Mapping) else getattr(word, key)
    return None if value is None else float(value)


def _speaker(word: Any) -> str | None:
    speaker = word["speaker"] if isinstance(word, Mapping) else word.speaker
    return None if speaker is None else str(speaker)


def _with_words(segment: S, words: Any) -> S:
    """`segment`, which is a copy already, holding these words."""
    if isinstance(segment, dict):
        segment["words"] = words
    elif isinstance(segment, tuple):
        speaker = getattr(segment, "speaker", None)
        segment = segment._replace(words=words)  # type: ignore[attr-defined]
        return with_speakers([segment], [speaker])[0]
    else:
        object.__setattr__(segment, "words", words)
    return segment
