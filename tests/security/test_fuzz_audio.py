"""Recordings, damaged anywhere: what is left of the sound, or one sentence, and nothing printed by a decoder."""

from __future__ import annotations

import io
import random
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from diarfuse.fusion.audio import load_audio, load_channels
from tests.security.mutations import answer, fuzz, is_plain, mutate_bytes, put

RATE = 16_000
TONE = (0.3 * np.sin(np.arange(RATE // 2) / 5)).astype(np.float32)
LONG = np.tile(TONE, 8) + np.random.default_rng(0).normal(0, 0.02, 8 * len(TONE)).astype(np.float32)
"""For OGG, half a second of which is nearly all header, whose damage leaves nothing."""
LONGEST = 60 * RATE
"""Samples that no damage may make of half a second and a few hundred changed bytes."""


def of_soundfile(kind: str, channels: int = 1) -> bytes:
    buffer, sound = io.BytesIO(), LONG if kind == "OGG" else TONE
    soundfile.write(buffer, np.column_stack([sound] * channels), RATE, format=kind)
    return buffer.getvalue()


def of_libav(container: str, codec: str, rate: int = RATE) -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as out:
        stream = out.add_stream(codec, rate=rate)
        stream.layout = "mono"
        resampler = av.AudioResampler(stream.format, "mono", rate)
        frame = av.AudioFrame.from_ndarray(TONE[None], format="flt", layout="mono")
        frame.sample_rate, frame.time_base, frame.pts = RATE, Fraction(1, RATE), 0
        for part in (*resampler.resample(frame), *resampler.resample(None)):
            out.mux(stream.encode(part))
        out.mux(stream.encode(None))
    return buffer.getvalue()


SEEDS = {
    **{kind: of_soundfile(kind) for kind in ("WAV", "FLAC", "OGG", "AIFF", "MP3", "W64", "CAF", "AU")},
    "stereo WAV": of_soundfile("WAV", 2),
    "m4a": of_libav("mp4", "aac"),
    "adts": of_libav("adts", "aac"),
    "mkv": of_libav("matroska", "libopus", 48_000),
    "webm": of_libav("webm", "libopus", 48_000),
    "mpegts": of_libav("mpegts", "mp2", 44_100),
}


@pytest.mark.parametrize("kind", SEEDS)
def test_recordings(kind: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    good = SEEDS[kind]
    path = tmp_path / "sound"
    taken: list[int] = []

    def one(chance: random.Random) -> None:
        data = mutate_bytes(good, list(SEEDS.values()), chance)
        put(path, data)
        told: list[str] = []
        samples = answer(lambda _: load_audio(path, on_note=told.append), data)
        if samples is not None:
            assert samples.dtype == np.float32
            assert 0 < len(samples) < LONGEST
            assert np.isfinite(samples).all()
            taken.append(len(samples))
        assert all(is_plain(sentence) for sentence in told)
        for channel in answer(lambda _: load_channels(path), data) or ():
            assert np.isfinite(channel).all()

    path.write_bytes(good)
    assert abs(len(load_audio(path)) - len(LONG if kind == "OGG" else TONE)) < 0.1 * RATE
    fuzz(20, one)
    assert taken
    assert capfd.readouterr() == ("", "")
