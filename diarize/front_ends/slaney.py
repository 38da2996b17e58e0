"""What front ends that follow librosa share: frames around their middle, and Slaney's mel scale."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ..arrays import Float32, Float64

_LINEAR_HZ = 200 / 3
"""Hz a mel below 1 kHz."""
_LOG_STEP = np.log(6.4) / 27
"""Natural logarithm a mel above 1 kHz, which is mel 15."""


def centred_frames(samples: Float32, size: int, hop: int) -> Float64:
    """Frames (1 + num_samples // hop, size) whose middles lie at multiples of `hop`; beyond the ends are zeros."""
    padded = np.pad(samples.astype(np.float64), size // 2)
    return np.asarray(sliding_window_view(padded, size)[::hop])


def mel_matrix(bands: int, bins: int, highest: float) -> Float64:
    """Triangles of equal area on Slaney's mel scale from 0 to `highest` Hz, float64 (bands, bins)."""
    edges = _hertz(np.linspace(0, _mel(highest), bands + 2))[:, None]
    low, middle, high = edges[:-2], edges[1:-1], edges[2:]
    hertz = np.linspace(0, highest, bins)
    rising, falling = (hertz - low) / (middle - low), (high - hertz) / (high - middle)
    return np.asarray(np.maximum(0, np.minimum(rising, falling)) * 2 / (high - low))


def _mel(hertz: float) -> float:
    return hertz / _LINEAR_HZ if hertz < 1000 else float(15 + np.log(hertz / 1000) / _LOG_STEP)  # noqa: PLR2004 - 1 kHz


def _hertz(mel: Float64) -> Float64:
    return np.where(mel < 15, mel * _LINEAR_HZ, 1000 * np.exp(_LOG_STEP * (mel - 15)))  # noqa: PLR2004 - 1 kHz
