"""People who never speak alone for long enough to be learnt from.

Clusters are learnt from those who speak alone for two seconds of a window. A
short recording often holds somebody who says no more than "yes, please", and
there the graph of stretches says nothing either (`communities`). So who speaks
alone for half a second, in a voice unlike everybody's, is one more person.
benchmarks/RESULTS.md has the tables.
"""

from __future__ import annotations

import numpy as np

from ..fusion.types import Seconds
from .arrays import Bits, Float32, Float64
from .masks import clean_frames, finite
from .plda import unit_length
from .windows import FRAME_STEP

_LEAST: Seconds = 0.5
"""What they say alone, in some window."""
_UNLIKE = 0.15
"""The greatest cosine to anybody's voice; more finds more of them, and on the telephone people who are not there."""


def add_strangers(centroids: Float64, vectors: Float32, segmentations: Bits, most: int | None) -> Float64:
    """`centroids`, and a further one for each voice that is unlike all of them.

    Args:
        centroids: float64 (K, dimension), everybody's voice so far; of none, who speaks alone for longest is the first.
        vectors: (windows, local speakers, dimension), NaN where there is none.
        segmentations: 0 or 1, (windows, frames, local speakers).
        most: centroids from which on none is added; None: any number.
    """
    alone = clean_frames(segmentations) * FRAME_STEP
    able = finite(vectors) & vectors.any(axis=-1) & (alone >= _LEAST)
    voices, alone = vectors[able].astype(np.float64), alone[able]
    while most is None or len(centroids) < most:
        unlike = np.flatnonzero(_likeness(voices, centroids) <= _UNLIKE)
        if not unlike.size:
            break
        clearest = unlike[alone[unlike].argmax()]
        centroids = np.concatenate([centroids, voices[clearest : clearest + 1]])
    return centroids


def _likeness(voices: Float64, centroids: Float64) -> Float64:
    """The greatest cosine of each voice to a centroid, (n,); -1 where there is none."""
    cosines: Float64 = (unit_length(voices) @ unit_length(centroids).T).max(axis=1, initial=-1.0)
    return cosines
