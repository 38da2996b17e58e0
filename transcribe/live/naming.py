"""Names of enrolled voices while they are heard; only on the machine where they are enrolled."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np

from ...diarize.live.events import SpeakerNamed
from ...fusion.types import SAMPLE_RATE, Turn

if TYPE_CHECKING:
    from ...fusion.naming.match import Naming
    from ...fusion.types import Samples, Seconds

RECENT: Seconds = 60.0
EVERY: Seconds = 10.0
"""So often the last minute's voices are compared, while one of them has no name yet."""


class Names(Protocol):
    """Whose voices they are; `transcribe.voices.namer.Namer` is one."""

    def names(self, samples: Samples, turns: Sequence[Turn]) -> tuple[dict[str, str], tuple[Naming, ...]]:
        """Names by label, and why."""
        ...


@dataclass(slots=True)
class LiveNaming:
    """Keeps the last minute of sound, and says whose voices are in it."""

    namer: Names
    _blocks: deque[Samples] = field(default_factory=deque)
    _kept: int = 0
    _heard: int = 0
    _next: int = round(EVERY * SAMPLE_RATE)

    def hear(self, samples: Samples, turns: Sequence[Turn], names: Mapping[str, str]) -> list[SpeakerNamed]:
        """Take the next samples, 16 kHz.

        Args:
            samples: as they stand in the recording, without what came in a pause.
            turns: of now.
            names: by label, as said so far.

        Returns:
            What is new: a label's first name, or another one.
        """
        self._blocks.append(samples)
        self._kept, self._heard = self._kept + len(samples), self._heard + len(samples)
        while self._kept - len(self._blocks[0]) >= RECENT * SAMPLE_RATE:
            self._kept -= len(self._blocks.popleft())
        if self._heard < self._next:
            return []
        self._next = self._heard + round(EVERY * SAMPLE_RATE)
        start, end = (self._heard - self._kept) / SAMPLE_RATE, self._heard / SAMPLE_RATE
        near = [turn for turn in turns if turn.end > start and turn.start < end]
        inside = [Turn(max(t.start, start) - start, min(t.end, end) - start, t.speaker) for t in near]
        if all(turn.speaker in names for turn in inside):
            return []
        found, _ = self.namer.names(np.concatenate(self._blocks), inside)
        return [SpeakerNamed(label, name) for label, name in sorted(found.items()) if names.get(label) != name]
