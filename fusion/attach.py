"""Put speakers on words that any recogniser wrote: files, parsed JSON, or live objects."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

import numpy as np

from fusion.assign import DEFAULT, Policy, assign_speakers, assign_transcript, main_speaker
from fusion.cues import split_segments
from fusion.errors import OptionError, TranscriptError
from fusion.formats import ctm, read
from fusion.kinds import read_turns, with_speakers
from fusion.types import Diarization, Seconds, Segment, Transcript, Word

if TYPE_CHECKING:
    from fusion.formats.reading import Line, Reading, Slot

S = TypeVar("S")
Unit: TypeAlias = Literal["auto", "s", "ms"]
_TOO_LONG: Seconds = 20.0
"""No word lasts so many seconds: the median of words in milliseconds does."""
_TOO_FAR = 100.0


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
        Google). Words that get none, and had none, have no such key.

    Raises:
        TranscriptError: see `attach`.
    """
    data = copy.deepcopy(data)
    end = turns.duration if duration is None and isinstance(turns, Diarization) else duration
    reading = read_any(data, unit=unit, duration=end)
    joined = assign_transcript(transcript_of(reading, end), turns, policy)
    for line, segment in zip(reading.lines, joined.segments, strict=True):
        _label(line, segment.speaker)
        for slot, word in zip(line.slots, segment.words, strict=True):
            _label(slot, word.speaker)
    return data


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
    """
    table = read_turns(turns)
    for segment in segments:
        words = segment.get("words") if isinstance(segment, Mapping) else getattr(segment, "words", None)
        if not words:
            yield assign_speakers([segment], table, replace(policy, join="plain"))[0]
            continue
        labelled = assign_speakers(words, table, policy)
        seen = [Word(_time(w, "start"), _time(w, "end"), "", speaker=_speaker(w)) for w in labelled]
        new = with_speakers([segment], [main_speaker(seen)], [None])[0]
        yield _with_words(new, tuple(labelled) if isinstance(words, tuple) else labelled)


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
        reading = _read_file(Path(source))
    else:
        reading = read(source if isinstance(source, Mapping | list | tuple) else list(source))
    if reading.certain_unit:
        return reading
    if unit == "ms":
        return _in_seconds(reading, 1000)
    if unit == "auto":
        _check_unit(reading, duration)
    return reading


def load_json(path: Path) -> Any:
    """A file's JSON; text that is no JSON but could be CTM stays text.

    Raises:
        TranscriptError: no such file, no text, or broken JSON.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise TranscriptError(f"{path} cannot be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise TranscriptError(f"{path} is no text: give JSON or CTM in UTF-8.") from error
    if path.suffix.lower() == ".ctm":
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise TranscriptError(f"{path} is no JSON: {error}.") from error


def _read_file(path: Path) -> Reading:
    data = load_json(path)
    return ctm.read(data, str(path)) if isinstance(data, str) else read(data)


def _check_unit(reading: Reading, duration: Seconds | None) -> None:
    """Refuse times that can only be milliseconds."""
    slots = [slot for line in reading.lines for slot in line.slots]
    lengths = [s.end - s.start for s in slots if s.start is not None and s.end is not None and s.end > s.start]
    last = max((line.end for line in reading.lines), default=0.0)
    far = duration is not None and duration > 0 and last > _TOO_FAR * duration
    if far or (lengths and float(np.median(lengths)) > _TOO_LONG):
        why = f"the last word ends at {last:g}" + (f" in a recording of {duration:g} s" if far else "")
        raise TranscriptError(f"The times look like milliseconds ({why}): give them in seconds, or say unit 'ms'.")


def _in_seconds(reading: Reading, per_second: int) -> Reading:
    """The same with all times divided."""

    def slot(s: Slot) -> Slot:
        return replace(
            s,
            start=None if s.start is None else s.start / per_second,
            end=None if s.end is None else s.end / per_second,
        )

    def line(known: Line) -> Line:
        return replace(
            known, start=known.start / per_second, end=known.end / per_second, slots=tuple(map(slot, known.slots))
        )

    return replace(reading, lines=tuple(map(line, reading.lines)))


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
    length = next((d for d in (duration, reading.duration) if d is not None), last)
    notes = [note for line in reading.lines for note in (line.note, *(slot.note for slot in line.slots)) if note]
    return Transcript(segments, reading.language, length, (*reading.notes, *notes))


def _label(place: Slot | Line, speaker: str | None) -> None:
    """Write the speaker into every home of a word or line."""
    for home in place.homes:
        if isinstance(home, dict):
            if speaker is not None or place.key in home:
                home[place.key] = speaker
        elif home is not None:
            object.__setattr__(home, place.key, speaker)


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
        return with_speakers([segment], [speaker], [None])[0]
    else:
        object.__setattr__(segment, "words", words)
    return segment
