"""Put speakers on words that any recogniser wrote: files, parsed JSON, or live objects."""

from __future__ import annotations

import copy
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from .cues import split_segments
from .errors import OptionError, TranscriptError
from .estimating import with_estimated_words
from .formats.files import answered, check_unit, read_any, transcript_of
from .formats.reading import homes_in
from .given import check_list, is_number, short
from .join.assign import (
    DEFAULT,
    Policy,
    assign_in_lines,
    assign_speakers,
    assign_transcript,
    check_policy,
    main_speaker,
)
from .join.guessed import assign_with_lines
from .join.intervals import Evidence, TurnTable
from .join.kinds import Turns, read_evidence, read_turns, with_speakers
from .times import LONGEST
from .types import Diarization, Seconds, Transcript, Turn, Word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .formats.files import Unit
    from .formats.reading import Line, Reading, Slot

S = TypeVar("S")
Align: TypeAlias = Callable[[Transcript], Transcript]
"""Gives words to the lines of a transcript that have none."""

_NO_SOUND = "Word times are estimated: the transcript gives lines, and there is no recording to align them with."


def attach(
    source: str | os.PathLike[str] | Mapping[str, Any] | Iterable[Any],
    turns: Turns,
    *,
    policy: Policy = DEFAULT,
    unit: Unit = "auto",
    duration: Seconds | None = None,
    align: Align | None = None,
    language: str | None = None,
) -> Transcript:
    """Say who said the words that another program recognised.

    Args:
        source: a file (JSON of any known shape, or CTM), its parsed JSON, a list
            of words or segments, an iterable of live ones such as
            faster-whisper's, what a service's client answers, or a `Transcript`.
        turns: as of `assign_speakers`.
        policy: how to join.
        unit: of the times, where the format does not settle it: ``auto`` takes
            seconds and refuses what cannot be.
        duration: of the recording, to tell milliseconds from seconds; by default
            the diarization's, or the end of the last turn.
        align: gives words to lines that have none (`asr_adapters.align` listens
            to the recording); by default their times are estimated, with a note.
        language: of the words, by code or name, whatever `source` tells: sentences end by its rules, so that lines do.

    Returns:
        a transcript whose segments have one speaker each.

    Raises:
        TranscriptError: not a known shape, or a word that cannot be, by its place.

    Example:
        >>> from diarfuse import Turn
        >>> words = [{"word": "Hi", "start": 0.1, "end": 0.4}]
        >>> attach(words, [Turn(0, 1, "SPEAKER_00")]).segments[0].speaker
        'SPEAKER_00'
    """
    reading = read_any(source, unit, language)
    return attach_reading(reading, turns, policy=policy, unit=unit, duration=duration, align=align)


def attach_reading(
    reading: Reading,
    turns: Turns,
    *,
    policy: Policy = DEFAULT,
    unit: Unit = "auto",
    duration: Seconds | None = None,
    align: Align | None = None,
) -> Transcript:
    """`attach` for a transcript that has been read already."""
    evidence, known = _listened(reading, turns, unit, duration)
    transcript = transcript_of(reading, known)
    if known is None:  # it lasts as long as anything that is told of it
        last = float(evidence.turns.ends.max(initial=0.0))
        transcript = replace(transcript, duration=max(transcript.duration, last))
    transcript = with_estimated_words(transcript, _NO_SOUND) if align is None else align(transcript)
    return join_whole(transcript, evidence, policy)


def join_whole(transcript: Transcript, turns: Turns, policy: Policy = DEFAULT) -> Transcript:
    """Every step of the join: speakers on all words, then segments of one speaker each."""
    return split_segments(assign_with_lines(transcript, turns, policy))


def _listened(reading: Reading, turns: Turns, unit: Unit, duration: Seconds | None) -> tuple[Evidence, Seconds | None]:
    """Who spoke when, and the length of the recording if it is known; the unit of time is checked against it.

    The end of the last turn also tells milliseconds from seconds; the recording may go on after it.
    """
    evidence = read_evidence(turns)
    if duration is not None and (not is_number(duration) or not 0 <= duration <= LONGEST):
        raise OptionError(f"duration={short(duration)} must be a number of seconds, 0 or more, up to a year.")
    if isinstance(turns, Diarization):
        known = turns.duration if duration is None else duration
        check_unit(reading, unit, known)
        return evidence, known
    check_unit(reading, unit, float(evidence.turns.ends.max(initial=0.0)) if duration is None else duration)
    return evidence, duration


def attach_same_shape(
    data: Any,
    turns: Turns,
    *,
    policy: Policy = DEFAULT,
    unit: Unit = "auto",
    duration: Seconds | None = None,
    language: str | None = None,
) -> Any:
    """The same JSON with speakers in it, and nothing else changed.

    Args:
        data: parsed JSON of any known shape; it is copied.
        turns: as of `assign_speakers`.
        policy: how to join.
        unit: see `attach`.
        duration: see `attach`.
        language: see `attach`.

    Returns:
        A copy in which each word and segment has its speaker under the key its
        format uses (``speaker``; ``speaker_label`` for AWS, ``speakerLabel`` for
        Google). Words that get none, and had none, have no such key. Copies of
        words, utterances and paragraphs get the speaker of the words in their time.

    Raises:
        TranscriptError: see `attach`.
    """
    live = next(
        (part for part in (data, *(data if isinstance(data, tuple) else ())) if isinstance(part, Iterator)), None
    )
    if live is not None:
        raise TranscriptError(
            f"A {type(live).__name__} has no shape to write back: use attach_lazily for live segments."
        )
    if isinstance(data, str | os.PathLike):
        raise TranscriptError(f"{str(data)[:60]!r} is a file's name: give its parsed JSON, which is what comes back.")
    if name := answered(data)[1]:
        raise TranscriptError(f"A {type(data).__name__} is no JSON: give its {name}, which is what comes back.")
    data = copy.deepcopy(data)
    reading = read_any(data, unit, language)
    evidence, known = _listened(reading, turns, unit, duration)
    check_room(reading)
    joined = assign_transcript(transcript_of(reading, known), evidence, policy)
    for line, segment in zip(reading.lines, joined.segments, strict=True):
        _label(line, segment.speaker)
        for slot, word in zip(line.slots, segment.words, strict=True):
            _label(slot, word.speaker)
    _label_spans(reading.spans, joined.words)
    return data


def check_room(reading: Reading) -> None:
    """Refuse to write speakers back into data that have no place for any.

    Raises:
        TranscriptError: they have none.
    """
    if reading.lines and next(homes_in(reading), None) is None:
        raise TranscriptError(f"{reading.family} has no place for speakers: write another format than its own.")


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


def attach_lazily(segments: Iterable[S], turns: Turns, *, policy: Policy = DEFAULT) -> Iterator[S]:
    """Label live segments one by one, as a recogniser makes them.

    Args:
        segments: objects or dicts with start, end and, if there are any, words; or the two that faster-whisper returns.
        turns: of the whole recording; as of `assign_speakers`.
        policy: how to join; each segment is joined on its own.

    Yields:
        A copy of each segment, of its own kind, whose words carry speakers and
        which itself carries the speaker with the most of its words' time.

    Raises:
        TranscriptError: a segment or a word that cannot be, by its place.
    """
    if isinstance(segments, tuple) and segments and isinstance(segments[0], Iterator):
        segments = segments[0]  # beside it lies what faster-whisper tells of all of them
    check_list(segments, "segments")
    check_policy(policy)
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
