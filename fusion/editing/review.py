"""Where the join was not sure who speaks: what a person should hear, worst first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from ..types import Attribution, Reason, Seconds, SpeakerShare, Transcript, Word
from .content import Content
from .selecting import times_of
from .words import sentence_at

SURE = 0.9
"""A word is doubtful where at least one in ten such words has another speaker; confidences are calibrated."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """Words that follow each other, of one speaker, whose speaker is doubtful.

    first, last: numbers of words from 0, `last` not included. start, end: when they are said.
    speaker: as it stands. reason, detail, confidence: of the least sure of them.
    others: who else may have said them, most likely first.
    wrong: how many of them are probably wrong.
    """

    first: int
    last: int
    start: Seconds
    end: Seconds
    speaker: str | None
    reason: Reason
    detail: str
    confidence: float
    others: tuple[SpeakerShare, ...]
    wrong: float


def doubts(transcript: Transcript) -> tuple[Doubt, ...]:
    """Every doubtful place, the one with the most words that are probably wrong first.

    What a person has decided is never doubtful, nor are words that no join has seen.
    """
    words, times = transcript.words, times_of(transcript)
    found = []
    for kind, run in groupby(range(len(words)), lambda number: (_is_doubtful(words[number]), words[number].speaker)):
        numbers = list(run)
        if kind[0]:
            found.append(_doubt(numbers, [words[number] for number in numbers], [times[number] for number in numbers]))
    return tuple(sorted(found, key=lambda doubt: (-doubt.wrong, doubt.first)))


def context(content: Content, doubt: Doubt) -> tuple[str, str, str]:
    """The sentence that a doubtful place begins in: what is said before it, in it, and after it."""
    words = content.transcript.words
    place = sentence_at(content, doubt.first)
    parts = ((place.first, doubt.first), (doubt.first, doubt.last), (doubt.last, max(place.last, doubt.last)))
    before, within, after = (" ".join("".join(_spaced(words[a:b])).split()) for a, b in parts)
    return before, within, after


def _is_doubtful(word: Word) -> bool:
    why = word.attribution
    return why is not None and why.reason != "edited" and why.confidence < SURE


def _doubt(numbers: Sequence[int], words: Sequence[Word], times: Sequence[tuple[Seconds, Seconds]]) -> Doubt:
    whys = [word.attribution for word in words if word.attribution is not None]
    least = min(whys, key=lambda why: why.confidence)
    return Doubt(
        numbers[0],
        numbers[-1] + 1,
        min(start for start, _ in times),
        max(end for _, end in times),
        words[0].speaker,
        least.reason,
        least.detail,
        least.confidence,
        _others(whys, len(words)),
        sum(1.0 - why.confidence for why in whys),
    )


def _others(whys: Iterable[Attribution], count: int) -> tuple[SpeakerShare, ...]:
    """Who else is heard in the words, with the part of them, most first."""
    shares: dict[str, float] = {}
    for why in whys:
        for other in why.others:
            shares[other.speaker] = shares.get(other.speaker, 0.0) + other.share / count
    return tuple(SpeakerShare(who, share) for who, share in sorted(shares.items(), key=lambda s: (-s[1], s[0])))


def _spaced(words: Iterable[Word]) -> Iterable[str]:
    return (word.text if word.text[:1].isspace() else f" {word.text}" for word in words)
