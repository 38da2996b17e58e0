"""The features of the streaming Sortformer family, in numpy: log mel energies of any stretch of a recording.

Pre-emphasis, 25 ms Hann windows every 10 ms around the frame's middle, power,
128 bands of equal area on Slaney's mel scale, the logarithm of that plus 2^-24,
and no normalisation: a frame depends on the 400 samples around it alone, so that
a stream gives the very frames of the whole. Sources: NeMo's
``AudioToMelSpectrogramPreprocessor`` and transformers'
``NemotronAsrStreamingFeatureExtractor``.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import scipy.fft
from numpy.lib.stride_tricks import sliding_window_view

from ...fusion.types import SAMPLE_RATE, Samples
from ..arrays import Float32, Float64
from ..front_ends.slaney import mel_matrix

HOP = 160
BANDS = 128
_FFT, _WINDOW = 512, 400
_BEFORE = _WINDOW // 2
_EMPHASIS = 0.97
_GUARD = 2.0**-24


def whole_frames(num_samples: int) -> int:
    """Frames of a recording of so many samples, from its first on; the last may reach into the silence behind it."""
    return num_samples // HOP


def ready_frames(num_samples: int) -> int:
    """How many of them nothing that is still to come can change."""
    return max((num_samples - _BEFORE) // HOP + 1, 0) if num_samples >= _BEFORE else 0


@dataclass(frozen=True, slots=True)
class Mel:
    """The front end. rounded: its window and its bands have the precision of bfloat16, as some networks were taught."""

    rounded: bool = False
    _window: Float64 = field(init=False, repr=False, compare=False)
    _bands: Float64 = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        keep = _bfloat16 if self.rounded else _float32
        hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_WINDOW) / (_WINDOW - 1))
        object.__setattr__(self, "_window", keep(hann))
        object.__setattr__(self, "_bands", keep(mel_matrix(BANDS, _FFT // 2 + 1, SAMPLE_RATE / 2)))

    @property
    def bands(self) -> Float64:
        """Its filters, (128, 257)."""
        return self._bands

    def __call__(self, samples: Samples, first: int, last: int, offset: int = 0) -> Float32:
        """Frames `first` up to but not `last`, float32 (frames, 128).

        Args:
            samples: float32, 16 kHz, from sample `offset` of the recording to its end, or at least to where
                nothing more of it is needed; beyond them lies silence.
            first, last: numbers of frames in the whole recording.
            offset: at most one sample before what `first` needs.
        """
        start = HOP * first - _BEFORE
        stop = HOP * (last - 1) + _BEFORE
        emphasised = _emphasised(samples, start - offset, stop - offset)
        frames = sliding_window_view(emphasised, _WINDOW)[::HOP] * self._window
        power = np.square(np.abs(scipy.fft.rfft(frames, _FFT, axis=1)))
        return np.asarray(np.log(power @ self._bands.T + _GUARD), np.float32)


def first_sample(frame: int) -> int:
    """The first sample that the frame, or any after it, needs."""
    return max(HOP * frame - _BEFORE - 1, 0)


def _emphasised(samples: Samples, start: int, stop: int) -> Float64:
    """Samples `start` to `stop` less most of what came before each; silence beyond both ends."""
    low, high = max(start, 0), min(stop, samples.size)
    part = samples[max(low - 1, 0) : high].astype(np.float64)
    emphasised = part - np.float32(_EMPHASIS) * np.concatenate([[0.0], part[:-1]])
    return np.pad(emphasised[1 if low else 0 :], (low - start, stop - high))


def _float32(values: Float64) -> Float64:
    return values.astype(np.float32).astype(np.float64)


def _bfloat16(values: Float64) -> Float64:
    """Rounded to the nearest number of 8 bits' precision, to an even one from halfway."""
    bits = values.astype(np.float32).view(np.uint32)
    rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) & np.uint32(0xFFFF0000)
    return rounded.view(np.float32).astype(np.float64)
