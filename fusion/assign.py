"""The join: put a speaker on every word, and say why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

import numpy as np

from fusion.boundaries import REACH, drop_islands, follow_words, settle_contested, switch_prices
from fusion.errors import OptionError
from fusion.explain import CONTEXT, NEAREST, NONE, OVERLAP, Decision, attributions_of, labels_of
from fusion.intervals import Bools, Floats, Ints, Shares, TurnTable, loudest, nearest_turn, share_table
from fusion.kinds import read_texts, read_times, read_turns, with_speakers
from fusion.timing import Times, timed
from fusion.types import Activity, Attribution, Diarization, Seconds, Transcript, Word

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


def assign_speakers(
    words: Iterable[W], turns: Diarization | Iterable[Any] | TurnTable, policy: Policy = DEFAULT
) -> list[W]:
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
    activity = turns.activity if isinstance(turns, Diarization) else None
    decision, times, shares = join(read_times(given), read_texts(given), table, policy, activity=activity)
    attributions: list[Attribution] = []
    if any(kind is Word or hasattr(kind, "attribution") for kind in set(map(type, given))):
        attributions = attributions_of(decision, times.lengths, shares, table)
    return with_speakers(given, labels_of(decision, table), attributions or [None] * len(given))


def join(
    times_given: tuple[Floats, Floats],
    texts: list[str],
    turns: TurnTable,
    policy: Policy,
    *,
    activity: Activity | None = None,
) -> tuple[Decision, Times, Shares]:
    """Decide for arrays of words; a pure function.

    Args:
        times_given: starts and ends, float64 (num_words,) each, in the order of
            the text, NaN where unknown.
        texts: of the words; empty where they have none.
        turns: the turns.
        policy: how to join.
        activity: the diarizer's frame activity, if it was kept.

    Returns:
        what was decided, the words' times as the join saw them, and who is heard in each.
    """
    times = timed(*times_given, cap=policy.join == "resolved")
    if policy.join == "plain":
        shares = share_table(times.starts, times.ends, turns)
        return decide(times, shares, loudest(shares, len(times.starts)), turns, policy), times, shares
    order = np.argsort(times.starts, kind="stable")
    ordered = times.take(order)
    shares = share_table(ordered.starts, ordered.ends, turns)
    spoken = [texts[i] for i in order.tolist()] if texts else []
    decision = resolve(ordered, spoken, shares, turns, policy=policy, activity=activity)
    back = np.empty(len(order), np.int64)
    back[order] = np.arange(len(order))
    decision = decision.take(back)
    return (decision.take(follow_words(texts)) if texts else decision), times, shares.renumber(order)


def decide(times: Times, shares: Shares, best: Ints, turns: TurnTable, policy: Policy) -> Decision:
    """Pure maximal overlap, then the nearest turn within reach."""
    heard = best >= 0
    count = len(times.starts)
    speakers, gaps = np.full(count, -1), np.full(count, np.inf)
    speakers[heard] = shares.speakers[best[heard]]
    reasons = np.where(heard, OVERLAP, NONE)
    lost = np.flatnonzero(~heard)
    turn, gap = nearest_turn(times.starts[lost], times.ends[lost], turns)
    gaps[lost] = gap
    near = (np.abs(gap) <= policy.max_gap) & (policy.max_gap > 0)
    speakers[lost[near]] = turns.speakers[turn[near]]
    reasons[lost[near]] = NEAREST
    return Decision(speakers, reasons, np.where(speakers >= 0, 1.0, 0.0), gaps, times.repaired)


def resolve(
    times: Times, texts: list[str], shares: Shares, turns: TurnTable, *, policy: Policy, activity: Activity | None
) -> Decision:
    """The plain join, then the rules of `fusion.boundaries`, on words by rising start."""
    best = loudest(shares, len(times.starts))
    plain = decide(times, shares, best, turns, policy)
    reach = min(REACH, policy.max_gap)
    switch = switch_prices(times, texts)
    told, certainty = settle_contested(times, switch, shares, turns, best=best, activity=activity, reach=reach)
    speakers = np.where(told >= 0, told, plain.speakers)
    islands = drop_islands(times, speakers, shares, texts)
    speakers = np.where(islands, before_runs(speakers, islands), speakers)
    moved = (speakers != plain.speakers) & (plain.reasons != NEAREST)
    reasons = np.where(moved, CONTEXT, plain.reasons)
    return Decision(speakers, reasons, np.where(told >= 0, certainty, plain.confidence), plain.gaps, plain.repaired)


def before_runs(speakers: Ints, marked: Bools) -> Ints:
    """For every word, the speaker of the last unmarked word at or before it."""
    latest = np.maximum.accumulate(np.where(marked, 0, np.arange(len(speakers))))
    return speakers[latest]


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
    plain = replace(policy, join="plain")  # lines are long and few: none of the rules for words fits them
    wordless = iter(assign_speakers([s for s in transcript.segments if not s.words], table, plain))
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
