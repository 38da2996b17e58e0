"""The features of SpeechBrain's speaker networks (ECAPA-TDNN, x-vectors), in numpy.

25 ms Hamming windows every 10 ms around the frame's middle, power, 80 triangles,
decibels of which none lies more than 80 below the loudest; then every band's
mean over time is removed. Source: SpeechBrain, ``lobes.features.Fbank`` with
``n_mels=80`` and ``InputNormalization(norm_type="sentence", std_norm=False)``.
"""

from __future__ import annotations

import numpy as np
import scipy.fft

from ...fusion.types import SAMPLE_RATE, Samples
from ..arrays import Float32, Float64
from .slaney import centred_frames

_WINDOW, _HOP, _BANDS = 400, 160, 80
_FLOOR = 1e-10
_RANGE_DB = 80.0


def num_frames(num_samples: int) -> int:
    """Frames around every 10 ms, the first at 0."""
    return 1 + num_samples // _HOP


def speechbrain_features(samples: Samples) -> Float32:
    """Decibels with their mean over time removed, float32 (1 + num_samples // 160, 80)."""
    frames = centred_frames(samples, _WINDOW, _HOP)
    power = np.square(np.abs(scipy.fft.rfft(frames * _HAMMING, axis=1)))
    decibels = 10 * np.log10(np.maximum(power @ _FILTERS, _FLOOR))
    decibels = np.maximum(decibels, decibels.max() - _RANGE_DB)
    return np.asarray(decibels - decibels.mean(axis=0), dtype=np.float32)


def _filters() -> Float64:
    """Triangles around equally spaced mels, float64 (201, 80).

    Each is as wide on either side as the distance to the middle before it, so
    that they are narrower above than their neighbours are apart.
    """
    hertz = 700 * (10 ** (np.linspace(0, 2595 * np.log10(1 + SAMPLE_RATE / 2 / 700), _BANDS + 2) / 2595) - 1)
    middle, width = hertz[1:-1], np.diff(hertz)[:-1]
    bins = np.linspace(0, SAMPLE_RATE / 2, _WINDOW // 2 + 1)[:, None]
    return np.asarray(np.maximum(0, 1 - np.abs(bins - middle) / width))


_HAMMING = 0.54 - 0.46 * np.cos(2 * np.pi * np.arange(_WINDOW) / _WINDOW)
"""The periodic window, as torch makes it unless told otherwise."""
_FILTERS = _filters()
