"""Which frames an embedding is made of, and which embeddings the clustering learns from."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from .arrays import AnyFloat, Bits, Flags, Float32, Int64, Pairs

if TYPE_CHECKING:
    from collections.abc import Iterator

_MIN_SAMPLES, _WINDOW_SAMPLES = 400, 160_000
"""The fewest samples the embedding network takes (one 25 ms fbank frame), of those in a window."""
_MIN_ACTIVE_RATIO = 0.2
"""Share of the window that somebody must speak alone for, to be learnt from."""
_BLOCK = 1024  # windows handled at once, so that a day of audio needs no second copy of itself


def min_clean_frames(num_frames: int) -> int:
    """Frames a mask must exceed to be worth embedding: 2 for 589 frames of 10 s."""
    return math.ceil(num_frames * _MIN_SAMPLES / _WINDOW_SAMPLES)


def embedding_masks(segmentations: Bits) -> Float32:
    """The frames each local speaker's embedding is pooled from.

    A speaker's frames without those where somebody else speaks too; if no more
    than `min_clean_frames` of these are left, all of the speaker's frames.

    Args:
        segmentations: 0 or 1, (windows, frames, local speakers).

    Returns:
        float32 (windows, local speakers, frames); a silent speaker's mask is all zero.
    """
    masks = np.ascontiguousarray(np.swapaxes(segmentations, 1, 2), dtype=np.float32)
    clean = masks * (masks.sum(axis=1, keepdims=True) <= 1)
    enough = clean.sum(axis=2, keepdims=True) > min_clean_frames(segmentations.shape[1])
    return np.where(enough, clean, masks)


def active_speakers(segmentations: Bits) -> Flags:
    """Whether each local speaker says anything in its window, bool (windows, local speakers)."""
    active = np.empty((segmentations.shape[0], segmentations.shape[2]), dtype=bool)
    for block in _blocks(len(segmentations)):
        active[block] = (segmentations[block] != 0).any(axis=1)
    return active


def clean_frames(segmentations: Bits) -> Int64:
    """Frames in which each local speaker is the only one active, int64 (windows, local speakers)."""
    counts = np.zeros((segmentations.shape[0], segmentations.shape[2]), dtype=np.int64)
    for block in _blocks(segmentations.shape[0]):
        part = segmentations[block] != 0
        alone = part.sum(axis=2, keepdims=True) == 1
        counts[block] = (part & alone).sum(axis=1)
    return counts


def training_pairs(segmentations: Bits, embeddings: AnyFloat) -> Pairs:
    """The (window, local speaker) pairs the clustering learns from.

    Those who speak alone for at least a fifth of the window and whose
    embedding is finite.

    Args:
        segmentations: 0 or 1, (windows, frames, local speakers).
        embeddings: (windows, local speakers, dimension); NaN where there is none.

    Returns:
        Two int64 arrays of one length, window and speaker indices, in order of
        window then speaker. Empty where nobody qualifies.
    """
    enough = clean_frames(segmentations) >= _MIN_ACTIVE_RATIO * segmentations.shape[1]
    window, speaker = np.nonzero(enough & finite(embeddings))
    return window, speaker


def finite(embeddings: AnyFloat) -> Flags:
    """Whether each embedding holds numbers only, bool of `embeddings.shape[:-1]`."""
    valid = np.empty(embeddings.shape[:-1], dtype=bool)
    for block in _blocks(len(embeddings)):
        valid[block] = np.isfinite(embeddings[block]).all(axis=-1)
    return valid


def _blocks(length: int) -> Iterator[slice]:
    return (slice(first, first + _BLOCK) for first in range(0, length, _BLOCK))
