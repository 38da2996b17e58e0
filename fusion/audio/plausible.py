"""Whether speech sounds as if its sample rate, or its level, were another than was told.

Samples of 44.1 kHz that are taken for 16 kHz are speech 2.8 times too slow, its
pitch and the resonances of its mouth 1.5 octaves too low. How many octaves, a
linear model tells from five bands of the spectrum and the pitch;
`benchmarks.sample_rates` fits it to single voices, and tries it on others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextvars import ContextVar
from itertools import pairwise
from typing import ParamSpec, TypeVar

import numpy as np
import numpy.typing as npt

from ..types import SAMPLE_RATE, Samples, Seconds
from .resampling import release

_FRAME, _HOP = 1024, 256
_MOST_FRAMES = 600
_LEAST_SPEECH: Seconds = 5.0
_LOUD_DB = 15.0  # frames fainter than the loudest by more tell of the room
_EDGES = np.geomspace(60.0, 7_900.0, 6)  # of the bands, in hertz
_LAGS = slice(20, 640)  # pitch from 25 to 800 Hz, which speech at wrong rates reaches
_VOICED = 0.6  # autocorrelation from which a frame has a pitch
_LEAST_VOICED = 10

# Of the bands in dB below the strongest one, the octave of the pitch, and one: made by benchmarks.sample_rates.
WEIGHTS = np.array([0.0049323, -0.00084076, -0.0093727, -0.0061702, -0.014034, -0.4719, 2.9694])
SLOW, FAST = 0.9, -0.85
"""Octaves from which it is told: no recording at its own rate came near in the benchmark."""

_FAINT = 1e-3  # of full scale, -60 dB: of a recording made fainter by that much the networks hear next to nothing
_LITTLE = 0.5  # of the recording: with more speech than this it was loud enough
_BLOCK = 1 << 20

P = ParamSpec("P")
T = TypeVar("T")
_QUIET = ContextVar("quiet", default=False)


def undoubted(function: Callable[P, T]) -> Callable[P, T]:
    """The function with nothing to tell from `doubts`, for samples that somebody else looks at too."""

    def quiet(*args: P.args, **kwargs: P.kwargs) -> T:
        token = _QUIET.set(True)
        try:
            return function(*args, **kwargs)
        finally:
            _QUIET.reset(token)

    return quiet


def doubts(samples: Samples, speech: Iterable[tuple[Seconds, Seconds]]) -> tuple[str, ...]:
    """`doubt_level` and `doubt_rate`."""
    if _QUIET.get():
        return ()
    spans = list(speech)
    return (*doubt_level(samples, spans), *doubt_rate(samples, spans))


def doubt_level(samples: Samples, speech: Iterable[tuple[Seconds, Seconds]]) -> tuple[str, ...]:
    """A sentence if little speech was found in what is fainter than any, as 16 bits taken for 32 are.

    Args:
        samples: (num_samples,) within [-1, 1], at 16 kHz.
        speech: where somebody speaks, ``(start, end)``.
    """
    if sum(end - start for start, end in speech) * SAMPLE_RATE > _LITTLE * len(samples):
        return ()
    peak = 0.0
    for start in range(0, len(samples), _BLOCK):
        block = samples[start : start + _BLOCK]
        peak = max(peak, float(block.max()), -float(block.min()))
        release(samples)
        if peak >= _FAINT:
            return ()
    if peak == 0.0:
        return ()
    told = f"The loudest sample lies {-20 * np.log10(peak):.0f} dB below full scale, fainter than speech is recorded"
    return (f"{told}: check the level, or whether integers hold fewer bits than their type.",)


def doubt_rate(samples: Samples, speech: Iterable[tuple[Seconds, Seconds]]) -> tuple[str, ...]:
    """A sentence if the speech is implausibly slow or fast; nothing below 5 s of speech.

    Args:
        samples: (num_samples,), taken for 16 kHz.
        speech: where somebody speaks, ``(start, end)``.
    """
    octaves = octaves_off(samples, speech)
    if octaves is None or FAST < octaves < SLOW:
        return ()
    how, what = ("slow and deep", "higher") if octaves > 0 else ("fast and high", "lower")
    sentence = f"The speech sounds implausibly {how}, as if its sample rate were much {what} than was told"
    music = "; where music is about as loud as the voices, it is what sounds so" if octaves > 0 else ""
    return (f"{sentence}: check sample_rate, or the file's header{music}.",)


def octaves_off(samples: Samples, speech: Iterable[tuple[Seconds, Seconds]]) -> float | None:
    """How many octaves the rate seems to lie above the one that was told; None where too little is heard."""
    found = features(samples, speech)
    return None if found is None else float(np.append(found, 1.0) @ WEIGHTS)


def features(samples: Samples, speech: Iterable[tuple[Seconds, Seconds]]) -> npt.NDArray[np.float64] | None:
    """What the model looks at, (6,): the bands and the pitch; None where too little is heard."""
    frames = _loud_frames(samples, speech)
    if frames is None:
        return None
    window = np.hanning(_FRAME)
    power = np.abs(np.fft.rfft(frames * window, 2 * _FRAME)) ** 2
    pitch = _pitch(power, np.fft.irfft(np.abs(np.fft.rfft(window, 2 * _FRAME)) ** 2))
    return None if pitch is None else np.append(_bands(power.mean(axis=0)), pitch)


def _loud_frames(samples: Samples, speech: Iterable[tuple[Seconds, Seconds]]) -> npt.NDArray[np.float64] | None:
    """Up to `_MOST_FRAMES` loud frames of the speech, (frames, samples)."""
    spans = [(round(start * SAMPLE_RATE), min(round(end * SAMPLE_RATE), len(samples))) for start, end in speech]
    starts = np.concatenate([np.empty(0, np.int64), *(np.arange(a, b - _FRAME, _HOP) for a, b in spans)])
    if len(starts) * _HOP < _LEAST_SPEECH * SAMPLE_RATE:
        return None
    starts = starts[np.linspace(0, len(starts) - 1, min(len(starts), 3 * _MOST_FRAMES)).astype(np.int64)]
    frames = samples[starts[:, np.newaxis] + np.arange(_FRAME)].astype(np.float64)
    power = np.square(frames).mean(axis=1)
    loud = np.flatnonzero(power > np.quantile(power, 0.95) * 10 ** (-_LOUD_DB / 10))
    return frames[loud[:: -(-len(loud) // _MOST_FRAMES)]] if len(loud) else None


def _bands(power: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    hertz = np.linspace(0.0, SAMPLE_RATE / 2, len(power))
    bands = np.array([power[(hertz >= low) & (hertz < high)].mean() for low, high in pairwise(_EDGES)])
    below: npt.NDArray[np.float64] = 10 * np.log10(bands / bands.max() + 1e-6)
    return below


def _pitch(power: npt.NDArray[np.float64], window: npt.NDArray[np.float64]) -> float | None:
    """The middle octave of the frames' pitches above 1 Hz; None where hardly one has a pitch."""
    whole = np.fft.irfft(power)
    likeness = whole[:, _LAGS] / (whole[:, :1] * (window[_LAGS] / window[0]))
    likeness *= 1 - 4e-4 * np.arange(_LAGS.start, _LAGS.stop)  # of equal ones the shortest
    fallen = np.logical_or.accumulate(likeness < _VOICED / 2, axis=1)  # a slow wave is like itself a little later
    best = np.where(fallen, likeness, 0.0).argmax(axis=1)
    voiced = (likeness[np.arange(len(best)), best] > _VOICED) & fallen.any(axis=1)
    if voiced.sum() < _LEAST_VOICED:
        return None
    return float(np.median(np.log2(SAMPLE_RATE / (best[voiced] + _LAGS.start))))
