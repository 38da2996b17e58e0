"""One live recording: audio in; words, speakers and files out."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ...asr_adapters.grouping import grouped
from ...diarize.live.events import Committed, Event
from ...diarize.live.events import to_json as turn_json
from ...diarize.live.ledger import Ledger
from ...fusion.cues import split_segments
from ...fusion.document import Document
from ...fusion.relabel import rename_diarization, rename_transcript
from ...fusion.types import SAMPLE_RATE, Diarization, Transcript, Turn
from .committing import changes_all, turns_of
from .sources import Lost, Stopped
from .words import Words
from .words import to_json as word_json

if TYPE_CHECKING:
    from ...diarize.live.feeding import Feeding
    from ...fusion.editing.content import Origin
    from ...fusion.types import Samples, Seconds
    from .hearing import Hearing
    from .naming import LiveNaming
    from .screen import Screen
    from .sources import Piece
    from .writing import EventLines, Files


@dataclass(slots=True)
class Session:
    """Brings together what is heard, and tells it: files first, then events, then the screen.

    name: of the recording. origin: what makes the result. language: of the words, None if unknown. naming: says
        whose voices they are.
    """

    name: str
    origin: Origin | None
    language: str | None
    diarizer: Feeding
    hearing: Hearing
    files: Files
    lines: EventLines
    screen: Screen
    naming: LiveNaming | None = None
    ledger: Ledger = field(default_factory=Ledger)
    words: Words = field(default_factory=Words)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _held: list[dict[str, Any]] = field(default_factory=list)

    def run(self, pieces: Iterable[Piece]) -> None:
        """Take all that comes."""
        for piece in pieces:
            with self._lock:
                self._take(piece)
        with self._lock:
            self._commit([], last=True)

    def rest(self, events: Sequence[Event], document: Document) -> None:
        """Tell the end: the final files, then the last events."""
        self.files.write(document, last=True)
        self.ledger.apply(events)
        self.lines.write([*self._held, *map(turn_json, events)])

    def toggle(self) -> None:
        """Pause, or go on; from any thread."""
        with self._lock:
            self._tell(self.diarizer.resume() if self.diarizer.is_paused else self.diarizer.pause())

    def all_words(self, duration: Seconds) -> Transcript:
        """All live words of the recording, without speakers."""
        segments = (*self.words.said, *self.words.waiting)
        bare = (replace(word, speaker=None, attribution=None) for segment in segments for word in segment.words)
        return Transcript(tuple(grouped(bare, self.language)), self.language, duration)

    @property
    def turns(self) -> list[Turn]:
        """Those of now that have a speaker."""
        return turns_of(self.ledger)

    @property
    def transcript(self) -> Transcript:
        """The words behind the commitment."""
        words = (word for segment in self.words.said for word in segment.words)
        return Transcript(tuple(grouped(words, self.language)), self.language, self.ledger.committed)

    @property
    def document(self) -> Document:
        """All that is committed."""
        until = self.ledger.committed
        turns = tuple(Turn(t.start, min(t.end, until), t.speaker) for t in self.turns if t.start < until)
        found = Diarization(turns, turns, until)
        words, names = split_segments(self.transcript), self.ledger.names
        return Document(rename_transcript(words, names), rename_diarization(found, names), self.name, None, self.origin)

    def _take(self, piece: Piece) -> None:
        if isinstance(piece, Stopped):
            self._tell(self.diarizer.pause(piece.why))
        elif isinstance(piece, Lost):
            self.hearing.feed(np.zeros(round(piece.seconds * SAMPLE_RATE), np.float32))
            self._tell(self.diarizer.gap(piece.seconds, piece.why))
            self._name(np.zeros(round(piece.seconds * SAMPLE_RATE), np.float32))
        elif len(piece):
            self._hear(piece)

    def _hear(self, samples: Samples) -> None:
        if self.diarizer.is_paused:
            return
        self.hearing.feed(samples)
        self._tell(self.diarizer.feed(samples))
        self._name(samples)

    def _name(self, samples: Samples) -> None:
        if self.naming is not None and (named := self.naming.hear(samples, self.turns, self.ledger.names)):
            self._tell(named)

    def _tell(self, events: Sequence[Event]) -> None:
        self.ledger.apply(events)
        self.lines.write(turn_json(event) for event in events if not isinstance(event, Committed))
        self._commit(events)

    def _commit(self, events: Sequence[Event], *, last: bool = False) -> None:
        """Words behind the commitment: into the files, and only then told."""
        segments, until = self.hearing.take()
        self.words.hear(segments)
        if not events and not segments and not last:
            return
        anew = any(map(changes_all, events))
        changes = self.words.commit(min(self.ledger.committed, until), self.turns, anew=anew)
        self._held += [word_json(change) for change in changes]
        self._held += [turn_json(event) for event in events if isinstance(event, Committed)]
        if self._held and (last or self.files.are_due):
            self.files.write(self.document)
            self.lines.write(self._held)
            self._held = []
        self.screen.show(self.words, self.ledger)
