"""Who talks how much and how: in numbers, by speaker and in all.

Everything is told by the turns and the words; where nobody asked who spoke when,
by the lines that have a speaker.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import TypeAlias

from ..text import split_text
from ..types import Seconds, Transcript, Turn
from .content import Content

_Parts: TypeAlias = dict[str, list[Seconds]]

PAUSE: Seconds = 2.0
"""Whoever goes on after a longer silence begins a new turn."""


@dataclass(frozen=True, slots=True)
class Talk:
    """How one speaker talks.

    talk: seconds. share: of all speakers' talk, 0 to 1. turns: how often the speaker has the floor; it ends
        when another begins to speak alone, or with a pause of 2 s. longest: seconds of the longest of them.
    interruptions: how often the speaker begins while another talks, and still talks when that one has ended.
    overlap: seconds in which somebody else talks too. words: how many.
    """

    speaker: str
    talk: Seconds
    share: float
    turns: int
    longest: Seconds
    interruptions: int
    overlap: Seconds
    words: int

    @property
    def words_per_minute(self) -> float:
        """Of the speaker's own talk; 0 where there is none."""
        return _per_minute(self.words, self.talk)


@dataclass(frozen=True, slots=True)
class Statistics:
    """How everybody talks in a recording.

    duration: seconds. talk: seconds in which somebody talks. overlap: seconds in which several do.
    words: all, those that are nobody's included. speakers: who talks most comes first.
    """

    duration: Seconds
    talk: Seconds
    overlap: Seconds
    words: int
    speakers: tuple[Talk, ...]

    @property
    def silence(self) -> float:
        """The part of the recording in which nobody talks, 0 to 1."""
        return min(1.0, max(0.0, 1.0 - self.talk / self.duration)) if self.duration else 0.0

    @property
    def turns(self) -> int:
        """How often anybody has the floor."""
        return sum(talk.turns for talk in self.speakers)

    @property
    def longest(self) -> Seconds:
        """Seconds of the longest turn."""
        return max((talk.longest for talk in self.speakers), default=0.0)

    @property
    def interruptions(self) -> int:
        """How often anybody interrupts."""
        return sum(talk.interruptions for talk in self.speakers)

    @property
    def words_per_minute(self) -> float:
        """Of the time in which somebody talks; 0 where nobody does."""
        return _per_minute(self.words, self.talk)


def statistics_of(content: Content) -> Statistics:
    """Count and measure."""
    heard = list(stretches(content.turns))
    floors = _floors(content)
    interruptions = _interruptions(content.turns)
    words = Counter(sayers(content.transcript))
    parts, together = _parts(heard)
    speakers = content.speakers
    seconds = {who: sum(parts.get(who, ())) for who in speakers}
    total = sum(seconds.values())
    talks = [
        Talk(
            who,
            seconds[who],
            seconds[who] / total if total else 0.0,
            len(floors.get(who, ())),
            max(floors.get(who, (0.0,))),
            interruptions.get(who, 0),
            sum(together.get(who, ())),
            words[who],
        )
        for who in speakers
    ]
    spoken = sum(b - a for a, b, active in heard if active)
    several = sum(b - a for a, b, active in heard if len(active) > 1)
    ordered = sorted(talks, key=lambda talk: (-talk.talk, talk.speaker))
    return Statistics(content.transcript.duration, spoken, several, words.total(), tuple(ordered))


def sayers(transcript: Transcript) -> Iterator[str | None]:
    """Who says each word; a line that came without words is cut at its spaces."""
    for segment in transcript.segments:
        if segment.words:
            yield from (word.speaker for word in segment.words)
        elif segment.text.strip():
            yield from repeat(segment.speaker, len(split_text(segment.text)))


def stretches(turns: Iterable[Turn]) -> Iterator[tuple[Seconds, Seconds, frozenset[str]]]:
    """From change to change: start, end, and who talks."""
    events = sorted(
        [(turn.start, 1, turn.speaker) for turn in turns] + [(turn.end, -1, turn.speaker) for turn in turns]
    )
    active: dict[str, int] = {}
    last = 0.0
    for time, step, speaker in events:
        if time > last and active:
            yield last, time, frozenset(active)
        last = time
        active[speaker] = active.get(speaker, 0) + step
        if not active[speaker]:
            del active[speaker]


def _parts(heard: Iterable[tuple[Seconds, Seconds, frozenset[str]]]) -> tuple[_Parts, _Parts]:
    """How long each speaks, stretch by stretch; and of these the stretches in which others speak too."""
    spoken: _Parts = {}
    together: _Parts = {}
    for start, end, active in heard:
        for who in active:
            spoken.setdefault(who, []).append(end - start)
            if len(active) > 1:
                together.setdefault(who, []).append(end - start)
    return spoken, together


def _floors(content: Content) -> dict[str, list[Seconds]]:
    """How long each speaker has the floor, every time."""
    found = content.diarization
    alone = content.turns if found is None else found.exclusive
    floors: dict[str, list[Seconds]] = {}
    last: Turn | None = None
    for turn in sorted(alone, key=lambda turn: (turn.start, turn.end)):
        if last is not None and last.speaker == turn.speaker and turn.start - last.end <= PAUSE:
            last = Turn(last.start, max(last.end, turn.end), turn.speaker)
            floors[turn.speaker][-1] = last.end - last.start
        else:
            last = turn
            floors.setdefault(turn.speaker, []).append(turn.end - turn.start)
    return floors


def _interruptions(turns: Sequence[Turn]) -> dict[str, int]:
    """How often each begins while another talks, and is still talking when that one ends."""
    counts: dict[str, int] = {}
    active: list[Turn] = []
    for turn in sorted(turns, key=lambda turn: (turn.start, turn.end)):
        active = [other for other in active if other.end > turn.start]
        if any(o.speaker != turn.speaker and o.start < turn.start and o.end < turn.end for o in active):
            counts[turn.speaker] = counts.get(turn.speaker, 0) + 1
        active.append(turn)
    return counts


def _per_minute(count: int, seconds: Seconds) -> float:
    return 60.0 * count / seconds if seconds else 0.0
