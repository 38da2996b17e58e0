"""The running answer of whoever hears the events of a live diarizer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from ...fusion.types import Seconds
from .events import (
    Committed,
    Done,
    Event,
    SpeakerNamed,
    SpeakersMerged,
    TurnEnded,
    TurnExtended,
    TurnRevised,
    TurnStarted,
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A turn as it was said last; `speaker` None: a voice that is not told yet. over: it goes on no more."""

    turn: int
    start: Seconds
    end: Seconds
    speaker: str | None
    over: bool = False


@dataclass(slots=True)
class Ledger:
    """Applies events, in order.

    committed: up to where turns stay as they are until `done`, but for speakers who are merged. names: of speakers,
        where some were said. done: the last event, once it came; then `entries` are the final turns.
    """

    committed: Seconds = 0.0
    names: dict[str, str] = field(default_factory=dict)
    done: Done | None = None
    _turns: dict[int, Entry] = field(default_factory=dict)

    @property
    def entries(self) -> list[Entry]:
        """Every turn, in order of their beginnings."""
        return sorted(self._turns.values(), key=lambda entry: (entry.start, entry.end, entry.turn))

    def apply(self, events: Iterable[Event]) -> None:
        """Take what was said."""
        for event in events:
            self._apply(event)

    def _apply(self, event: Event) -> None:
        match event:
            case TurnStarted():
                self._turns[event.turn] = Entry(event.turn, event.start, event.end, event.speaker)
            case TurnExtended() | TurnEnded():
                over = isinstance(event, TurnEnded)
                self._turns[event.turn] = replace(self._turns[event.turn], end=event.end, over=over)
            case TurnRevised():
                self._revise(event)
            case SpeakersMerged():
                gone = (entry for entry in list(self._turns.values()) if entry.speaker == event.gone)
                self._turns |= {entry.turn: replace(entry, speaker=event.into) for entry in gone}
            case SpeakerNamed():
                self.names[event.speaker] = event.name
            case Committed():
                self.committed = event.until
            case Done():
                self._finish(event)

    def _revise(self, event: TurnRevised) -> None:
        if event.end <= event.start:
            del self._turns[event.turn]
        else:
            entry = self._turns[event.turn]
            self._turns[event.turn] = replace(entry, start=event.start, end=event.end, speaker=event.speaker)

    def _finish(self, event: Done) -> None:
        self.done, self.committed = event, event.duration
        turns = (Entry(place, t.start, t.end, t.speaker, over=True) for place, t in enumerate(event.turns))
        self._turns = {entry.turn: entry for entry in turns}
        self.names = {event.speakers[old]: name for old, name in self.names.items() if old in event.speakers}
