"""What a live diarizer says, as it says it; `to_json` gives each as the JSON that events.schema.json describes.

Times are seconds of the recording. A turn has a number of its own that never
changes, a speaker a label that is never given to anybody else. Whoever keeps
the last that was said of each turn has the running answer (`ledger.Ledger` does):

* a turn that is revised to end where it begins is taken back;
* where speakers are merged, all turns of the one that is gone are the other's;
* behind what is committed nothing changes any more before `Done`, but that speakers are merged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import Any, TypeAlias

from ...fusion.types import Seconds, Turn


@dataclass(frozen=True, slots=True)
class TurnStarted:
    """Somebody speaks from `start`, so far to `end`; `speaker` None: a voice that is not told yet (provisional)."""

    turn: int
    start: Seconds
    end: Seconds
    speaker: str | None


@dataclass(frozen=True, slots=True)
class TurnExtended:
    """The turn goes on to `end`."""

    turn: int
    end: Seconds


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """The turn is over, at `end`."""

    turn: int
    end: Seconds


@dataclass(frozen=True, slots=True)
class TurnRevised:
    """What holds of the turn from now on. Where `end` is `start` there was none."""

    turn: int
    start: Seconds
    end: Seconds
    speaker: str | None


@dataclass(frozen=True, slots=True)
class SpeakersMerged:
    """`gone` turned out to be `into`; its label is not used again."""

    gone: str
    into: str


@dataclass(frozen=True, slots=True)
class SpeakerNamed:
    """Whose voice it is, by the voices enrolled on this machine; no server says it."""

    speaker: str
    name: str


@dataclass(frozen=True, slots=True)
class Committed:
    """What was told up to here stays until `Done`; only labels that turn out to be one voice are merged."""

    until: Seconds


@dataclass(frozen=True, slots=True)
class Gap:
    """Nothing came from `start` to `end`, and stands in the recording as silence."""

    start: Seconds
    end: Seconds
    why: str


@dataclass(frozen=True, slots=True)
class Paused:
    """The recording stands still at `at`."""

    at: Seconds
    why: str


@dataclass(frozen=True, slots=True)
class Resumed:
    """It goes on."""

    at: Seconds


@dataclass(frozen=True, slots=True)
class Done:
    """The answer, which is the offline one.

    turns: of the whole recording. speakers: the label in `turns` of each label that was used on the way; those
        whose speech is nobody's in the end are left out.
    """

    duration: Seconds
    turns: tuple[Turn, ...]
    speakers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), hash=False)


Event: TypeAlias = (
    TurnStarted
    | TurnExtended
    | TurnEnded
    | TurnRevised
    | SpeakersMerged
    | SpeakerNamed
    | Committed
    | Gap
    | Paused
    | Resumed
    | Done
)

KINDS: Mapping[type, str] = MappingProxyType(
    {
        TurnStarted: "turn.started",
        TurnExtended: "turn.extended",
        TurnEnded: "turn.ended",
        TurnRevised: "turn.revised",
        SpeakersMerged: "speakers.merged",
        SpeakerNamed: "speaker.named",
        Committed: "committed",
        Gap: "gap",
        Paused: "paused",
        Resumed: "resumed",
        Done: "done",
    }
)


def to_json(event: Event) -> dict[str, Any]:
    """The event as JSON's types, under its ``type``.

    >>> to_json(TurnExtended(3, 1.5))
    {'type': 'turn.extended', 'turn': 3, 'end': 1.5}
    """
    body = asdict(event) if not isinstance(event, Done) else _done(event)
    return {"type": KINDS[type(event)], **body}


def _done(event: Done) -> dict[str, Any]:
    turns = [asdict(turn) for turn in event.turns]
    return {"duration": event.duration, "turns": turns, "speakers": dict(event.speakers)}
