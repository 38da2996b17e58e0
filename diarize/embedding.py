"""Speaker embeddings pooled by masks: for each (window, local speaker), in two ways, and one of a whole voice.

`TrunkEmbedder.windows` is upstream's way: the network sees each 10 s window by
itself. Its trunk runs once a window and all three masks pool from it, where
upstream runs it three times; the numbers are the same.

`TrunkEmbedder.stretches` is the fast way: windows overlap tenfold, so each stretch of
speech goes through the trunk once and every window that overlaps it pools from
the same features. They differ from the window's own (other surroundings,
another mean removed); benchmarks/RESULTS.md has the price.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import TypeAlias

import numpy as np

from ..fusion.types import Embedding, Samples
from ..fusion.watch import Advance
from .arrays import Bits, Flags, Float32, Int64
from .front_ends import FRONT_ENDS, FrontEnd, centred
from .front_ends.kaldi import FRAME, HOP
from .held import USUAL_ROW, Handling, HeldFeatures, Name, PackedTrunk, Piece, Request, blocks
from .masks import active_speakers, embedding_masks
from .models.packs import Cut, ModelSet, Precision
from .packing import GAP
from .runtime import Network, Runtime
from .stretches import Stretch, cut_stretches
from .windows import Windows

_LITTLE = 100
"""Frames of a filterbank (1 s)."""
_Masks: TypeAlias = Callable[[int, int], Float32]
"""``masks(window, frames)``: of the window's local speakers, (masks, frames)."""
_Wanted: TypeAlias = tuple[int, int | None]
"""A window; or -1, and the number of a span."""


