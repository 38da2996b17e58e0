"""Features of stretches that stay on the device: only masks go there, and only embeddings come back.

The host's way (`embedding.RecentFeatures`) cuts each window out of the features; a device's values cannot be cut from
Python. So whole stretches are joined there, and masks are zero wherever the window is not: the same sums, with zeros
between, which may move a result's last bits.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .arrays import Float32
from .models.graph import Graph
from .runtime import Network, Runtime, Session


def joining_network(runtime: Runtime) -> Session:
    """Two features [1, channels, a] and [1, channels, b] on the device -> [1, channels, a + b]."""
    graph = Graph("joining")
    sides = [graph.input(name, (1, "channels", f"{name}_frames")) for name in ("first", "second")]
    joined = graph.model(graph.op("Concat", *sides, axis=2), "joined", (1, "channels", "frames"))
    return runtime.session(joined.SerializeToString())


@dataclass(slots=True)
class HeldFeatures:
    """The last few stretches, drawn from `source` as they are needed.

    source: the trunk frame that a stretch begins at, and its features on the device, [1, channels, frames].
    pooling: features and masks -> embeddings. joining: see `joining_network`.
    dimension: numbers in an embedding.
    """

    source: Iterator[tuple[int, Any]]
    pooling: Network
    joining: Network
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
            features = self.joining.on_device(features, other)
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
