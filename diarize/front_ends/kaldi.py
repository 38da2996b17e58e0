"""Log mel filterbank features as Kaldi computes them, in numpy.

80 bands from 20 Hz to 8 kHz, windows of 25 ms every 10 ms that lie wholly
inside the samples, pre-emphasis 0.97, no dither. WeSpeaker's networks, and ours,
see them through a Hamming window of samples scaled to 16 bits; 3D-Speaker's
through Kaldi's own "Povey" window, unscaled. Source: Kaldi,
``feature-window.cc`` and ``mel-computations.cc``; torchaudio,
``compliance/kaldi.py``; 3D-Speaker, ``speakerlab/process/processor.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import scipy.fft
from numpy.lib.stride_tricks import sliding_window_view
from scipy.sparse import csr_array

from ...fusion.types import SAMPLE_RATE
from ..arrays import Float32, Float64

if TYPE_CHECKING:
    from ...fusion.types import Samples

FRAME = 400
"""Samples in a frame (25 ms)."""
HOP = 160
"""Samples from one frame to the next (10 ms): frame k sees samples [160 k, 160 k + 400)."""
BANDS = 80

Window: TypeAlias = Literal["hamming", "povey"]

_FFT = 512
_EMPHASIS = 0.97
_LOWEST_HZ = 20.0
_FLOOR = float(np.finfo(np.float32).eps)
_BLOCK = 256  # frames at a time, so that a block stays in the cache


def num_frames(num_samples: int) -> int:
    """How many frames lie wholly inside `num_samples` samples: 998 for 10 s, 0 below 25 ms."""
    return max(0, 1 + (num_samples - FRAME) // HOP)


def fbank(samples: Samples, window: Window = "hamming") -> Float32:
    """Log mel energies, float32 (num_frames, 80), their mean not removed.

    window: ``hamming`` of samples times 2^15, or ``povey`` of samples as they are.

    A frame depends on its own 400 samples only, so frames [i, j) of a long
    recording are ``fbank(samples[160 * i : 160 * (j - 1) + 400])``. Fewer than
    400 samples give 0 frames; silence gives the logarithm of float32's epsilon.
    """
    samples = np.ascontiguousarray(samples, dtype=np.float32)
    features = np.empty((num_frames(samples.size), BANDS), dtype=np.float32)
    if not len(features):
        return features
    frames = sliding_window_view(samples, FRAME)[::HOP]
    padded = np.zeros((_BLOCK, _FFT))
    for start in range(0, len(features), _BLOCK):
        block = frames[start : start + _BLOCK]
        _log_mel(block, _WINDOWS[window], padded[: len(block)], features[start : start + _BLOCK])
    return features


def _log_mel(frames: Float32, window: Float64, padded: Float64, out: Float32) -> None:
    """Fill `out` (n, 80) from `frames` (n, 400); `padded` (n, 512) is room to work in, zero beyond 400.

    float64 up to the power: the low bands are small differences of large
    numbers, and float32 is wrong by up to 2e-3 there (Kaldi's own by 1e-3).
    """
    centred = frames - frames.mean(axis=1, keepdims=True, dtype=np.float64)
    inside = padded[:, 1:FRAME]
    np.multiply(centred[:, :-1], -_EMPHASIS, out=inside)
    inside += centred[:, 1:]
    padded[:, 0] = centred[:, 0] * (1 - _EMPHASIS)  # the first sample is its own predecessor
    padded[:, :FRAME] *= window
    spectrum = scipy.fft.rfft(padded, axis=1)
    power = np.square(spectrum.real)
    power += np.square(spectrum.imag)
    # Sparse (two bands a bin), and not for its own speed: a dense product would wake BLAS's threads, which then
    # spin beside the networks' and cost the whole embedding stage half as much again.
    out[:] = (_MEL @ power.T.astype(np.float32)).T
    np.maximum(out, _FLOOR, out=out)
    np.log(out, out=out)


def _windows() -> dict[Window, Float64]:
    """The windows, (400,); Hamming's times 2^15, as Kaldi reads 16-bit integers as floats."""
    phase = np.cos(2 * np.pi * np.arange(FRAME) / (FRAME - 1))
    return {"hamming": np.asarray((0.54 - 0.46 * phase) * (1 << 15)), "povey": np.asarray((0.5 - 0.5 * phase) ** 0.85)}


def _mel_matrix() -> Float32:
    """Triangles equally wide on the mel scale, float32 (257, 80); the bin at 8 kHz belongs to none."""
    edges = np.linspace(_mel(np.float64(_LOWEST_HZ)), _mel(np.float64(SAMPLE_RATE / 2)), BANDS + 2)
    left, centre, right = edges[:-2], edges[1:-1], edges[2:]
    bins = _mel(np.arange(_FFT // 2 + 1, dtype=np.float64) * (SAMPLE_RATE / _FFT))[:, None]
    rising, falling = (bins - left) / (centre - left), (right - bins) / (right - centre)
    matrix = np.maximum(0, np.minimum(rising, falling))
    matrix[-1] = 0
    return matrix.astype(np.float32)


def _mel(hertz: Float64 | np.float64) -> Float64:
    return np.asarray(1127 * np.log1p(hertz / 700))


_WINDOWS = _windows()
_MEL = csr_array(_mel_matrix().T)
