"""The join: put a speaker on every word, and say why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

import numpy as np

from ..errors import OptionError
from ..given import check_list, enough_memory, is_number, short
from ..times import LONGEST
from ..types import Seconds, Transcript, Word, check_transcript
from .beginnings import begin_sentences
from .boundaries import follow_words, settle_contested
from .confidence import confidence_of
from .explain import CONTEXT, NEAREST, NONE, OVERLAP, Decision, attributions_of, labels_of
from .intervals import (
    Evidence,
    Floats,
    Ints,
    Shares,
    TurnTable,
    heard_longest,
    nearest_turn,
    seconds_of,
    share_table,
)
from .kinds import Turns, read_evidence, read_texts, read_times, with_speakers
from .likeness import follow_voices
from .timing import Times, timed
from .units import check_lengths, check_named, check_units

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

W = TypeVar("W")
Join: TypeAlias = Literal["resolved", "plain"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How words are joined to turns.

    join: ``plain`` is pure maximal overlap; ``resolved`` also repairs times for
        the join, tells words that sound at once apart, where two people speak
        follows `Diarization.likeness`, and has sentences begin with their rest.
    max_gap: a word without overlap goes to the turn whose edge is nearest, if
        within this many seconds; 0 leaves such words unassigned.
    """

    join: Join = "resolved"
    max_gap: Seconds = 1.0

    def __post_init__(self) -> None:
        if self.join not in ("resolved", "plain"):
            raise OptionError(f"join={self.join!r} must be 'resolved' or 'plain'.")
        if not is_number(self.max_gap) or not 0 <= self.max_gap <= LONGEST:
            raise OptionError(f"max_gap={short(self.max_gap)} must be a number of seconds, 0 or more, up to a year.")


DEFAULT = Policy()
_TURNS = 3.0
"""A second of a turn counts as so many of an exclusive one, which changes hands within a word by chance."""


def check_policy(policy: Policy) -> None:
    """Refuse what is no `Policy`, such as its name alone.

    Raises:
        OptionError: it is none.
    """
    if not isinstance(policy, Policy):
        raise OptionError(f"policy={policy!r} must be a Policy, such as Policy(join='plain').")


def assign_speakers(words: Iterable[W], turns: Turns, policy: Policy = DEFAULT) -> list[W]:
    """Put a speaker on every word.

    The speaker heard longest during the word, summed over all of that speaker's
    turns, to which a `Diarization` adds a third of the exclusive ones; ties go to
    the speaker whose turn is earliest. Texts and times leave
    as they came.

    Args:
        words: `Word`s, or dicts or objects with start and end in seconds, also as
            text (None, or absent in a dict, where the recogniser gave none).
        turns: a `Diarization`; `Turn`s, dicts, objects or tuples with start, end
            and speaker; pyannote's Annotation or whole answer; WhisperX's table.
        policy: how to join.

    Returns:
        Copies of the words, of the same kind, with `speaker` set (None where no
        turn is near enough), and `attribution` where the kind has that field.

    Raises:
        TranscriptError: a word or turn with impossible times, by its index; words or
            turns that can only be in milliseconds or samples beside the others.

    Example:
        >>> from diarfuse import Turn
        >>> assign_speakers([{"start": 0.1, "end": 0.4, "word": "Hi"}], [Turn(0.0, 1.0, "SPEAKER_00")])
        [{'start': 0.1, 'end': 0.4, 'word': 'Hi', 'speaker': 'SPEAKER_00'}]
    """
    check_list(words, "words")
    with enough_memory("join so many words"):
        return _assign(list(words), read_evidence(turns), policy, whole=True)


def assign_in_lines(
    words: list[W],
    lines: Sequence[tuple[Seconds, Seconds, int]],
    evidence: Evidence,
    policy: Policy = DEFAULT,
    language: str | None = None,
    *,
    whole: bool = False,
) -> list[W]:
    """`assign_speakers` for words whose lines are known: one without times is looked for in its own.

    lines: start and end of each line, and how many of the words it has, in their order.
    language: of the words, whose abbreviations end no sentence; an ISO 639 code, None for English.
    whole: these are all words that there are, so that what they and the turns are counted in can be compared.
    """
    counts = [count for *_, count in lines]
    starts, ends = (np.repeat(np.array([line[edge] for line in lines], np.float64), counts) for edge in (0, 1))
    with enough_memory("join so many words"):
        return _assign(words, evidence, policy, (starts, ends), language, whole=whole)


def _assign(
    given: list[W],
    evidence: Evidence,
    policy: Policy,
    lines: tuple[Floats, Floats] | None = None,
    language: str | None = None,
    *,
    whole: bool = False,
) -> list[W]:
    """Join, explain where the kind of word has room for it, and label."""
    check_policy(policy)
    times, texts = read_times(given), read_texts(given) if policy.join == "resolved" else []
    check_named(given, times)
    check_lengths(given, times)
    if whole:
        check_units(times, evidence.turns)
    decision, said = join(times, texts, evidence, policy, lines, language)
    labels = labels_of(decision, evidence.turns)
    kinds = set(map(type, given))
    if not _explains(given, kinds):
        return with_speakers(given, labels, kinds=kinds)
    decision = replace(decision, confidence=confidence_of(decision, said.times, said.shares, evidence))
    return with_speakers(
        given, labels, attributions_of(decision, said.times.lengths, said.shares, evidence.turns), kinds
    )


