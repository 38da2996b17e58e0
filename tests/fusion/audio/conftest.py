from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest


def tone(rate: int, seconds: float, hertz: float) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * hertz * np.arange(round(rate * seconds)) / rate)).astype(np.float32)


def frames(rate: int, layout: str, seconds: float, hertz: float, start: float) -> list[av.AudioFrame]:
    channels = tone(rate, seconds, hertz)[np.newaxis].repeat(len(av.AudioLayout(layout).channels), axis=0)
    found = []
    for first in range(0, channels.shape[1], 960):
        part = np.ascontiguousarray(channels[:, first : first + 960])
        frame = av.AudioFrame.from_ndarray(part, format="fltp", layout=layout)
        frame.sample_rate, frame.time_base, frame.pts = rate, Fraction(1, rate), first + round(start * rate)
        found.append(frame)
    return found


@pytest.fixture
def encode(tmp_path: Path) -> Callable[..., Path]:
    """``encode("a.mp3", "libmp3lame", 16_000, "mono", seconds=1.0, hertz=440.0, start=0.0)``: a tone in a file.

    `hertz` may be several: a track for each, of which `default` (from 1) is marked so.
    """

    def write(
        name: str,
        codec: str,
        rate: int,
        layout: str = "mono",
        *,
        seconds: float = 1.0,
        hertz: float | Sequence[float] = 440.0,
        start: float = 0.0,
        default: int | None = None,
        container: str | None = None,
        options: dict[str, str] | None = None,
    ) -> Path:
        every = (hertz,) if isinstance(hertz, float) else tuple(hertz)
        with av.open(str(tmp_path / name), "w", format=container, options=options or {}) as file:
            streams: list[Any] = [file.add_stream(codec, rate=rate, layout=layout) for _ in every]
            for number, stream in enumerate(streams, 1):
                stream.bit_rate = 64_000 * len(stream.layout.channels)
                stream.disposition = av.stream.Disposition.default if number == default else av.stream.Disposition(0)
            parts = [frames(rate, layout, seconds, pitch, start) for pitch in every]
            for together in zip(*parts, strict=True):
                for stream, frame in zip(streams, together, strict=True):
                    file.mux(stream.encode(frame))
            for stream in streams:
                file.mux(stream.encode(None))
        return tmp_path / name

    return write


@pytest.fixture
def pitch() -> Callable[[np.ndarray, float, float], float]:
    """``pitch(samples, start, end)``: the loudest frequency between two times, in hertz."""

    def loudest(samples: np.ndarray, start: float, end: float) -> float:
        part = samples[round(start * 16_000) : round(end * 16_000)].astype(np.float64)
        return float(np.argmax(np.abs(np.fft.rfft(part * np.hanning(len(part))))) * 16_000 / len(part))

    return loudest
