"""Features of stretches that stay on the device: only masks go there, and only embeddings come back.

Stretches of one length go through the trunk in one call: they are short, and a GPU is as soon done with many.

On the host (`diarize.embedding`) each window is cut out of the features; a device's values cannot be cut from Python.
So whole stretches are joined there, and masks are zero wherever the window is not: the same sums, with zeros between,
which may move a result's last bits.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from ..fusion.errors import LowMemoryError
from .arrays import Float32
from .models.graph import Graph
from .runtime import Network, Runtime
from .stretches import Stretch

Piece: TypeAlias = tuple[int, Float32]
"""The trunk frame that a stretch begins at, and its filterbank, [1, frames, 80]."""

_INT64 = 7  # of onnx.TensorProto
_ROWS = 32
_BLOCK = 30_000  # frames of a filterbank


@dataclass(frozen=True, slots=True)
class Handling:
    """What is done with features on the device.

    join: [1, channels, a] and [1, channels, b] -> [1, channels, a + b].
    take: [batch, channels, frames] and the number of a row [1] -> [1, channels, frames].
    """

    join: Network
    take: Network

    @classmethod
    def on(cls, runtime: Runtime) -> Handling:
        """Both, on the runtime's device."""
        join, take = Graph("join"), Graph("take")
        sides = [join.input(name, (1, "channels", f"{name}_frames")) for name in ("first", "second")]
        joined = join.model(join.op("Concat", *sides, axis=2), "joined", (1, "channels", "frames"))
        rows, row = take.input("rows", ("batch", "channels", "frames")), take.input("row", (1,))
        picked = take.op("Gather", rows, take.op("Cast", row, to=_INT64), axis=0)
        taken = take.model(picked, "taken", (1, "channels", "frames"))
        return cls(*(runtime.session(model.SerializeToString()) for model in (joined, taken)))

    def through(self, trunk: Network, pieces: Sequence[Piece]) -> list[tuple[int, Any]]:
        """What `trunk` makes of each of `pieces`, on the device; see `HeldFeatures`."""
        alike: dict[int, list[int]] = {}
        for number, (_, bands) in enumerate(pieces):
            alike.setdefault(bands.shape[1], []).append(number)
        found: dict[int, Any] = {}
        for numbers in alike.values():
            for first in range(0, len(numbers), _ROWS):
                some = numbers[first : first + _ROWS]
                found |= zip(some, self._values(trunk, [pieces[number][1] for number in some]), strict=True)
        return [(begin, found[number]) for number, (begin, _) in enumerate(pieces)]

    def _values(self, trunk: Network, bands: Sequence[Float32]) -> list[Any]:
        """Features of pieces of one length: in one call, or in halves where there is no room for all at once."""
        try:
            together = trunk.on_device(np.concatenate(bands))
            if len(bands) == 1:
                return [together]
            return [self.take.on_device(together, np.array([row], np.float32)) for row in range(len(bands))]
        except LowMemoryError:
            if len(bands) == 1:
                raise
        half = len(bands) // 2
        return self._values(trunk, bands[:half]) + self._values(trunk, bands[half:])


def blocks(cuts: Iterable[Stretch]) -> Iterator[list[Stretch]]:
    """Stretches in order, as many together as last five minutes."""
    block: list[Stretch] = []
    frames = 0
    for cut in cuts:
        frames += cut.last - cut.first
        if block and frames > _BLOCK:
            yield block
            block, frames = [], cut.last - cut.first
        block.append(cut)
    if block:
        yield block


@dataclass(slots=True)
class HeldFeatures:
    """The last few stretches, drawn from `source` as they are needed.

    source: the trunk frame that a stretch begins at, and its features on the device, [1, channels, frames].
    pooling: features and masks -> embeddings. handling: of features on the device.
    dimension: numbers in an embedding.
    """

    source: Iterator[tuple[int, Any]]
    pooling: Network
    handling: Handling
    dimension: int
    held: deque[tuple[int, int, Any]] = field(default_factory=deque)

    def pool(self, first: int, masks: Float32) -> Float32:
        """Embeddings (masks, dimension) of `masks` (masks, frames) from trunk frame `first` on; NaN for an empty mask.

        Calls must come in order of `first`.
        """
        last = first + masks.shape[1]
        self._draw(last)
        while self.held and self.held[0][1] <= first:
            self.held.popleft()
        under = [part for part in self.held if part[0] < last]
        weights = [_placed(masks, first, begin, end) for begin, end, _ in under]
        if not under:
            return np.full((len(masks), self.dimension), np.nan, np.float32)
        features, *others = (value for _, _, value in under)
        for other in others:
            features = self.handling.join.on_device(features, other)
        together = np.concatenate(weights, axis=1)
        pooled: Float32 = np.array(self.pooling.on_device(features, together[None]).numpy()[0])
        pooled[~together.any(axis=1)] = np.nan
        return pooled

    def _draw(self, until: int) -> None:
        while not self.held or self.held[-1][1] < until:
            drawn = next(self.source, None)
            if drawn is None:
                return
            begin, value = drawn
            self.held.append((begin, begin + value.shape()[2], value))


def _placed(masks: Float32, first: int, begin: int, end: int) -> Float32:
    """What masks from frame `first` on say of the frames from `begin` to `end`, zero beyond them."""
    low, high = max(begin, first), min(end, first + masks.shape[1])
    placed = np.zeros((len(masks), end - begin), np.float32)
    placed[:, low - begin : high - begin] = masks[:, low - first : high - first]
    return placed
