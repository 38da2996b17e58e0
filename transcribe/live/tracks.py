"""One channel of a live recording: its diarizer, its words, and the labels that no other channel has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from math import inf
from typing import TYPE_CHECKING, Any

from ...asr_adapters.grouping import grouped
from ...diarize.live.book import Book, Told
from ...diarize.live.events import Done, Event
from ...diarize.live.ledger import Ledger
from ...diarize.live.linking import NOBODY
from ...diarize.live.speakers import UNKNOWN
from ...fusion.join.channels import voices
from ...fusion.types import Transcript
from .committing import changes_all, turns_of
from .words import Words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...diarize.live.events import SpeakerNamed
    from ...diarize.live.feeding import Feeding
    from ...diarize.live.ledger import Entry
    from ...fusion.types import Diarization, Samples, Seconds
    from .hearing import Hearing
    from .naming import LiveNaming
    from .words import WordRevised, WordSaid


@dataclass(slots=True)
class Numbers:
    """Numbers that all channels of a recording share, so that none is given twice."""

    turns: Iterator[int] = field(default_factory=count)
    speakers: Iterator[int] = field(default_factory=count)
    words: Iterator[int] = field(default_factory=count)


@dataclass(slots=True)
class Track:
    """One channel. naming: says whose voices they are. ledger: the turns of this channel alone."""

    diarizer: Feeding
    hearing: Hearing
    numbers: Numbers
    naming: LiveNaming | None = None
    ledger: Ledger = field(default_factory=Ledger)
    words: Words = field(init=False)
    _turns: dict[int, int] = field(default_factory=dict)
    _labels: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.words = Words(numbers=self.numbers.words)

    def take(self, events: Sequence[Event]) -> list[Event]:
        """What the diarizer said, under the recording's numbers and labels."""
        told = [self._renamed(event) for event in events]
        self.ledger.apply(event for event in told if not isinstance(event, Done))
        return told

    def name(self, samples: Samples) -> list[SpeakerNamed]:
        """Whose voices turn out to be in it, with `samples`."""
        named = [] if self.naming is None else self.naming.hear(samples, turns_of(self.ledger), self.ledger.names)
        self.ledger.apply(named)
        return named

    def commit(self, events: Sequence[Event], *, last: bool) -> list[WordSaid | WordRevised]:
        """The words that `events`, or what was recognised meanwhile, put behind the commitment; with `last` all."""
        segments, until = self.hearing.take()
        self.words.hear(segments)
        if not events and not segments and not last:
            return []
        anew = last or any(map(changes_all, events))
        until = inf if last else min(self.ledger.committed, until)
        return list(self.words.commit(until, turns_of(self.ledger), anew=anew))

    def all_words(self, language: str | None, duration: Seconds) -> Transcript:
        """All live words of the channel, without speakers."""
        segments = (*self.words.said, *self.words.waiting)
        bare = (replace(word, speaker=None, attribution=None) for segment in segments for word in segment.words)
        return Transcript(tuple(grouped(bare, language)), language, duration)

    def _renamed(self, event: Event) -> Event:
        if isinstance(event, Done):
            return replace(event, speakers={self._label(old): new for old, new in event.speakers.items()})
        changed: dict[str, Any] = {}
        if (turn := getattr(event, "turn", None)) is not None:
            if turn not in self._turns:
                self._turns[turn] = next(self.numbers.turns)
            changed["turn"] = self._turns[turn]
        for name in ("speaker", "gone", "into"):
            if (label := getattr(event, name, None)) is not None:
                changed[name] = self._label(label)
        return replace(event, **changed) if changed else event

    def _label(self, label: str) -> str:
        if label not in self._labels:
            self._labels[label] = f"SPEAKER_{next(self.numbers.speakers):02d}"
        return self._labels[label]


def merged(
    tracks: Sequence[Track], events: Sequence[Event], found: Sequence[Diarization] | None, whole: Diarization
) -> list[Event]:
    """The last events of all channels, which end with one `Done` of them together.

    Args:
        tracks: whose they are.
        events: of each track up to its own `Done`, under the recording's labels.
        found: the answer for each channel alone; None where they were taken as one.
        whole: for the recording.
    """
    if len(tracks) == 1:
        return [*events]
    speakers: dict[str, str] = {}
    labels = [{*whole.speakers}] * len(tracks) if found is None else _own_labels(found)
    for track, own in zip(tracks, labels, strict=True):
        told = [Told(e.turn, e.start, e.end, _number(e), NOBODY) for e in track.ledger.entries]
        turns = [turn for turn in whole.turns if turn.speaker in own]
        speakers |= Book({each.turn: each for each in told}).final(turns)
    rest = [event for event in events if not isinstance(event, Done)]
    return [*rest, Done(whole.duration, whole.turns, speakers)]


def _own_labels(found: Sequence[Diarization]) -> list[set[str]]:
    """The labels of each channel in the answer for all."""
    counts = [len(each.speakers) if len(voices(each)) > 1 else 1 for each in found]
    firsts = [sum(counts[:number]) for number in range(len(counts))]
    return [
        {f"SPEAKER_{label:02d}" for label in range(first, first + count)}
        for first, count in zip(firsts, counts, strict=True)
    ]


def _number(entry: Entry) -> int:
    return UNKNOWN if entry.speaker is None else int(entry.speaker.rpartition("_")[2])
