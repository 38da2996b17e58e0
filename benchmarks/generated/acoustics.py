"""What lies between a voice and the file: the room, noise, and the line or codec."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

import numpy as np
import soundfile
import soxr

from diarfuse.fusion.types import SAMPLE_RATE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy.typing as npt

    from diarfuse.fusion.types import Samples, Seconds

Channel: TypeAlias = Literal["full", "telephone", "noise", "mp3", "opus", "11k"]
CHANNELS: tuple[Channel, ...] = get_args(Channel)
NOISY_DB = 5.0


@dataclass(frozen=True, slots=True)
class Room:
    """rt60: seconds until a sound has decayed by 60 dB, 0 for no room. snr: decibels, None for no noise."""

    rt60: Seconds
    snr: float | None

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Room:
        """A third without a room, a quarter without noise."""
        rt60 = 0.0 if rng.random() < 0.33 else float(rng.uniform(0.15, 0.7))
        return cls(rt60, None if rng.random() < 0.25 else float(rng.uniform(12, 30)))

    def place(self, rng: np.random.Generator) -> npt.NDArray[np.float64]:
        """The response from one seat: a direct sound, a few reflections, a tail 4 to 14 dB below in energy."""
        if not self.rt60:
            return np.ones(1)
        tail = int(SAMPLE_RATE * self.rt60)
        response = rng.standard_normal(tail) * 10 ** (-3 * np.arange(tail) / tail)
        response[: SAMPLE_RATE // 200] = 0.0  # the direct sound comes alone
        for delay in rng.integers(SAMPLE_RATE // 500, SAMPLE_RATE // 50, 6):
            response[delay % tail] += float(rng.uniform(-2, 2))
        response *= 10 ** (-float(rng.uniform(4, 14)) / 20) / np.sqrt((response**2).sum())
        response[0] = 1.0
        return response


def through(speech: Samples, response: npt.NDArray[np.float64]) -> Samples:
    """`speech` (num_samples,) as heard through `response`, of the same length."""
    from scipy.signal import fftconvolve  # takes a second

    heard: Samples = fftconvolve(speech, response)[: len(speech)].astype(np.float32)
    return heard


def with_noise(mix: Samples, decibels: float, rng: np.random.Generator) -> Samples:
    """`mix` with pink noise `decibels` below the mean power of its louder half."""
    spectrum = np.fft.rfft(rng.standard_normal(len(mix)))
    pink = np.fft.irfft(spectrum / np.sqrt(np.arange(1, len(spectrum) + 1)), len(mix))
    frames = mix[: len(mix) // 400 * 400].reshape(-1, 400)
    power = np.sort((frames.astype(np.float64) ** 2).mean(axis=1))[len(frames) // 2 :].mean()
    noisy: Samples = (mix + pink * np.sqrt(power / (pink**2).mean()) * 10 ** (-decibels / 20)).astype(np.float32)
    return noisy


def transmit(mix: Samples, channel: Channel, rng: np.random.Generator) -> Samples:
    """`mix` (num_samples,) at 16 kHz after the line, as many samples, at most full scale."""
    if channel == "noise":
        mix = with_noise(mix, NOISY_DB, rng)
    return _LINES[channel](np.clip(mix, -1, 1)) if channel in _LINES else mix


def _telephone(mix: Samples) -> Samples:
    """300 to 3 400 Hz at 8 kHz in mu-law."""
    from scipy.signal import butter, sosfilt

    narrow = sosfilt(butter(4, (300, 3400), "bandpass", fs=SAMPLE_RATE, output="sos"), mix)
    return _back(_encoded(soxr.resample(narrow, SAMPLE_RATE, 8000), 8000, "WAV", "ULAW"), len(mix))


def _mp3(mix: Samples) -> Samples:
    """24 kbit/s."""
    written = _encoded(mix, SAMPLE_RATE, "MP3", "MPEG_LAYER_III", bitrate_mode="CONSTANT", compression_level=0.9)
    return _back(written, len(mix))


def _opus(mix: Samples) -> Samples:
    """About 12 kbit/s."""
    return _back(_encoded(mix, SAMPLE_RATE, "OGG", "OPUS", compression_level=0.96), len(mix))


def _eleven(mix: Samples) -> Samples:
    """11 025 Hz, 8 bits."""
    return _back(_encoded(soxr.resample(mix, SAMPLE_RATE, 11025), 11025, "WAV", "PCM_U8"), len(mix))


def _encoded(samples: npt.ArrayLike, rate: int, container: str, subtype: str, **how: object) -> tuple[Samples, int]:
    """`samples` written as such a file and read again, with the rate they come back at."""
    file = io.BytesIO()
    soundfile.write(file, np.asarray(samples, np.float32), rate, format=container, subtype=subtype, **how)
    file.seek(0)
    return soundfile.read(file, dtype="float32")  # type: ignore[no-any-return]  # soundfile ships no types


def _back(found: tuple[Samples, int], length: int) -> Samples:
    """At 16 kHz, cut or filled with zeros to `length` samples."""
    samples: Samples = soxr.resample(*found, SAMPLE_RATE).astype(np.float32)[:length]
    return np.pad(samples, (0, length - len(samples)))


_LINES: Mapping[Channel, Callable[[Samples], Samples]] = {
    "telephone": _telephone,
    "mp3": _mp3,
    "opus": _opus,
    "11k": _eleven,
}
