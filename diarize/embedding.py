"""Speaker embeddings: one for each (window, local speaker), in two ways.

``embed_windows`` is upstream's way: the network sees each 10 s window by
itself. Its trunk runs once a window and all three masks pool from it, where
upstream runs it three times; the numbers are the same.

``embed_stretches`` is the fast way: windows overlap tenfold, so each stretch of
speech goes through the trunk once and every window that overlaps it pools from
the same features. They differ from the window's own (other surroundings,
another mean removed); benchmarks/RESULTS.md has the price.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ..fusion.types import Samples
from ..fusion.watch import Advance
from .fbank import FRAME, HOP, fbank
from .masks import active_speakers, embedding_masks
from .runtime import Runtime, Session
from .stretches import Stretch
from .windows import Windows

Floats = npt.NDArray[np.float32]
Bits = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Embedder:
    """An embedding network in two graphs.

    trunk: ``[batch, frames, 80]`` filterbank, mean removed -> ``[batch, channels, frames / stride]``.
    pooling: features and weights ``[batch, masks, frames / stride]`` -> ``[batch, masks, dimension]``.
    """

    trunk: Session
    pooling: Session
    stride: int
    dimension: int


def embed_windows(
    samples: Samples, windows: Windows, segmentations: Bits, embedder: Embedder, runtime: Runtime, advance: Advance
) -> Floats:
    """Embed every active local speaker of every window, the network seeing that window alone.

    Args:
        samples: float32 (num_samples,), 16 kHz.
        windows: how the recording is cut.
        segmentations: 0 or 1, (windows, frames, local speakers).
        embedder: the network.
        runtime: how many windows are computed at once.
        advance: told after every window; raises if the caller cancelled.

    Returns:
        float32 (windows, local speakers, dimension), NaN where a local speaker is silent.
    """

    def one(window: int) -> Floats:
        features = embedder.trunk.on_device(_normalised(windows.window(samples, window)))
        masks = embedding_masks(segmentations[window : window + 1])
        pooled: Floats = embedder.pooling.on_device(features, nearest(masks, features.shape()[2])).numpy()[0]
        return pooled

    result = _Result.empty(segmentations, embedder.dimension)
    for window, pooled in zip(result.busy, runtime.map(one, result.busy), strict=True):
        advance(result.put(window, pooled), len(result.busy))
    return result.embeddings


def embed_stretches(
    samples: Samples,
    windows: Windows,
    segmentations: Bits,
    stretches: Sequence[Stretch],
    spans: Sequence[Stretch],
    embedder: Embedder,
    runtime: Runtime,
    advance: Advance,
) -> tuple[Floats, Floats]:
    """Embed every active local speaker of every window, and spans, from features computed once a stretch.

    Args: as `embed_windows`; `stretches` and `spans` are each in order of time
        and do not overlap.

    Returns:
        float32 (windows, local speakers, dimension), NaN where a local speaker
        is silent or none of its frames lies in a stretch; and float32 (spans,
        dimension), NaN where a span lies in no stretch.
    """

    def features_of(stretch: Stretch) -> tuple[int, Floats]:
        piece = samples[stretch.first * HOP : (stretch.last - 1) * HOP + FRAME]
        if piece.size < FRAME:  # a stretch in the zeros behind the end
            piece = np.pad(piece, (0, FRAME - piece.size))
        return stretch.first // embedder.stride, embedder.trunk(_normalised(piece))[0]

    timeline = _Timeline(runtime.map(features_of, stretches))
    result = _Result.empty(segmentations, embedder.dimension)
    vectors = np.full((len(spans), embedder.dimension), np.nan, np.float32)

    def look_at_spans(first: int, until: float) -> int:
        """Embed the spans from number `first` on that begin before trunk frame `until`; returns the next number."""
        while first < len(spans) and spans[first].first < until * embedder.stride:
            begin, end = spans[first].first // embedder.stride, -(-spans[first].last // embedder.stride)
            vectors[first] = _pool(timeline, begin, np.ones((1, end - begin), np.float32), embedder)[0]
            first += 1
        return first

    looked = 0
    for window in result.busy:
        first, masks = _on_grid(segmentations[window], window, windows, embedder.stride)
        looked = look_at_spans(looked, first)
        advance(result.put(window, _pool(timeline, first, masks, embedder)), len(result.busy))
    look_at_spans(looked, np.inf)
    return result.embeddings, vectors


def _pool(timeline: _Timeline, first: int, masks: Floats, embedder: Embedder) -> Floats:
    """Embeddings (masks, dimension) of `masks` (masks, frames) from trunk frame `first` on; NaN for an empty mask."""
    features, known = timeline.take(first, masks.shape[1])
    masks = masks * known
    if not known.any():
        return np.full((len(masks), embedder.dimension), np.nan, np.float32)
    pooled: Floats = embedder.pooling(features[None], masks[None])[0]
    pooled[~masks.any(axis=1)] = np.nan
    return pooled


def nearest(masks: Floats, frames: int) -> Floats:
    """Resample masks (..., n) to (..., frames) as torch's ``interpolate(mode="nearest")`` does."""
    index = (np.arange(frames) * (masks.shape[-1] / frames)).astype(np.intp)
    resampled: Floats = masks[..., np.minimum(index, masks.shape[-1] - 1)]
    return resampled


def _normalised(samples: Samples) -> Floats:
    """Filterbank with its mean over time removed, as a batch of one."""
    features = fbank(samples)
    centred: Floats = features - features.mean(axis=0)
    return centred[None]


def _on_grid(segmentation: Bits, window: int, windows: Windows, stride: int) -> tuple[int, Floats]:
    """A window's masks on the recording's grid of trunk frames: the first such frame, and (masks, frames)."""
    begin, length = window * windows.step_samples, windows.window_samples
    hop = HOP * stride
    first = -(-begin // hop)
    into = np.arange(first, -(-(begin + length) // hop)) * hop - begin
    masks = embedding_masks(segmentation[None])[0]
    return first, np.ascontiguousarray(masks[:, into * masks.shape[1] // length])


@dataclass(slots=True)
class _Result:
    """Embeddings as they are filled in, window by window."""

    embeddings: Floats
    active: npt.NDArray[np.bool_]
    busy: npt.NDArray[np.int64]
    done: int = 0

    @classmethod
    def empty(cls, segmentations: Bits, dimension: int) -> _Result:
        active = active_speakers(segmentations)
        embeddings = np.full((*active.shape, dimension), np.nan, np.float32)
        return cls(embeddings, active, np.flatnonzero(active.any(axis=1)))

    def put(self, window: int, pooled: Floats) -> int:
        """Keep the embeddings of the window's active speakers; returns how many windows are done."""
        self.embeddings[window, self.active[window]] = pooled[self.active[window]]
        self.done += 1
        return self.done


@dataclass(slots=True)
class _Timeline:
    """Features of the last few stretches, drawn from `source` as they are needed."""

    source: Iterator[tuple[int, Floats]]
    held: deque[tuple[int, Floats]] = field(default_factory=deque)

    def take(self, first: int, length: int) -> tuple[Floats, npt.NDArray[np.bool_]]:
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


def _end(part: tuple[int, Floats]) -> int:
    return part[0] + len(part[1].T)
