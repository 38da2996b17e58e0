"""Recordings that a recogniser hears nothing in as they are: far too faint, or shifted off the middle.

Both come of a wrong setting, and of neither a listener hears more than the level.
What is undone is exact (a power of two), or a constant less (the offset).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..types import Samples
from .resampling import record, release

_FAINT = 1e-3  # of full scale, -60 dB: of so faint speech networks that find it hear next to nothing
_LOUD = 0.5  # of full scale, which the loudest sample of a faint recording comes to by half at least
_SHIFTED = 4.0  # times the sound's own level: at five times moonshine heard all words, at seven none
_LEAST_SOUND = 1e-4  # of an offset: what is fainter is how a constant is rounded, and there is nothing to be heard
_LEAST = 2.0**-40  # of full scale: what is fainter no format holds
_STEP = 1 << 20


def audible(samples: Samples) -> tuple[Samples, tuple[str, ...]]:
    """The recording as it is, or with what hides its sound undone, and sentences that say so.

    Args:
        samples: float32 (num_samples,), at least one.
    """
    offset, peak = _offset_and_peak(samples)
    gain = 2.0 ** np.floor(np.log2(_LOUD / max(peak, _LEAST))) if 0 < peak < _FAINT else 1.0
    told = []
    if offset:
        told.append(f"The samples lie {abs(offset):.2g} of full scale off the middle: words are heard without that.")
    if gain > 1:
        told.append(
            f"The sound is faint, {-20 * np.log10(peak):.0f} dB below full scale at most: "
            f"words are heard {gain:.0f} times as loud."
        )
    if not told:
        return samples, ()
    parts = ((block - np.float32(offset)) * np.float32(gain) for block in _blocks(samples))
    return record(part[:, np.newaxis] for part in parts)[0], tuple(told)


def _offset_and_peak(samples: Samples) -> tuple[float, float]:
    """The mean, where it hides the sound, else 0; and how far from it the farthest sample lies."""
    total = squares = 0.0
    low, high = np.inf, -np.inf
    for block in _blocks(samples):
        wide = block.astype(np.float64)  # or a constant's spread would not be next to nothing
        total, squares = total + float(wide.sum()), squares + float(wide @ wide)
        low, high = min(low, float(block.min())), max(high, float(block.max()))
    mean = total / len(samples)
    spread = max(squares / len(samples) - mean**2, 0.0) ** 0.5
    offset = mean if _LEAST_SOUND * abs(mean) < spread < abs(mean) / _SHIFTED else 0.0
    return offset, max(high - offset, offset - low)


def _blocks(samples: Samples) -> Iterator[Samples]:
    for start in range(0, len(samples), _STEP):
        yield samples[start : start + _STEP]
        release(samples)
