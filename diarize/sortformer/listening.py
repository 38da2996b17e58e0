"""One recording heard piece by piece: `Listener.feed` is the loop, a chunk a turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from ...fusion.errors import CorruptModelError
from ...fusion.types import Samples
from ..arrays import Float32
from .mel import Mel, first_sample, ready_frames, whole_frames
from .memory import Memory, Pace, Piece, Room

STACK = 8
"""Mel frames in a frame of embeddings."""

Graph: TypeAlias = Callable[[Float32], Float32]
Hear: TypeAlias = Callable[[Float32, Float32, Float32], tuple[Float32, Float32]]
"""Cache and FIFO, each (frames, dimension), and mel (mels, 128) -> the mel's embeddings, (ceil(mels / 8), dimension),
and speech, 0 to 1, (rows * all frames, speakers)."""


@dataclass(frozen=True, slots=True)
class Networks:
    """A loaded member of the family.

    mel: its front end.
    hear: what is remembered and a piece of the front end's, heard together; whole frames only where `rows` is above 1.
    room: how much it remembers.
    rows: of speech that it says of every frame.
    dimension: of an embedding. silence: what it has learnt of silence, float32 (dimension,), if it has.
    """

    mel: Mel
    hear: Hear
    room: Room
    rows: int
    dimension: int
    silence: Float32 | None


def two_graphs(embed: Graph, step: Graph) -> Hear:
    """Hear with a graph of mel [1, mels, 128] and one of embeddings [1, frames, dimension]."""

    def hear(cache: Float32, fifo: Float32, mel: Float32) -> tuple[Float32, Float32]:
        embeddings = embed(mel[None])[0]
        return embeddings, step(np.concatenate([cache, fifo, embeddings])[None])[0]

    return hear


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
        embeddings, speech = self._networks.hear(self._memory.cache, self._memory.fifo, self._whole(mel))
        if not (np.isfinite(speech).all() and np.isfinite(embeddings).all()):
            raise CorruptModelError("The network says NaN of the recording: its weights are damaged, fetch it again.")
        piece = Piece(embeddings, left // STACK, -(-right // STACK))
        rows, first = self._networks.rows, self._memory.frames + piece.left
        by_frame = speech.reshape(-1, rows, speech.shape[-1])
        self._memory = self._memory.after(piece, by_frame.mean(axis=1), self._networks.room, self._pace)
        count = -(-(end - self._start) * rows // STACK)
        self._go_on(end)
        said: Float32 = speech[first * rows : first * rows + count]
        return said

    def _whole(self, mel: Float32) -> Float32:
        """A piece in whole frames, where the network hears it so."""
        whole = -(-len(mel) // STACK) * STACK if self._networks.rows > 1 else len(mel)
        return np.pad(mel, ((0, whole - len(mel)), (0, 0)))

    def _go_on(self, start: int) -> None:
        """Let go of the samples that no chunk from the mel frame `start` on needs."""
        self._start = start
        first = min(first_sample(max(start - STACK * self._pace.left, 0)), self._heard)
        self._kept, self._offset = self._kept[first - self._offset :].copy(), first