def _explains(given: Sequence[Any], kinds: set[type]) -> bool:
    """Whether any kind of word has room for an attribution; a class may give its fields to its instances alone."""
    if kinds <= {dict, Word}:
        return Word in kinds
    return any(hasattr(word, "attribution") for word in {type(word): word for word in given}.values())


@dataclass(frozen=True)
class SpokenWords:
    """Words as the join sees them, and who is heard in each.

    shares: worked out when first asked for; a plain join of words that carry no
        attribution never asks.
    """

    times: Times
    turns: TurnTable

    @cached_property
    def shares(self) -> Shares:
        """Of every word with every speaker."""
        return share_table(self.times.starts, self.times.ends, self.turns)


def join(
    times_given: tuple[Floats, Floats],
    texts: list[str],
    evidence: Evidence,
    policy: Policy,
    lines: tuple[Floats, Floats] | None = None,
    language: str | None = None,
) -> tuple[Decision, SpokenWords]:
    """Decide for arrays of words; a pure function.

    Args:
        times_given: starts and ends, float64 (num_words,) each, in the order of
            the text, NaN where unknown.
        texts: of the words; empty where they have none.
        evidence: who spoke when.
        policy: how to join.
        lines: see `timed`.
        language: see `assign_in_lines`.

    Returns:
        what was decided (its confidence is only how certain the choice among
        neighbours was), and the words as the join saw them.
    """
    times = timed(*times_given, cap=policy.join == "resolved", lines=lines)
    said = SpokenWords(times, evidence.turns)
    decision = decide(times, evidence, policy)
    if policy.join == "plain":
        return decision, said
    if bool((times.starts[1:] >= times.starts[:-1]).all()):
        decision = resolve(said, evidence, decision)
    else:
        order = np.argsort(times.starts, kind="stable")
        back = np.argsort(order, kind="stable")
        ordered = SpokenWords(times.take(order), evidence.turns)
        decision = resolve(ordered, evidence, decision.take(order)).take(back)
    if not texts:
        return decision, said
    words = follow_words(texts)
    return begin_sentences(texts, times, said.shares, decision.take(words), language).take(words), said


def decide(times: Times, evidence: Evidence, policy: Policy) -> Decision:
    """Pure maximal overlap, then the nearest turn within reach."""
    turns = evidence.turns
    count = len(times.starts)
    speakers = _heard(times, evidence)
    reasons = np.where(speakers >= 0, OVERLAP, NONE)
    gaps = np.full(count, np.inf)
    lost = np.flatnonzero(speakers < 0)
    turn, gap = nearest_turn(times.starts[lost], times.ends[lost], turns)
    gaps[lost] = gap
    near = (np.abs(gap) <= policy.max_gap) & (policy.max_gap > 0)
    speakers[lost[near]] = turns.speakers[turn[near]]
    reasons[lost[near]] = NEAREST
    return Decision(speakers, reasons, np.ones(count), gaps, times.repaired)


def _heard(times: Times, evidence: Evidence) -> Ints:
    """Who is heard longest in each word, int64 (num_words,), -1 for nobody.

    Where the exclusive turns name another than all turns do, the one of the two who is heard longer in both together.
    """
    speakers = heard_longest(times.starts, times.ends, evidence.turns)
    if evidence.exclusive is None:
        return speakers
    alone = heard_longest(times.starts, times.ends, evidence.exclusive)
    torn = np.flatnonzero((alone >= 0) & (alone != speakers))
    words, starts, ends = np.arange(len(torn)), times.starts[torn], times.ends[torn]
    shares, shares_alone = share_table(starts, ends, evidence.turns), share_table(starts, ends, evidence.exclusive)

    def heard(who: Ints) -> Floats:
        return _TURNS * seconds_of(shares, words, who) + seconds_of(shares_alone, words, who)

    best, clearest = speakers[torn], alone[torn]
    speakers[torn] = np.where((best >= 0) & (heard(best) > heard(clearest)), best, clearest)
    return speakers


def resolve(said: SpokenWords, evidence: Evidence, plain: Decision) -> Decision:
    """The rules of `fusion.join.boundaries` on top of the plain join, for words by rising start, then the voices."""
    told, certainty = settle_contested(said.times, said.shares, evidence.turns)
    speakers = np.where(told >= 0, told, plain.speakers)
    reasons = np.where(speakers != plain.speakers, CONTEXT, plain.reasons)
    settled = replace(plain, speakers=speakers, reasons=reasons, confidence=np.where(told >= 0, certainty, 1.0))
    return follow_voices(said.times, said.shares, evidence, settled)


def assign_transcript(transcript: Transcript, turns: Turns, policy: Policy = DEFAULT) -> Transcript:
    """Put speakers on all words of a transcript, and on its segments.

    A segment gets the speaker with the most of its words' time; one without
    words is itself joined like a word. Nothing is split: `fusion.split_segments`
    does that.
    """
    check_transcript(transcript)
    evidence = read_evidence(turns)
    lines = [(segment.start, segment.end, len(segment.words)) for segment in transcript.segments]
    words = iter(assign_in_lines(list(transcript.words), lines, evidence, policy, transcript.language, whole=True))
    plain = replace(policy, join="plain")  # lines are long and few: none of the rules for words fits them
    wordless = iter(_assign([s for s in transcript.segments if not s.words], evidence, plain, whole=True))
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
