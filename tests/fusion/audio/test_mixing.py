"""Channels whose mean would be silence are mixed in another way, with a sentence; all others as ever."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from diarfuse.fusion.audio import load_audio, load_channels

RATE = 8_000


def voice(seed: int, seconds: float = 4.0) -> np.ndarray:
    """Noise that swells and falls like syllables."""
    rng = np.random.default_rng(seed)
    swell = np.repeat(rng.uniform(0.02, 1, round(seconds * 5)), RATE // 5)
    return 0.2 * swell * rng.normal(size=len(swell))


ONE, OTHER = voice(1), voice(2)
NONE = np.zeros_like(ONE)
AFTER = np.concatenate  # one stretch of time after another


@pytest.mark.parametrize(
    ("channels", "what", "wanted"),
    [
        ((ONE, -ONE), "channel 2 is turned over", ONE),
        ((0.9 * ONE, -ONE), "channel 2 is turned over", 0.95 * ONE),
        ((AFTER([ONE, ONE]), AFTER([-ONE, NONE])), "channel 2 is turned over", AFTER([ONE, ONE / 2])),
        ((ONE, -ONE, NONE, NONE, OTHER, -OTHER), "channels 2 and 6 are turned over", (ONE + OTHER) / 3),
        ((NONE, NONE, NONE, ONE, -ONE), "channel 5 is turned over", ONE * 0.4),
        ((AFTER([ONE, OTHER]), AFTER([-ONE, OTHER])), "channel 1 alone is used", AFTER([ONE, OTHER])),
        (
            (AFTER([ONE, OTHER]), AFTER([-1.2 * ONE, 1.2 * OTHER])),
            "channel 2 alone is used",
            AFTER([-1.2 * ONE, 1.2 * OTHER]),
        ),
    ],
)
def test_channels_out_of_phase(tmp_path: Path, channels: tuple, what: str, wanted: np.ndarray) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, np.stack(channels, 1), RATE, subtype="FLOAT")
    soundfile.write(tmp_path / "wanted.wav", wanted, RATE, subtype="FLOAT")
    notes: list[str] = []
    mixed = load_audio(path, on_note=notes.append)
    np.testing.assert_allclose(mixed, load_audio(tmp_path / "wanted.wav"), atol=1e-5)
    assert len(notes) == 1
    assert notes[0].startswith(f"{path} has channels out of phase, whose mean would lose ")
    assert notes[0].endswith(f" s: {what}.")
    assert len(load_channels(path, on_note=notes.append)) == len(channels)
    assert len(notes) == 1


HUM = 0.05 * np.sin(2 * np.pi * 50 * np.arange(len(ONE)) / RATE)
LATE = np.roll(ONE, 3)


@pytest.mark.parametrize(
    "channels",
    [
        (ONE, ONE),
        (ONE, OTHER),
        (ONE, NONE),
        (ONE, LATE),
        (ONE + 0.3 * OTHER, OTHER + 0.3 * ONE),
        (ONE + HUM, ONE - HUM),
        (NONE, NONE, ONE, NONE, NONE, NONE),
        (AFTER([ONE, NONE]) + 1e-4 * voice(3, 8.0), AFTER([ONE, NONE]) - 1e-4 * voice(3, 8.0)),
        (NONE, NONE),
        (np.full_like(ONE, 0.5), np.full_like(ONE, -0.5)),
    ],
)
def test_channels_in_phase_are_averaged(tmp_path: Path, channels: tuple) -> None:
    """Two microphones, two people, one silent channel, hum or faint noise out of phase, an offset, silence."""
    soundfile.write(tmp_path / "a.wav", np.stack(channels, 1), RATE, subtype="FLOAT")
    soundfile.write(tmp_path / "mean.wav", np.mean(channels, axis=0), RATE, subtype="FLOAT")
    notes: list[str] = []
    mixed = load_audio(tmp_path / "a.wav", on_note=notes.append)
    np.testing.assert_allclose(mixed, load_audio(tmp_path / "mean.wav"), atol=1e-6)
    assert notes == []


def test_recordings_with_other_channels_in_one_file(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "1.flac", np.stack([ONE, -ONE], 1), RATE)
    soundfile.write(tmp_path / "2.flac", ONE, RATE)
    soundfile.write(tmp_path / "3.flac", np.stack([ONE, OTHER, NONE], 1), RATE)
    path = tmp_path / "all.flac"
    path.write_bytes(b"".join((tmp_path / f"{i}.flac").read_bytes() for i in (1, 2, 3)))
    notes: list[str] = []
    mixed = load_audio(path, on_note=notes.append)
    seconds = len(ONE) / RATE
    first, second = (mixed[round(i * seconds * 16_000) :][:48_000] for i in (0, 1))
    np.testing.assert_allclose(first[100:], second[100:], atol=1e-3)  # but for the edge of the resampler
    assert len(notes) == 1
