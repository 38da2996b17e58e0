"""A whole recording, told as if it came: each segment with its speakers once these are committed."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ...diarize.live.events import Done, Event, SpeakersMerged
from ...diarize.live.ledger import Ledger
from ...diarize.live.pipeline import COMMIT, HOP
from ...fusion.cues import split_segments
from ...fusion.types import SAMPLE_RATE, Diarization, Transcript, Turn
from .words import Words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...diarize.live.feeding import Feeding
    from ...fusion.types import OnSegment, Samples, Seconds, Segment
    from ...fusion.watch import Watch

_AHEAD: Seconds = COMMIT + HOP
"""Who speaks is committed so much later than it was heard."""
_PIECE = 10 * SAMPLE_RATE
"""Samples between two looks whether anybody still waits."""


@dataclass(slots=True)
class Committing:
    """Between a recogniser that tells its segments and a listener who wants to know whose they are.

    Labels on the way are those of the live diarizer, and segments that were told are not told again: the answer of
    `finish` may know better.

    samples: float32 (num_samples,), 16 kHz. on_segment: hears each segment of one speaker once.
    """

    diarizer: Feeding
    samples: Samples
    watch: Watch
    on_segment: OnSegment
    _ledger: Ledger = field(default_factory=Ledger)
    _words: Words = field(default_factory=Words)
    _fed: int = 0
    _told: int = 0

    def hear(self, segment: Segment) -> None:
        """Take the recogniser's next segment, and tell those that are committed."""
        self._words.hear([segment])
        events = self._feed(round((segment.end + _AHEAD) * SAMPLE_RATE))
        anew = any(map(changes_all, events))
        self._tell(min(self._ledger.committed, segment.end), turns_of(self._ledger), anew=anew)

    def finish(self) -> Diarization:
        """The offline answer, after the segments that waited for it.

        Raises:
            CancelledError: nobody waits for it any more.
        """
        self._feed(len(self.samples))
        found, _, events = self.diarizer.finish(self.watch.progress, self.watch.cancel)
        done = events[-1]
        assert isinstance(done, Done)  # noqa: S101 - what `finish` promises
        self._tell(math.inf, self._in_labels_told(done), anew=False)
        return found

    def _in_labels_told(self, done: Done) -> list[Turn]:
        """The final turns under the labels that were told; a speaker who has none gets one that nobody had."""
        if not self._told:
            return list(done.turns)
        labels = {final: live for live, final in reversed([*done.speakers.items()])}
        fresh = 1 + max((int(label.rpartition("_")[2]) for label in done.speakers), default=-1)
        for final in sorted({turn.speaker for turn in done.turns} - labels.keys()):
            labels[final], fresh = f"SPEAKER_{fresh:02d}", fresh + 1
        return [replace(turn, speaker=labels[turn.speaker]) for turn in done.turns]

    def _feed(self, until: int) -> list[Event]:
        events: list[Event] = []
        while self._fed < min(until, len(self.samples)):
            piece = self.samples[self._fed : min(self._fed + _PIECE, until)]
            self._fed += len(piece)
            events += self.diarizer.feed(piece)
            self.watch.progress("diarize", self._fed, len(self.samples))
        self._ledger.apply(events)
        return events

    def _tell(self, until: Seconds, turns: Sequence[Turn], *, anew: bool) -> None:
        for _ in self._words.commit(until, turns, anew=anew):
            pass  # single words are nothing to this listener
        for segment in self._words.said[self._told :]:
            for part in split_segments(Transcript((segment,), None, 0.0)).segments:
                self.on_segment(part)
        self._told = len(self._words.said)


def turns_of(ledger: Ledger) -> list[Turn]:
    """Those of now that have a speaker."""
    return [Turn(entry.start, entry.end, entry.speaker) for entry in ledger.entries if entry.speaker is not None]


def changes_all(event: Event) -> bool:
    """Whether words of long ago may be somebody else's by it."""
    return isinstance(event, SpeakersMerged)
