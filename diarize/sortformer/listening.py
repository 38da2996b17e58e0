"""One recording heard piece by piece: `Listener.feed` is the loop, a chunk a turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from ...fusion.types import Samples
from ..arrays import Float32
from .mel import Mel, first_sample, ready_frames, whole_frames
from .memory import Memory, Pace, Piece, Room

STACK = 8
"""Mel frames in a frame of embeddings."""

Graph: TypeAlias = Callable[[Float32], Float32]


@dataclass(frozen=True, slots=True)
class Networks:
    """A loaded member of the family.

    mel: its front end.
    embed: mel [1, mels, 128] -> embeddings [1, ceil(mels / 8), dimension].
    step: embeddings [1, frames, dimension] -> speech [1, rows * frames, speakers], 0 to 1.
    room: how much it remembers.
    rows: of speech that it says of every frame.
    dimension: of an embedding. silence: what it has learnt of silence, float32 (dimension,), if it has.
    """

    mel: Mel
    embed: Graph
    step: Graph
    room: Room
    rows: int
    dimension: int
    silence: Float32 | None


class Listener:
    """Hears a recording as it comes, and says once and for all who speaks in each chunk.

    What is said does not depend on how the samples are cut into blocks.
    """

    def __init__(self, networks: Networks, pace: Pace) -> None:
        self._networks, self._pace = networks, pace
        self._memory = Memory.empty(networks.dimension, networks.silence)
        self._kept: Samples = np.zeros(0, np.float32)
        self._offset = self._heard = self._start = 0

    def feed(self, samples: Samples) -> Iterator[Float32]:
        """Take float32 samples at 16 kHz; for each chunk that is complete: float32 (rows * frames, speakers)."""
        self._kept = np.concatenate([self._kept, samples])
        self._heard += samples.size
        step = STACK * self._pace.chunk
        while self._start + step + STACK * self._pace.right <= ready_frames(self._heard):
            yield self._next(self._start + step, STACK * self._pace.right)

    def close(self) -> Iterator[Float32]:
        """The chunks that wait for what never came; one row for each `rows` of the last whole frames."""
        total = whole_frames(self._heard)
        while self._start < total:
            end = min(self._start + STACK * self._pace.chunk, total)
            yield self._next(end, min(STACK * self._pace.right, total - end))

    def _next(self, end: int, right: int) -> Float32:
        """Hear the chunk up to the mel frame `end`, and `right` more."""
        left = min(STACK * self._pace.left, self._start)
        mel = self._networks.mel(self._kept, self._start - left, end + right, self._offset)
        piece = Piece(self._embedded(mel), left // STACK, -(-right // STACK))
        speech = self._networks.step(self._memory.before(piece)[None])[0]
        rows, first = self._networks.rows, self._memory.frames + piece.left
        by_frame = speech.reshape(-1, rows, speech.shape[-1])
        self._memory = self._memory.after(piece, by_frame.mean(axis=1), self._networks.room, self._pace)
        count = -(-(end - self._start) * rows // STACK)
        self._go_on(end)
        said: Float32 = speech[first * rows : first * rows + count]
        return said

    def _embedded(self, mel: Float32) -> Float32:
        """Embeddings of a piece, which the network hears in whole frames."""
        whole = -(-len(mel) // STACK) * STACK if self._networks.rows > 1 else len(mel)
        embeddings: Float32 = self._networks.embed(np.pad(mel, ((0, whole - len(mel)), (0, 0)))[None])[0]
        return embeddings

    def _go_on(self, start: int) -> None:
        """Let go of the samples that no chunk from the mel frame `start` on needs."""
        self._start = start
        first = min(first_sample(max(start - STACK * self._pace.left, 0)), self._heard)
        self._kept, self._offset = self._kept[first - self._offset :].copy(), first
