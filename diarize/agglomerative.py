"""Clustering for embeddings that come without a PLDA: agglomerative, then no speaker on thin evidence."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from diarize import ahc
from diarize.clustering import Array, Clusters, Labels, SpeakerBounds, finish
from diarize.masks import active_speakers, training_pairs
from diarize.plda import unit
from diarize.windows import Windows
from fusion.types import Seconds

_FEW_SHARE = 0.02
_FEW_SECONDS: Seconds = 12.0


def cluster_without_plda(
    embeddings: npt.NDArray[np.float32],
    segmentations: npt.NDArray[np.uint8],
    windows: Windows,
    *,
    threshold: float,
    bounds: SpeakerBounds,
) -> Clusters:
    """Agglomerative clusters, the smallest of them given to their nearest neighbour.

    Args:
        embeddings: (windows, local speakers, dimension), NaN where there is none.
        segmentations: 0 or 1, (windows, frames, local speakers).
        windows: where the windows lie.
        threshold: clusters whose centroids (of unit vectors) lie further apart stay apart.
        bounds: how many speakers are allowed.
    """
    pairs = training_pairs(segmentations, embeddings)
    training = embeddings[pairs].astype(np.float64)
    centroids = None
    if len(training) > 1:
        labels = absorb_small(training, ahc.cluster(training, threshold), windows.step)
        centroids = np.stack([training[labels == label].mean(axis=0) for label in range(labels.max() + 1)])
    return finish(embeddings, active_speakers(segmentations), pairs, centroids, bounds)


def absorb_small(training: Array, labels: Labels, step: Seconds) -> Labels:
    """Give clusters with little evidence to the nearest of the others.

    Little is fewer windows than 2 % of all, or than 12 seconds' worth where that
    is less. Somebody who is alone for 2 s is heard by about eight windows at 1 s
    hop, so in a long recording a speaker takes a few seconds; in a short one
    (below a minute) every cluster stays. The rule is pyannote.audio 3's
    ``min_cluster_size``, with a smaller share.

    Args:
        training: float64 (n, dimension). labels: int64 (n,), 0..K-1.
        step: seconds between windows.

    Returns:
        int64 (n,), 0..K'-1 without gaps.
    """
    sizes = np.bincount(labels)
    large = np.flatnonzero(sizes >= min(_FEW_SECONDS / step, _FEW_SHARE * len(labels)))
    vectors = unit(training)
    centroids = unit(np.stack([vectors[labels == label].mean(axis=0) for label in range(len(sizes))]))
    nearest = large[(centroids @ centroids[large].T).argmax(axis=1)]
    nearest[large] = large
    return np.unique(nearest[labels], return_inverse=True)[1].astype(np.int64)
