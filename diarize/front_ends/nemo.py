"""The features of NeMo's speaker networks (TitaNet, ECAPA-TDNN), in numpy.

Pre-emphasis over the whole signal, 25 ms Hann windows every 10 ms around the
frame's middle, power, 80 bands of equal area on Slaney's mel scale, the
logarithm of that plus 2^-24; then every band has mean 0 and deviation 1 over
time. Source: NeMo, ``AudioToMelSpectrogramPreprocessor`` as TitaNet configures it.
"""

from __future__ import annotations

import numpy as np
import scipy.fft

from ...fusion.types import SAMPLE_RATE, Samples
from ..arrays import Float32, Float64
from .slaney import centred_frames, mel_matrix

_FFT, _WINDOW, _HOP, _BANDS = 512, 400, 160, 80
_EMPHASIS = 0.97
_GUARD = 2.0**-24
_STEADY = 1e-5  # added to deviations, so that a band that never changes stays finite
_MULTIPLE = 16


def num_frames(num_samples: int) -> int:
    """Frames that mean something, one every 10 ms; those behind them are padding."""
    return num_samples // _HOP


def nemo_features(samples: Samples) -> Float32:
    """Normalised log mel energies, float32 (frames, 80).

    The first `num_frames` are the signal's; zeros follow up to a multiple of 16.
    Fewer than 320 samples, in which nothing varies, give zeros.
    """
    count = num_frames(samples.size)
    features = np.zeros((-(-(samples.size // _HOP + 1) // _MULTIPLE) * _MULTIPLE, _BANDS), np.float32)
    if count < 2:  # noqa: PLR2004 - a deviation needs two
        return features
    emphasised = np.concatenate([samples[:1], samples[1:] - np.float32(_EMPHASIS) * samples[:-1]])
    frames = centred_frames(emphasised, _FFT, _HOP)[:count]
    power = np.square(np.abs(scipy.fft.rfft(frames * _HANN, axis=1)))
    energies = np.log(power @ _MEL.T + _GUARD)
    centred = energies - energies.mean(axis=0)
    features[:count] = centred / (energies.std(axis=0, ddof=1) + _STEADY)
    return features


def _hann() -> Float64:
    """The symmetric Hann window of 400 in the middle of 512."""
    return np.pad(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_WINDOW) / (_WINDOW - 1)), (_FFT - _WINDOW) // 2)


_HANN = _hann()
_MEL = mel_matrix(_BANDS, _FFT // 2 + 1, SAMPLE_RATE / 2)
