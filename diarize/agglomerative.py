"""Agglomerative clustering alone, which has the last word wherever upstream's own steps are not asked for.

VBx, upstream's, weighs every embedding by ``Fa / Fb`` (0.0875) against the cost
of a speaker, because overlapping windows count each second about ten times. In
a short recording all windows together then count as a handful of observations,
and VBx merges people: a 30 s meeting of four comes out with one or two
speakers. Distances that know who was heard beside whom (`apart`) decide better
in short recordings and no worse in long ones; benchmarks/RESULTS.md has the table.
"""

from __future__ import annotations

import numpy as np

from ..fusion.types import Seconds, SpeakerCount
from . import apart
from .apart import ANY_NUMBER
from .arrays import Float64, Int64, Labels
from .plda import unit_length

_FEW_SHARE = 0.02
_FEW_SECONDS: Seconds = 12.0


def agglomerative_centroids(
    training: Float64, windows: Int64, threshold: float, step: Seconds, bounds: SpeakerCount = ANY_NUMBER
) -> Float64 | None:
    """Centroids of agglomerative clusters, the smallest of them given to their nearest neighbour.

    Args:
        training: float64 (n, dimension), finite.
        windows: int64 (n,), the window each comes from, rising.
        threshold: clusters whose centroids (of unit vectors) lie further apart stay apart.
        step: seconds between windows.
        bounds: how many clusters may be left (`apart.cluster`), before the smallest are given away.

    Returns:
        float64 (K, dimension), means of the raw embeddings; None for fewer than two.
    """
    if len(training) < 2:  # noqa: PLR2004 - a pair
        return None
    labels = agglomerative_labels(training, windows, threshold, step, bounds)
    return np.stack([training[labels == label].mean(axis=0) for label in range(labels.max() + 1)])


def agglomerative_labels(
    training: Float64, windows: Int64, threshold: float, step: Seconds, bounds: SpeakerCount = ANY_NUMBER
) -> Labels:
    """The clusters that `agglomerative_centroids` takes its means of, int64 (n,), of at least two embeddings."""
    labels = apart.cluster(training, windows, threshold, step, bounds)
    return absorb_small(training, labels, few(len(training), step))


def few(count: int, step: Seconds) -> float:
    """Windows below which a cluster shows too little: 2 % of `count`, or 12 seconds' worth where that is less.

    Somebody who is alone for 2 s is heard by about eight windows at 1 s hop, so
    in a long recording a speaker takes a few seconds; in a short one (below a
    minute) every cluster stays. The rule is pyannote.audio 3's
    ``min_cluster_size``, with a smaller share.

    >>> few(100, 1.0), few(10_000, 2.0)
    (2.0, 6.0)
    """
    return min(_FEW_SECONDS / step, _FEW_SHARE * count)


def absorb_small(training: Float64, labels: Labels, least: float) -> Labels:
    """Give clusters with fewer than `least` members to the nearest of the others.

    Args:
        training: float64 (n, dimension).
        labels: int64 (n,), 0..K-1.
        least: members that a cluster needs to stay.

    Returns:
        int64 (n,), 0..K'-1 without gaps.
    """
    sizes = np.bincount(labels)
    large = np.flatnonzero(sizes >= least)
    if not large.size:  # thousands of voices with a word each: none of them is noise
        return labels
    vectors = unit_length(training)
    centroids = unit_length(np.stack([vectors[labels == label].mean(axis=0) for label in range(len(sizes))]))
    nearest = large[(centroids @ centroids[large].T).argmax(axis=1)]
    nearest[large] = large
    return np.unique(nearest[labels], return_inverse=True)[1].astype(np.int64)
