"""People who never speak alone for long enough to be learnt from.

Clusters are learnt from those who speak alone for two seconds of a window. A
short recording often holds somebody who says no more than "yes, please", and
there the graph of stretches says nothing either (`communities`). So who speaks
alone for half a second, in a voice unlike everybody's, is one more person.
benchmarks/RESULTS.md has the tables.
"""

from __future__ import annotations

import numpy as np

from ..fusion.types import Seconds, SpeakerCount
from .arrays import Bits, Float32, Float64
from .clustering import Clusters, hard_clusters
from .masks import active_speakers, clean_frames, finite
from .plda import unit_length
from .windows import FRAME_STEP

_LEAST: Seconds = 0.5
"""What they say alone, in some window."""
_UNLIKE = 0.15
"""The greatest cosine to anybody's voice; more finds more of them, and on the telephone people who are not there."""


def add_strangers(clusters: Clusters, vectors: Float32, segmentations: Bits, bounds: SpeakerCount) -> Clusters:
    """`clusters`, and a further one for each voice that is unlike all of them.

    Args:
        clusters: who is who so far.
        vectors: (windows, local speakers, dimension), NaN where there is none.
        segmentations: 0 or 1, (windows, frames, local speakers).
        bounds: how many speakers are allowed.
    """
    alone = clean_frames(segmentations) * FRAME_STEP
    able = finite(vectors) & vectors.any(axis=-1) & (alone >= _LEAST)
    voices, alone = vectors[able].astype(np.float64), alone[able]
    centroids = clusters.centroids
    while len(centroids) < bounds.nearest(len(centroids) + 1):
        unlike = np.flatnonzero(_likeness(voices, centroids) <= _UNLIKE)
        if not unlike.size:
            break
        clearest = unlike[alone[unlike].argmax()]
        centroids = np.concatenate([centroids, voices[clearest : clearest + 1]])
    if len(centroids) == len(clusters.centroids):
        return clusters
    return Clusters(hard_clusters(vectors, centroids, active_speakers(segmentations), constrained=True), centroids)


def _likeness(voices: Float64, centroids: Float64) -> Float64:
    """The greatest cosine of each voice to a centroid, (n,)."""
    cosines: Float64 = (unit_length(voices) @ unit_length(centroids).T).max(axis=1)
    return cosines
