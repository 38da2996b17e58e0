"""The join: put a speaker on every word, and say why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

import numpy as np

from fusion.errors import OptionError
from fusion.explain import NEAREST, NONE, OVERLAP, Decision, attributions_of, labels_of
from fusion.intervals import Shares, TurnTable, loudest, nearest_turn, share_table
from fusion.kinds import read_times, read_turns, with_speakers
from fusion.timing import Times, timed
from fusion.types import Attribution, Diarization, Seconds, Transcript, Word

if TYPE_CHECKING:
    from collections.abc import Iterable

W = TypeVar("W")
Join: TypeAlias = Literal["resolved", "plain"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How words are joined to turns.

    join: ``plain`` is pure maximal overlap; ``resolved`` also repairs times for
        the join and settles words at turn changes and in overlapped speech.
    max_gap: a word without overlap goes to the turn whose edge is nearest, if
        within this many seconds; 0 leaves such words unassigned.
    """

    join: Join = "resolved"
    max_gap: Seconds = 1.0

    def __post_init__(self) -> None:
        if self.join not in ("resolved", "plain"):
            raise OptionError(f"join={self.join!r} must be 'resolved' or 'plain'.")
        if not 0 <= self.max_gap < float("inf"):
            raise OptionError(f"max_gap={self.max_gap} must be a number of seconds, 0 or more.")


DEFAULT = Policy()


def assign_speakers(words: Iterable[W], turns: Diarization | Iterable[Any], policy: Policy = DEFAULT) -> list[W]:
    """Put a speaker on every word.

    The speaker heard longest during the word, summed over all of that speaker's
    turns; ties go to the speaker whose turn is earliest. Texts and times leave
    as they came.

    Args:
        words: `Word`s, or dicts or objects with start and end in seconds (None,
            or absent in a dict, where the recogniser gave none).
        turns: a `Diarization`, or `Turn`s, dicts, objects or tuples with start,
            end and speaker.
        policy: how to join.

    Returns:
        Copies of the words, of the same kind, with `speaker` set (None where no
        turn is near enough), and `attribution` where the kind has that field.

    Raises:
        TranscriptError: a word or turn with impossible times, by its index.

    Example:
        >>> from fusion.types import Turn
        >>> assign_speakers([{"start": 0.1, "end": 0.4, "word": "Hi"}], [Turn(0.0, 1.0, "SPEAKER_00")])
        [{'start': 0.1, 'end': 0.4, 'word': 'Hi', 'speaker': 'SPEAKER_00'}]
    """
    given = list(words)
    table = read_turns(turns)
    times = timed(*read_times(given))
    shares = share_table(times.starts, times.ends, table)
    decision = _decide(times, shares, table, policy)
    attributions: list[Attribution] = []
    if any(kind is Word or hasattr(kind, "attribution") for kind in set(map(type, given))):
        attributions = attributions_of(decision, times.lengths, shares, table)
    return with_speakers(given, labels_of(decision, table), attributions or [None] * len(given))


def _decide(times: Times, shares: Shares, turns: TurnTable, policy: Policy) -> Decision:
    """Pure maximal overlap, then the nearest turn within reach."""
    starts, ends = times.starts, times.ends
    best = loudest(shares, len(starts))
    heard = best >= 0
    speakers = np.full(len(starts), -1, np.int64)
    speakers[heard] = shares.speakers[best[heard]]
    reasons = np.where(heard, OVERLAP, NONE)
    gaps = np.full(len(starts), np.inf)
    lost = np.flatnonzero(~heard)
    turn, gap = nearest_turn(starts[lost], ends[lost], turns)
    gaps[lost] = gap
    near = np.abs(gap) <= policy.max_gap if policy.max_gap else np.zeros(len(lost), bool)
    speakers[lost[near]] = turns.speakers[turn[near]]
    reasons[lost[near]] = NEAREST
    return Decision(speakers, reasons, np.where(speakers >= 0, 1.0, 0.0), gaps, times.repaired)


def assign_transcript(
    transcript: Transcript, turns: Diarization | Iterable[Any], policy: Policy = DEFAULT
) -> Transcript:
    """Put speakers on all words of a transcript, and on its segments.

    A segment gets the speaker with the most of its words' time; one without
    words is itself joined like a word. Nothing is split: `fusion.split_segments`
    does that.
    """
    table = turns if isinstance(turns, Diarization) else list(turns)
    words = iter(assign_speakers(transcript.words, table, policy))
    wordless = iter(assign_speakers([s for s in transcript.segments if not s.words], table, policy))
    segments = []
    for segment in transcript.segments:
        own = tuple(islice(words, len(segment.words)))
        segments.append(replace(segment, words=own, speaker=main_speaker(own)) if own else next(wordless))
    return replace(transcript, segments=tuple(segments))


def main_speaker(words: Iterable[Word]) -> str | None:
    """Who has the most time among the words; the first of them at a tie, None if nobody has a word."""
    time: dict[str, float] = {}
    for word in words:
        if word.speaker is not None:
            known = word.start is not None and word.end is not None
            length = max(0.0, word.end - word.start) if known else 0.0  # type: ignore[operator]
            time[word.speaker] = time.get(word.speaker, 0.0) + length
    return max(time, key=lambda speaker: time[speaker], default=None)