@dataclass(frozen=True, slots=True)
class TrunkEmbedder:
    """An embedding network in two graphs, and how it wants to be fed.

    front_end: what becomes of samples first.
    trunk: ``[batch, frames, 80]`` features -> ``[batch, channels, frames / stride]``.
    pooling: trunk features and weights ``[batch, masks, frames / stride]`` -> ``[batch, masks, dimension]``.
    stride: feature frames (10 ms) in a frame of the trunk.
    cut: how speech is cut into stretches for it.
    handling: of features that stay on the device between the two graphs; None where the host has them anyway.
    """

    front_end: FrontEnd
    trunk: Network
    pooling: Network
    stride: int
    dimension: int
    cut: Cut
    handling: Handling | None = None

    @classmethod
    def of(cls, models: ModelSet, runtime: Runtime, precision: Precision = "float32") -> TrunkEmbedder:
        """The pack's embedder, its trunk in `precision`; pooling squares and subtracts, and stays float32."""
        network = models.pack.embedding
        pooling = runtime.network(models.graph("pooling"))
        parts = pooling, network.stride, network.dimension, network.cut
        front_end = FRONT_ENDS[network.front_end]
        if runtime.device != "cuda":
            return cls(front_end, runtime.network(models.graph("trunk", precision), bears_half=True), *parts)
        trunk = PackedTrunk(models.graph("trunk"), runtime, network.stride, precision)
        return cls(front_end, trunk, *parts, Handling.on(runtime, trunk, pooling))

    def windows(
        self, samples: Samples, windows: Windows, segmentations: Bits, runtime: Runtime, advance: Advance
    ) -> Float32:
        """Embed every active local speaker of every window, the network seeing that window alone.

        Args:
            samples: float32 (num_samples,), 16 kHz.
            windows: how the recording is cut.
            segmentations: 0 or 1, (windows, frames, local speakers).
            runtime: how many windows are computed at once.
            advance: told after every window; raises if the caller cancelled.

        Returns:
            float32 (windows, local speakers, dimension), NaN where a local speaker is silent.
        """

        def bands(window: int) -> Float32:
            return self.front_end.features(windows.window(samples, window))[None]

        def masks(window: int, frames: int) -> Float32:
            return nearest(embedding_masks(segmentations[window][None])[0], frames)

        length = (windows.window_samples - FRAME) // HOP + 1
        result = LocalEmbeddings.empty(segmentations, self.dimension)
        for window, vectors in self._windows(runtime, result.busy.tolist(), bands, masks, length):
            advance(result.put(window, vectors), len(result.busy))
        return result.embeddings

    def _windows(
        self, runtime: Runtime, busy: Sequence[int], bands: Callable[[int], Float32], masks: _Masks, length: int
    ) -> Iterator[tuple[int, Float32]]:
        """Each of the windows `busy` with what is pooled from features of it alone; length: of its filterbank."""
        handling = self.handling
        if handling is None:

            def one(window: int) -> tuple[int, Float32]:
                features = self.trunk.on_device(bands(window))
                pooled: Float32 = self.pooling.on_device(features, masks(window, features.shape()[2])[None]).numpy()[0]
                return window, pooled

            yield from runtime.map(one, busy)
            return
        # In rows, as if each began where the one before it has ended.
        frames = -(-length // self.stride)
        together = USUAL_ROW // (frames * self.stride + GAP)
        some = (range(first, min(first + together, len(busy))) for first in range(0, len(busy), together))
        places = runtime.staged(lambda part: [(n * frames, bands(busy[n])) for n in part], handling.trunk.through, some)
        held = HeldFeatures(chain.from_iterable(places), handling, self.dimension, nothing=True)
        yield from held.pooled((window, n * frames, masks(window, frames)) for n, window in enumerate(busy))

    def stretches(
        self,
        samples: Samples,
        windows: Windows,
        segmentations: Bits,
        spans: Sequence[Stretch],
        runtime: Runtime,
        advance: Advance,
    ) -> tuple[Float32, Float32]:
        """Embed every active local speaker of every window, and spans, from features computed once a stretch.

        Args: as `windows`; `spans` are in order of time, do not overlap, and
            begin at multiples of `stride`.

        Returns:
            float32 (windows, local speakers, dimension), NaN where a local speaker
            is silent or none of its frames lies in a stretch; and float32 (spans,
            dimension), NaN where a span lies in no stretch.
        """
        cuts = cut_stretches(segmentations, windows, self.cut, multiple=self.stride)
        result = LocalEmbeddings.empty(segmentations, self.dimension)
        looks = np.full((len(spans), self.dimension), np.nan, np.float32)
        requests = self._requests(segmentations, windows, result.busy.tolist(), spans)
        for (window, span), vectors in self._recent(samples, runtime, cuts).pooled(requests):
            if span is not None:
                looks[span] = vectors[0]
            else:
                advance(result.put(window, vectors), len(result.busy))
        return result.embeddings, looks

    def _requests(
        self, segmentations: Bits, windows: Windows, busy: Iterable[int], spans: Sequence[Stretch]
    ) -> Iterator[Request[_Wanted]]:
        """What is pooled, in order of where it begins: the masks of windows, and all of each span."""
        waiting = deque(enumerate(spans))

        def until(frame: float) -> Iterator[Request[_Wanted]]:
            while waiting and waiting[0][1].first < frame * self.stride:
                number, span = waiting.popleft()
                begin, end = span.first // self.stride, -(-span.last // self.stride)
                yield (-1, number), begin, np.ones((1, end - begin), np.float32)

        for window in busy:
            first, masks = _on_grid(segmentations[window], window, windows, self.stride)
            yield from until(first)
            yield (window, None), first, masks
        yield from until(np.inf)

    def _recent(self, samples: Samples, runtime: Runtime, cuts: Sequence[Stretch]) -> _RecentFeatures | HeldFeatures:
        """Features of `cuts` as they are needed, where pooling wants them."""
        handling, bands = self.handling, partial(self._bands, samples)
        if handling is None:
            hidden = runtime.staged(bands, lambda piece: (piece[0], self.trunk(piece[1])[0]), cuts)
            return _RecentFeatures(hidden, self.pooling, self.dimension)
        places = runtime.staged(partial(self._bands_of_all, samples), handling.trunk.through, blocks(cuts))
        return HeldFeatures(chain.from_iterable(places), handling, self.dimension)

    def _bands(self, samples: Samples, stretch: Stretch) -> Piece:
        piece = samples[stretch.first * HOP : (stretch.last - 1) * HOP + FRAME]
        if piece.size < FRAME:  # a stretch in the zeros behind the end
            piece = np.pad(piece, (0, FRAME - piece.size))
        return stretch.first // self.stride, self.front_end.features(piece)[None]

    def _bands_of_all(self, samples: Samples, block: Sequence[Stretch]) -> list[Piece]:
        """The same of several, in one go where that gives the same: so many short ones cost more than a long one."""
        energies, pieces = self.front_end.energies, list[Piece]()
        if energies is None:
            return [self._bands(samples, stretch) for stretch in block]
        for run in _runs(block):
            first = run[0].first
            found = energies(samples[first * HOP : (run[-1].last - 1) * HOP + FRAME])
            for stretch in run:
                part = found[stretch.first - first : stretch.last - first]
                whole = (stretch.first // self.stride, centred(part)[None]) if len(part) else None
                pieces.append(whole or self._bands(samples, stretch))
        return pieces

    def whole(self, samples: Samples) -> Embedding:
        """The embedding of all of `samples`, float32 (dimension,), not normalised."""
        hidden = self.trunk(self.front_end.features(samples)[None])
        weights = np.ones((1, 1, hidden.shape[2]), np.float32)
        embedding: Embedding = self.pooling(hidden, weights)[0, 0]
        return embedding


def _runs(stretches: Sequence[Stretch]) -> Iterator[Sequence[Stretch]]:
    """Stretches between which nothing, or little, lies."""
    begin = 0
    for number in range(1, len(stretches) + 1):
        if number == len(stretches) or stretches[number].first - stretches[number - 1].last > _LITTLE:
            yield stretches[begin:number]
            begin = number


def nearest(masks: Float32, frames: int) -> Float32:
    """Resample masks (..., n) to (..., frames) as torch's ``interpolate(mode="nearest")`` does."""
    index = (np.arange(frames) * (masks.shape[-1] / frames)).astype(np.intp)
    resampled: Float32 = masks[..., np.minimum(index, masks.shape[-1] - 1)]
    return resampled


def _on_grid(segmentation: Bits, window: int, windows: Windows, stride: int) -> tuple[int, Float32]:
    """A window's masks on the recording's grid of trunk frames: the first such frame, and (masks, frames)."""
    begin, length = window * windows.step_samples, windows.window_samples
    hop = HOP * stride
    first = -(-begin // hop)
    into = np.arange(first, -(-(begin + length) // hop)) * hop - begin
    masks = embedding_masks(segmentation[None])[0]
    return first, np.ascontiguousarray(masks[:, into * masks.shape[1] // length])


@dataclass(slots=True)
class LocalEmbeddings:
    """Embeddings as they are filled in, window by window."""

    embeddings: Float32
    active: Flags
    busy: Int64
    done: int = 0

    @classmethod
    def empty(cls, segmentations: Bits, dimension: int) -> LocalEmbeddings:
        """Nothing yet: NaN for everybody."""
        active = active_speakers(segmentations)
        embeddings = np.full((*active.shape, dimension), np.nan, np.float32)
        return cls(embeddings, active, np.flatnonzero(active.any(axis=1)))

    def put(self, window: int, pooled: Float32) -> int:
        """Keep the embeddings of the window's active speakers; returns how many windows are done."""
        self.embeddings[window, self.active[window]] = pooled[self.active[window]]
        self.done += 1
        return self.done


@dataclass(slots=True)
class _RecentFeatures:
    """Features of the last few stretches, drawn from `source` as they are needed."""

    source: Iterator[tuple[int, Float32]]
    pooling: Network
    dimension: int
    held: deque[tuple[int, Float32]] = field(default_factory=deque)

    def pooled(self, requests: Iterable[Request[Name]]) -> Iterator[tuple[Name, Float32]]:
        """The embeddings (masks, dimension) of each of `requests`, in order of where they begin; see `pool`."""
        for name, first, masks in requests:
            yield name, self.pool(first, masks)

    def pool(self, first: int, masks: Float32) -> Float32:
        """Embeddings (masks, dimension) of `masks` (masks, frames) from trunk frame `first` on; NaN for empty ones."""
        features, known = self.take(first, masks.shape[1])
        masks = masks * known
        if not known.any():
            return np.full((len(masks), self.dimension), np.nan, np.float32)
        pooled: Float32 = self.pooling(features[None], masks[None])[0]
        pooled[~masks.any(axis=1)] = np.nan
        return pooled

    def take(self, first: int, length: int) -> tuple[Float32, Flags]:
        """Features (channels, length) from trunk frame `first` on, and which of the frames are known.

        Calls must come in order of `first`; unknown frames are zero.
        """
        self._draw(first + length)
        while self.held and _end(self.held[0]) <= first:
            self.held.popleft()
        channels = self.held[0][1].shape[0] if self.held else 1
        features, known = np.zeros((channels, length), np.float32), np.zeros(length, np.bool_)
        for begin, part in self.held:
            low, high = max(begin, first), min(begin + part.shape[1], first + length)
            if low < high:
                features[:, low - first : high - first] = part[:, low - begin : high - begin]
                known[low - first : high - first] = True
        return features, known

    def _draw(self, until: int) -> None:
        while not self.held or _end(self.held[-1]) < until:
            drawn = next(self.source, None)
            if drawn is None:
                return
            self.held.append(drawn)


def _end(part: tuple[int, Float32]) -> int:
    return part[0] + len(part[1].T)
