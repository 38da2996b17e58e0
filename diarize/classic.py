"""The clustering of ``speaker-diarization-3.1``: one dendrogram, cut where its clusters are far enough apart.

Centroid linkage on unit vectors, cut at a distance; clusters of fewer than
twelve embeddings are given to the nearest large one. Where the caller wants
another number of speakers, the dendrogram is cut at the step nearest to that
distance which gives it. What pyannote.audio's own `AgglomerativeClustering`
does, cluster by cluster (tests/diarize/test_classic.py).
"""

from __future__ import annotations

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage

from ..fusion.types import SpeakerCount
from . import ahc
from .agglomerative import absorb_small
from .arrays import Float64, Labels
from .plda import unit_length

THRESHOLD = 0.7045654963945799
"""Distance of centroids from which clusters stay apart, as published."""
MIN_CLUSTER_SIZE = 12
_SHORT_SHARE = 0.1


def classic_centroids(training: Float64, threshold: float, bounds: SpeakerCount) -> Float64 | None:
    """Centroids of the clusters that the dendrogram shows.

    Args:
        training: float64 (n, dimension), finite.
        threshold: where the dendrogram is cut if nobody asks for a number.
        bounds: how many clusters are wanted. Beyond `ahc.PLAIN_LIMIT` embeddings the dendrogram
            would not fit into memory, and only the cut at `threshold` is looked at.

    Returns:
        float64 (K, dimension), means of the raw embeddings; None for fewer than two.
    """
    if len(training) < 2:  # noqa: PLR2004 - a pair
        return None
    labels = classic_labels(training, threshold, bounds)
    return np.stack([training[labels == label].mean(axis=0) for label in range(labels.max() + 1)])


def classic_labels(training: Float64, threshold: float, bounds: SpeakerCount) -> Labels:
    """Clusters of `training` (n, dimension), n >= 2, as int64 (n,), 0..K-1 without gaps."""
    least = min_cluster_size(len(training))
    if len(training) > ahc.PLAIN_LIMIT:
        return absorb_small(training, ahc.cluster(training, threshold), least)
    dendrogram = linkage(unit_length(training), method="centroid", metric="euclidean")
    labels = _cut(dendrogram, threshold)
    found = _large(labels, least)
    wanted = min(max(bounds.nearest(found), 1), len(training))
    if wanted != found:
        labels = _cut_into(dendrogram, wanted, threshold, least)
    return absorb_small(training, labels, least)


def min_cluster_size(count: int) -> int:
    """Embeddings that make a speaker: twelve, in short recordings a tenth of all.

    >>> min_cluster_size(500), min_cluster_size(50), min_cluster_size(4)
    (12, 5, 1)
    """
    return min(MIN_CLUSTER_SIZE, max(1, round(_SHORT_SHARE * count)))


def _cut(dendrogram: Float64, threshold: float) -> Labels:
    return np.unique(fcluster(dendrogram, threshold, criterion="distance"), return_inverse=True)[1].astype(np.int64)


def _large(labels: Labels, least: int) -> int:
    return int((np.bincount(labels) >= least).sum())


def _cut_into(dendrogram: Float64, wanted: int, threshold: float, least: int) -> Labels:
    """The cut into `wanted` large clusters, or as near to that as there is, that lies nearest to `threshold`.

    Cuts are tried at every merge that makes a cluster large, those at distances
    near the threshold first; of two that come equally near, the first.
    """
    steps = dendrogram.copy()
    steps[:, 2] = np.arange(len(steps))  # cut after so many merges, whatever their distance
    best, off_by = len(steps), abs(1 - wanted)
    for step in np.argsort(np.abs(dendrogram[:, 2] - threshold), kind="stable"):
        if dendrogram[step, 3] < least:
            continue
        error = abs(_large(_cut(steps, step), least) - wanted)
        if error < off_by:
            best, off_by = step, error
        if not error:
            break
    return _cut(steps, best)
