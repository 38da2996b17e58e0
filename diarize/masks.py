"""Which frames an embedding is made of, and which embeddings the clustering learns from."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Iterator

MIN_SAMPLES = 400
"""The fewest samples the embedding network takes: one 25 ms fbank frame."""
_BLOCK = 1024  # windows handled at once, so that a day of audio needs no second copy of itself


def min_clean_frames(num_frames: int, window_samples: int = 160_000, min_samples: int = MIN_SAMPLES) -> int:
    """Frames a mask must exceed to be worth embedding: 2 for 589 frames of 10 s."""
    return math.ceil(num_frames * min_samples / window_samples)


def embedding_masks(
    segmentations: npt.NDArray[np.uint8], min_frames: int | None = None, *, exclude_overlap: bool = True
) -> npt.NDArray[np.float32]:
    """The frames each local speaker's embedding is pooled from.

    A speaker's frames without those where somebody else speaks too; if no more
    than `min_frames` of these are left, all of the speaker's frames.

    Args:
        segmentations: 0 or 1, (windows, frames, local speakers).
        min_frames: default `min_clean_frames` of the window.
        exclude_overlap: False keeps overlapped frames always.

    Returns:
        float32 (windows, local speakers, frames); a silent speaker's mask is all zero.
    """
    num_frames = segmentations.shape[1]
    least = min_clean_frames(num_frames) if min_frames is None else min_frames
    masks = np.ascontiguousarray(np.swapaxes(segmentations, 1, 2), dtype=np.float32)
    if not exclude_overlap:
        return masks
    clean = masks * (masks.sum(axis=1, keepdims=True) <= 1)
    enough = clean.sum(axis=2, keepdims=True) > least
    return np.where(enough, clean, masks)


def active_speakers(segmentations: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """Whether each local speaker says anything in its window, bool (windows, local speakers)."""
    active = np.empty((segmentations.shape[0], segmentations.shape[2]), dtype=bool)
    for block in _blocks(len(segmentations)):
        active[block] = (segmentations[block] != 0).any(axis=1)
    return active


def clean_frames(segmentations: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """Frames in which each local speaker is the only one active, int64 (windows, local speakers)."""
    counts = np.zeros((segmentations.shape[0], segmentations.shape[2]), dtype=np.int64)
    for block in _blocks(segmentations.shape[0]):
        part = segmentations[block] != 0
        alone = part.sum(axis=2, keepdims=True) == 1
        counts[block] = (part & alone).sum(axis=1)
    return counts


def training_pairs(
    segmentations: npt.NDArray[np.uint8], embeddings: npt.NDArray[np.floating], min_active_ratio: float = 0.2
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The (window, local speaker) pairs the clustering learns from.

    Those who speak alone for at least `min_active_ratio` of the window and
    whose embedding is finite.

    Args:
        segmentations: 0 or 1, (windows, frames, local speakers).
        embeddings: (windows, local speakers, dimension); NaN where there is none.
        min_active_ratio: in [0, 1].

    Returns:
        Two int64 arrays of one length, window and speaker indices, in order of
        window then speaker. Empty where nobody qualifies.
    """
    enough = clean_frames(segmentations) >= min_active_ratio * segmentations.shape[1]
    window, speaker = np.nonzero(enough & finite(embeddings))
    return window, speaker


def finite(embeddings: npt.NDArray[np.floating]) -> npt.NDArray[np.bool_]:
    """Whether each embedding holds numbers only, bool of `embeddings.shape[:-1]`."""
    valid = np.empty(embeddings.shape[:-1], dtype=bool)
    for block in _blocks(len(embeddings)):
        valid[block] = np.isfinite(embeddings[block]).all(axis=-1)
    return valid


def _blocks(length: int) -> Iterator[slice]:
    return (slice(first, first + _BLOCK) for first in range(0, length, _BLOCK))
