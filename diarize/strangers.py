"""People who never speak alone for long enough to be learnt from.

Clusters are learnt from those who speak alone for two seconds of a window. A
short recording often holds somebody who says no more than "yes, please", and
there the graph of stretches says nothing either (`communities`). So who speaks
alone for half a second, in a voice unlike everybody's, is one more person. And
where the caller says that there are more people than were told apart, whoever
fits the voice that is given to them worst is the next one.
benchmarks/RESULTS.md has the tables.
"""

from __future__ import annotations

import numpy as np

from ..fusion.types import Seconds
from .arrays import Bits, Flags, Float32, Float64
from .clustering import hard_clusters
from .masks import active_speakers, clean_frames, finite
from .plda import unit_length
from .windows import FRAME_STEP

_LEAST: Seconds = 0.5
"""What they say alone, in some window."""
_UNLIKE = 0.15
"""The greatest cosine to anybody's voice; more finds more of them, and on the telephone people who are not there."""
_HEARD: Seconds = 0.1
"""What somebody says alone who may be the one that is missing."""
_MOST_MISSING = 20
"""Of more who are missing nobody is looked for: each takes a look at all windows. K-means finds them (`clustering`)."""
_SAME = 1 - 1e-6
"""Cosine from which two voices are one: there is nobody left to find."""


def add_strangers(centroids: Float64, vectors: Float32, segmentations: Bits, most: int | None) -> Float64:
    """`centroids`, and a further one for each voice that is unlike all of them.

    Args:
        centroids: float64 (K, dimension), everybody's voice so far; of none, who speaks alone for longest is the first.
        vectors: (windows, local speakers, dimension), NaN where there is none.
        segmentations: 0 or 1, (windows, frames, local speakers).
        most: centroids from which on none is added; None: any number.
    """
    alone = clean_frames(segmentations) * FRAME_STEP
    able = _with_voice(vectors) & (alone >= _LEAST)
    voices, alone = vectors[able].astype(np.float64), alone[able]
    while most is None or len(centroids) < most:
        unlike = np.flatnonzero(_likeness(voices, centroids) <= _UNLIKE)
        if not unlike.size:
            break
        clearest = unlike[alone[unlike].argmax()]
        centroids = np.concatenate([centroids, voices[clearest : clearest + 1]])
    return centroids


def add_missing(centroids: Float64, vectors: Float32, segmentations: Bits, least: int) -> Float64:
    """`centroids`, and further ones until there are `least`, or nobody is left who could be one.

    Each is the voice that is least like the one that it is given to. Who is heard in one window with all
    who are known is given to nobody, so such voices go first. `centroids` alone, if more than 20 are missing.

    Args:
        centroids: float64 (K, dimension), everybody's voice so far; of none, who speaks alone for longest is the first.
        vectors: (windows, local speakers, dimension), NaN where there is none.
        segmentations: 0 or 1, (windows, frames, local speakers).
        least: centroids from which on none is added.
    """
    if least - len(centroids) > _MOST_MISSING:
        return centroids
    alone, active = clean_frames(segmentations) * FRAME_STEP, active_speakers(segmentations)
    able = _with_voice(vectors) & (alone >= _HEARD)
    while len(centroids) < least:
        fit = np.where(able, _fit(vectors, centroids, active), _SAME)
        if fit.min(initial=_SAME) == _SAME:
            break
        worst = np.unravel_index(np.where(fit == fit.min(), alone, -1).argmax(), fit.shape)
        centroids = np.concatenate([centroids, vectors[worst][None].astype(np.float64)])
    return centroids


def _with_voice(vectors: Float32) -> Flags:
    """Who has an embedding, bool (windows, local speakers)."""
    found: Flags = finite(vectors) & vectors.any(axis=-1)
    return found


def _fit(vectors: Float32, centroids: Float64, active: Flags) -> Float64:
    """The cosine of each local speaker to the centroid that is given to it, (windows, local speakers); -1 for none."""
    if not len(centroids):
        return np.full(active.shape, -1.0)
    given = hard_clusters(vectors, centroids, active, constrained=True)
    cosines = (unit_length(vectors.astype(np.float64)) * unit_length(centroids)[np.maximum(given, 0)]).sum(axis=-1)
    return np.where(given >= 0, np.minimum(cosines, _SAME), -1.0)


def _likeness(voices: Float64, centroids: Float64) -> Float64:
    """The greatest cosine of each voice to a centroid, (n,); -1 where there is none."""
    cosines: Float64 = (unit_length(voices) @ unit_length(centroids).T).max(axis=1, initial=-1.0)
    return cosines
