"""The words that were said so far, and whose they are by the turns of now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import count
from typing import Any

from ...fusion.estimating import with_estimated_words
from ...fusion.join.assign import assign_speakers
from ...fusion.types import Seconds, Segment, Transcript, Turn, Word

_RECENT: Seconds = 60.0
"""Words so old are looked at again only where speakers were merged."""


@dataclass(frozen=True, slots=True)
class WordSaid:
    """A word behind the commitment, with a number of its own. Its text never changes."""

    word: int
    start: Seconds
    end: Seconds
    text: str
    speaker: str | None


@dataclass(frozen=True, slots=True)
class WordRevised:
    """The word is somebody else's."""

    word: int
    speaker: str | None


def to_json(event: WordSaid | WordRevised) -> dict[str, Any]:
    """The event as JSON's types, under its ``type``."""
    return {"type": "word.said" if isinstance(event, WordSaid) else "word.revised", **asdict(event)}


@dataclass(slots=True)
class Words:
    """Segments that wait for the commitment, and those behind it.

    said: behind the commitment, each word with its speaker; none of their texts changes any more.
    waiting: recognised, and not committed yet. numbers: of the words, which several channels may share.
    """

    said: list[Segment] = field(default_factory=list)
    waiting: list[Segment] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=count)
    _firsts: list[int] = field(default_factory=list)
    _near: list[list[Turn]] = field(default_factory=list)

    def hear(self, segments: Iterable[Segment]) -> None:
        """Take what the recogniser is sure of; words without times get estimated ones."""
        given = Transcript(tuple(segments), None, 0.0)
        self.waiting += with_estimated_words(given, "").segments

    def commit(self, until: Seconds, turns: Sequence[Turn], *, anew: bool) -> Iterator[WordSaid | WordRevised]:
        """Say what lies behind `until`, and what the turns of now make of what was said before.

        Args:
            until: the commitment.
            turns: of now, those with a speaker.
            anew: look at all words again, not only at the last minute's.
        """
        yield from self._revise(-1.0 if anew else until - _RECENT, turns)
        while self.waiting and self.waiting[0].end <= until:
            bare = self.waiting.pop(0)
            near = _near(bare, turns)
            segment = _joined(bare, near)
            self.said.append(segment)
            self._near.append(near)
            numbers = [next(self.numbers) for _ in segment.words]
            self._firsts.append(numbers[0] if numbers else 0)
            for number, word in zip(numbers, segment.words, strict=True):
                yield WordSaid(number, word.start or 0.0, word.end or 0.0, word.text, word.speaker)

    def _revise(self, since: Seconds, turns: Sequence[Turn]) -> Iterator[WordRevised]:
        for place in range(len(self.said) - 1, -1, -1):
            before = self.said[place]
            if before.end < since:
                return
            near = _near(before, turns)
            if near == self._near[place]:
                continue
            now = self.said[place] = _joined(before, near)
            self._near[place] = near
            for number, (old, new) in enumerate(zip(before.words, now.words, strict=True), self._firsts[place]):
                if old.speaker != new.speaker:
                    yield WordRevised(number, new.speaker)


def _near(segment: Segment, turns: Iterable[Turn]) -> list[Turn]:
    """The turns that can decide whose its words are."""
    return [turn for turn in turns if turn.end > segment.start - 2 and turn.start < segment.end + 2]


def _joined(segment: Segment, near: Sequence[Turn]) -> Segment:
    bare: list[Word] = [replace(word, speaker=None, attribution=None) for word in segment.words]
    return replace(segment, words=tuple(assign_speakers(bare, near)))
