"""From embeddings to speakers: which local speaker of which window is whom.

`cluster` is the whole of it, whichever way a pack learns its centroids
(`vbx_centroids` is upstream's): `SpeakerCount` says how many speakers the
caller allows, `hard_clusters` gives every local speaker to a centroid, and
`force_count` finds exactly so many centroids.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from ..fusion.types import SpeakerCount
from . import ahc
from .arrays import AnyFloat, Bits, Flags, Float64, Int32, Int64, Labels, Pairs
from .kmeans import kmeans
from .masks import active_speakers, finite, training_pairs
from .plda import Plda, unit_length
from .vbx import cluster_vbx

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ..fusion.types import Embedding

NOBODY = -2
"""Hard cluster of a local speaker who is silent, or for whom no speaker was left in the window."""
_BLOCK = 4096  # windows scored at once
_SILENT, _UNKNOWN = -1.0, -0.5  # below every score in [0, 2]: inactive speakers yield first, then NaN embeddings


@dataclass(frozen=True, slots=True)
class Clusters:
    """Who is who.

    hard: int32 (windows, local speakers), the cluster 0..K-1 or `NOBODY`.
    centroids: float64 (K, dimension), mean raw embedding of each.
    """

    hard: Int32
    centroids: Float64

    def of(self, embeddings: AnyFloat, pairs: Pairs) -> Clusters:
        """The same clusters with centroids of other embeddings (windows, local speakers, dimension).

        The means of those of `pairs` that were given to each; zero where none was.
        """
        speaker = self.hard[pairs]
        known = speaker >= 0
        sums = np.zeros((len(self.centroids), embeddings.shape[-1]))
        np.add.at(sums, speaker[known], embeddings[pairs][known])
        counts = np.bincount(speaker[known], minlength=len(sums))
        return Clusters(self.hard, sums / np.maximum(counts, 1)[:, None])

    def named(self, labels: Mapping[int, str]) -> dict[str, Embedding]:
        """Centroids by label, unit length; a speaker whose voice was never heard alone has none."""
        known = {label: self.centroids[index] for index, label in labels.items() if index < len(self.centroids)}
        lengths = {label: float(np.linalg.norm(centroid)) for label, centroid in known.items()}
        return {label: (known[label] / lengths[label]).astype(np.float32) for label in known if lengths[label] > 0}


def cluster(
    embeddings: AnyFloat,
    segmentations: Bits,
    learn: Callable[[Float64, Int64], Float64 | None],
    bounds: SpeakerCount,
    *,
    constrained: bool = True,
) -> tuple[Clusters, Pairs]:
    """Learn the speakers from who is heard alone for long enough, then say who everybody is.

    Args:
        embeddings: (windows, local speakers, dimension), NaN where there is none.
        segmentations: 0 or 1, (windows, frames, local speakers).
        learn: centroids, float64 (K, dimension), from training embeddings, float64 (n, dimension), and
            the window of each, int64 (n,); None for one cluster of everything.
        bounds: how many speakers are allowed.
        constrained: see `hard_clusters`.

    Returns:
        Clusters, and the window and speaker indices of the training embeddings.
    """
    pairs = training_pairs(segmentations, embeddings)
    centroids = learn(embeddings[pairs].astype(np.float64), pairs[0])
    active = active_speakers(segmentations)
    return finish(embeddings, active, pairs, centroids, bounds, constrained=constrained), pairs


def vbx_centroids(training: AnyFloat, plda: Plda, *, threshold: float, fa: float, fb: float) -> Float64 | None:
    """Centroids (K, d) of the speakers that VBx keeps; None where fewer than two embeddings are there to cluster."""
    if len(training) < 2:  # noqa: PLR2004 (a pair)
        return None
    mixture = cluster_vbx(ahc.cluster(training, threshold), plda.transform(training), plda.phi, fa=fa, fb=fb)
    gamma = mixture.gamma
    centroids: Float64 = gamma.T @ training / gamma.sum(axis=0)[:, None]
    return centroids


def finish(
    embeddings: AnyFloat,
    active: Flags,
    pairs: Pairs,
    centroids: Float64 | None,
    bounds: SpeakerCount,
    *,
    constrained: bool = True,
) -> Clusters:
    """Meet the bounds, then give every active local speaker to a centroid.

    Args:
        embeddings: (windows, local speakers, dimension).
        active: bool (windows, local speakers).
        pairs: window and speaker indices of the training embeddings.
        centroids: float64 (K, dimension) as found; None means one cluster of everything.
        bounds: how many speakers are allowed.
        constrained: see `hard_clusters`.
    """
    found = 1 if centroids is None else len(centroids)
    if bounds.nearest(found) != found:
        return _forced(embeddings, active, pairs, bounds.nearest(found))
    if centroids is None:
        return _single(embeddings, active, pairs)
    hard = hard_clusters(embeddings, centroids, active, constrained=constrained)
    if len(np.unique(hard[hard >= 0])) < bounds.low and bounds.low > 1:  # nobody was given to some centroid
        return _forced(embeddings, active, pairs, bounds.low)
    return Clusters(hard, centroids)


def hard_clusters(
    embeddings: AnyFloat,
    centroids: Float64,
    active: Flags,
    *,
    constrained: bool,
) -> Int32:
    """Give every active local speaker to the centroid of the highest cosine similarity.

    Args:
        embeddings: (windows, local speakers, dimension), NaN allowed.
        centroids: float64 (K, dimension).
        active: bool (windows, local speakers).
        constrained: two local speakers of one window are never the same person:
            the best one-to-one assignment. With fewer centroids than active
            speakers somebody is left to `NOBODY`. False: each the nearest.

    Returns:
        int32 (windows, local speakers), 0..K-1 or `NOBODY`.
    """
    hard = np.full(active.shape, NOBODY, dtype=np.int32)
    for block, scores in _scores(embeddings, centroids, active):
        if constrained:
            for window in np.flatnonzero(active[block].any(axis=1)):
                speakers, clusters = linear_sum_assignment(scores[window], maximize=True)
                hard[block.start + window, speakers] = clusters
        else:
            hard[block] = scores.argmax(axis=2)
    hard[~active] = NOBODY
    return hard


def force_count(training: AnyFloat, count: int) -> tuple[Float64, Labels]:
    """Exactly `count` clusters by k-means on length-normalised embeddings.

    Args:
        training: (n, d), finite, with at least `count` distinct rows after normalisation.
        count: how many.

    Returns:
        Centroids float64 (count, d), means of the raw embeddings, and labels int64 (n,).
    """
    labels = kmeans(unit_length(training), count)
    centroids = [training[labels == label].mean(axis=0, dtype=np.float64) for label in range(count)]
    return np.stack(centroids), labels


def _scores(embeddings: AnyFloat, centroids: Float64, active: Flags) -> Iterator[tuple[slice, Float64]]:
    """Blocks of windows with 2 - cosine distance, (windows, local speakers, K)."""
    for first in range(0, len(embeddings), _BLOCK):
        block = slice(first, first + _BLOCK)
        flat = embeddings[block].reshape(-1, embeddings.shape[-1])
        scores = 2 - cdist(flat, centroids, metric="cosine").reshape(*active[block].shape, len(centroids))
        scores[np.isnan(scores)] = _UNKNOWN
        scores[~active[block]] = _SILENT
        yield block, scores


def _single(embeddings: AnyFloat, active: Flags, pairs: Pairs) -> Clusters:
    """Everybody is one speaker."""
    window, speaker = pairs
    if not len(window):
        window, speaker = _speaking_pairs(embeddings, active)
    count = max(len(window), 1)
    centroid = embeddings[window, speaker].sum(axis=0, dtype=np.float64, keepdims=True) / count
    return Clusters(np.where(active, 0, NOBODY).astype(np.int32), centroid)


def _forced(
    embeddings: AnyFloat,
    active: Flags,
    pairs: Pairs,
    wanted: int,
) -> Clusters:
    """Exactly `wanted` speakers, or as many as there are distinct embeddings."""
    if wanted == 1:
        return _single(embeddings, active, pairs)
    possible = _distinct(embeddings[pairs], wanted)
    if possible < wanted:
        pairs = _speaking_pairs(embeddings, active)
        possible = _distinct(embeddings[pairs], wanted)
    if possible < 2:  # noqa: PLR2004 (nothing to tell apart)
        return _single(embeddings, active, pairs)
    centroids, labels = force_count(embeddings[pairs], possible)
    hard = hard_clusters(embeddings, centroids, active, constrained=False)
    _keep_every_cluster(hard, pairs, labels)
    return Clusters(hard, centroids)


def _speaking_pairs(embeddings: AnyFloat, active: Flags) -> Pairs:
    """Everybody who says anything and has an embedding, however short."""
    window, speaker = np.nonzero(active & finite(embeddings))
    return window, speaker


def _distinct(vectors: AnyFloat, enough: int) -> int:
    """How many directions there are among `vectors`, counted up to `enough`."""
    if not len(vectors):
        return 0
    return min(enough, len(np.unique(unit_length(vectors).round(6), axis=0)))


def _keep_every_cluster(hard: Int32, pairs: Pairs, labels: Labels) -> None:
    """Give clusters that the assignment left empty their own training embeddings back."""
    used = np.bincount(hard[hard >= 0], minlength=labels.max() + 1)
    for label in np.flatnonzero(used == 0):
        for window, speaker in zip(*(index[labels == label] for index in pairs), strict=True):
            owner = hard[window, speaker]
            if owner < 0 or used[owner] > 1:
                used[owner] -= owner >= 0
                hard[window, speaker] = label
                used[label] += 1
