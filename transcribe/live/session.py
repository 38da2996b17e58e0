"""One live recording: audio in; words, speakers and files out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from ...asr_adapters.grouping import grouped
from ...diarize.live.events import Committed, Event, Gap
from ...diarize.live.events import to_json as turn_json
from ...diarize.live.ledger import Ledger
from ...fusion.cues import split_segments
from ...fusion.document import Document
from ...fusion.relabel import rename_diarization, rename_transcript
from ...fusion.types import SAMPLE_RATE, Diarization, Transcript, Turn
from .beside import Silent
from .committing import turns_of
from .sources import Lost, Stopped
from .words import Words
from .words import to_json as word_json

if TYPE_CHECKING:
    from pathlib import Path

    from ...diarize.live.feeding import Feeding
    from ...fusion.editing.content import Origin
    from ...fusion.types import Samples, Seconds
    from .screen import Screen
    from .tracks import Track
    from .writing import EventLines, Files

    Given: TypeAlias = Samples | Lost | Silent | Stopped


@dataclass(slots=True)
class Session:
    """Brings together what is heard, and tells it: files first, then events, then the screen.

    name: of the recording. origin: what makes the result. language: of the words, None if unknown. tracks: one for
        each channel. ledger: the turns of all of them.
    """

    name: str
    origin: Origin | None
    language: str | None
    tracks: Sequence[Track]
    files: Files
    lines: EventLines
    screen: Screen
    ledger: Ledger = field(default_factory=Ledger)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _held: list[dict[str, Any]] = field(default_factory=list)
    _over: bool = False

    def run(self, pieces: Iterable[Given]) -> None:
        """Take all that comes: of one channel float32 (num_samples,), of several (channels, num_samples)."""
        try:
            for piece in pieces:
                with self._lock:
                    self._take(piece)
        finally:
            self.end()

    def end(self) -> None:
        """The recording is over, or left: all words that were recognised count as said. From any thread, once."""
        with self._lock:
            if not self._over:
                self._over = True
                self._commit([], last=True)

    def rest(self, events: Sequence[Event], document: Document, on_wrote: Callable[[Path], None]) -> None:
        """Tell the end: the final files, of each of which `on_wrote` hears, then the last events.

        Raises:
            OutputError, BrokenPipeError: see `Files.end`; all else is told.
        """
        try:
            self.files.end(document, on_wrote)
        finally:
            self.ledger.apply(events)
            self.lines.write([*self._held, *map(turn_json, events)])

    def toggle(self) -> None:
        """Pause, or go on; from any thread."""
        with self._lock:
            if self.tracks[0].diarizer.is_paused:
                told, *_ = [track.diarizer.resume() for track in self.tracks]
                self._tell(told)
            else:
                self._pause("paused")

    @property
    def words(self) -> Words:
        """Of all channels, in order of time."""
        if len(self.tracks) == 1:
            return self.tracks[0].words
        said, waiting = (
            sorted((each for track in self.tracks for each in getattr(track.words, kind)), key=lambda each: each.start)
            for kind in ("said", "waiting")
        )
        return Words(said, waiting)

    @property
    def transcript(self) -> Transcript:
        """The words that were said."""
        segments = [
            each
            for track in self.tracks
            for each in grouped((word for segment in track.words.said for word in segment.words), self.language)
        ]
        segments.sort(key=lambda segment: segment.start)
        return Transcript(tuple(segments), self.language, self._until)

    @property
    def document(self) -> Document:
        """All that is committed; once it is over, all that was heard."""
        until = self._until
        turns = tuple(Turn(t.start, min(t.end, until), t.speaker) for t in turns_of(self.ledger) if t.start < until)
        found = Diarization(turns, turns, until)
        words, names = split_segments(self.transcript), self.ledger.names
        return Document(rename_transcript(words, names), rename_diarization(found, names), self.name, None, self.origin)

    @property
    def _until(self) -> Seconds:
        return self.tracks[0].diarizer.seconds if self._over else self.ledger.committed

    def _take(self, piece: Given) -> None:
        if isinstance(piece, Stopped):
            self._pause(piece.why)
        elif isinstance(piece, Silent):
            now = self.tracks[0].diarizer.seconds
            self._note_gap(piece)
            self._tell([Gap(max(now - piece.seconds, 0.0), now, piece.why)])
        elif isinstance(piece, Lost):
            self._note_gap(piece)
            silence = np.zeros(round(piece.seconds * SAMPLE_RATE), np.float32)
            self._hear(silence[None], lambda diarizer, _: diarizer.gap(piece.seconds, piece.why))
        elif piece.size:
            self._hear(np.atleast_2d(piece), lambda diarizer, samples: diarizer.feed(samples))

    def _hear(self, channels: Samples, feed: Callable[[Feeding, Samples], list[Event]]) -> None:
        if self.tracks[0].diarizer.is_paused:
            return
        for track, samples in zip(self.tracks, channels, strict=True):
            track.hearing.feed(samples)
            self._tell(track.take(feed(track.diarizer, samples)), track)
            if named := track.name(samples):
                self._tell(named)

    def _note_gap(self, gap: Lost | Silent) -> None:
        missing = f"{gap.seconds:.1f}"
        told = f"{gap.why}." if missing == "0.0" else f"{missing} s are missing ({gap.why}) and stand as silence."
        self.screen.note(told)

    def _pause(self, why: str) -> None:
        told, *_ = [track.diarizer.pause(why) for track in self.tracks]
        self._tell(told)
        self.screen.note(f"The recording stands still: {why}.")

    def _tell(self, events: Sequence[Event], of: Track | None = None) -> None:
        self.ledger.apply(event for event in events if not isinstance(event, Committed))
        self.lines.write(turn_json(event) for event in events if not isinstance(event, Committed))
        self._commit(events, of=of)

    def _commit(self, events: Sequence[Event], *, of: Track | None = None, last: bool = False) -> None:
        """Words behind the commitment: into the files, and only then told."""
        changes = [word for track in self.tracks for word in track.commit(events if track is of else (), last=last)]
        self._held += [word_json(change) for change in changes]
        committed = min(track.ledger.committed for track in self.tracks)
        if committed > self.ledger.committed:
            self.ledger.committed = committed
            self._held.append(turn_json(Committed(committed)))
        if self._held and (last or self.files.are_due):
            self.files.write(self.document)
            self.lines.write(self._held)
            self._held = []
        if events or changes or last:
            self.screen.show(self.words, self.ledger)
