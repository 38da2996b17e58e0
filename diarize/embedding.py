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
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain

import numpy as np

from ..fusion.types import Embedding, Samples
from ..fusion.watch import Advance
from .arrays import Bits, Flags, Float32, Int64
from .front_ends import FRONT_ENDS, FrontEnd
from .front_ends.kaldi import FRAME, HOP
from .gathering import in_parts
from .held import Handling, HeldFeatures, blocks
from .masks import active_speakers, embedding_masks
from .models.packs import Cut, ModelSet, Precision
from .runtime import Network, Runtime
from .stretches import Stretch, cut_stretches
from .windows import Windows


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
        return cls(
            FRONT_ENDS[network.front_end],
            runtime.network(models.graph("trunk", precision), bears_half=True),
            runtime.network(models.graph("pooling")),
            network.stride,
            network.dimension,
            network.cut,
            Handling.on(runtime) if runtime.device == "cuda" else None,
        )

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

        def some(chosen: Int64) -> Float32:
            bands = np.stack([self.front_end.features(windows.window(samples, window)) for window in chosen])
            features, masks = self.trunk.on_device(bands), embedding_masks(segmentations[chosen])
            pooled: Float32 = self.pooling.on_device(features, nearest(masks, features.shape()[2])).numpy()
            return pooled

        result, most = LocalEmbeddings.empty(segmentations, self.dimension), runtime.windows_a_call
        calls = [result.busy[first : first + most] for first in range(0, len(result.busy), most)]
        for chosen, pooled in zip(calls, runtime.map(partial(in_parts, some), calls), strict=True):
            for window, vectors in zip(chosen, pooled, strict=True):
                advance(result.put(window, vectors), len(result.busy))
        return result.embeddings

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

        def bands(stretch: Stretch) -> tuple[int, Float32]:
            piece = samples[stretch.first * HOP : (stretch.last - 1) * HOP + FRAME]
            if piece.size < FRAME:  # a stretch in the zeros behind the end
                piece = np.pad(piece, (0, FRAME - piece.size))
            return stretch.first // self.stride, self.front_end.features(piece)[None]

        cuts = cut_stretches(segmentations, windows, self.cut, multiple=self.stride)
        recent = self._recent(runtime, bands, cuts)
        result = LocalEmbeddings.empty(segmentations, self.dimension)
        looks = _Looks(self, recent, spans, np.full((len(spans), self.dimension), np.nan, np.float32))
        for window in result.busy:
            first, masks = _on_grid(segmentations[window], window, windows, self.stride)
            looks.until(first)
            advance(result.put(window, recent.pool(first, masks)), len(result.busy))
        looks.until(np.inf)
        return result.embeddings, looks.vectors

    def _recent(
        self, runtime: Runtime, bands: Callable[[Stretch], tuple[int, Float32]], cuts: Sequence[Stretch]
    ) -> _RecentFeatures | HeldFeatures:
        """Features of `cuts` as they are needed, where pooling wants them."""
        handling = self.handling
        if handling is None:
            hidden = runtime.staged(bands, lambda piece: (piece[0], self.trunk(piece[1])[0]), cuts)
            return _RecentFeatures(hidden, self.pooling, self.dimension)
        made = runtime.staged(
            lambda block: [bands(cut) for cut in block], partial(handling.through, self.trunk), blocks(cuts)
        )
        return HeldFeatures(chain.from_iterable(made), self.pooling, handling, self.dimension)

    def whole(self, samples: Samples) -> Embedding:
        """The embedding of all of `samples`, float32 (dimension,), not normalised."""
        hidden = self.trunk(self.front_end.features(samples)[None])
        weights = np.ones((1, 1, hidden.shape[2]), np.float32)
        embedding: Embedding = self.pooling(hidden, weights)[0, 0]
        return embedding


@dataclass(slots=True)
class _Looks:
    """Spans embedded in order of time, as the features under them come along."""

    embedder: TrunkEmbedder
    recent: _RecentFeatures | HeldFeatures
    spans: Sequence[Stretch]
    vectors: Float32
    done: int = 0

    def until(self, frame: float) -> None:
        """Embed the spans that are left and begin before trunk frame `frame`."""
        stride = self.embedder.stride
        while self.done < len(self.spans) and self.spans[self.done].first < frame * stride:
            span = self.spans[self.done]
            begin, end = span.first // stride, -(-span.last // stride)
            mask = np.ones((1, end - begin), np.float32)
            self.vectors[self.done] = self.recent.pool(begin, mask)[0]
            self.done += 1


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
