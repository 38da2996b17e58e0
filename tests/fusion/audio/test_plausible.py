"""Speech at a wrong sample rate is doubted, and none at its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soxr

from diarfuse.fusion.audio import doubts, load_audio, undoubted
from diarfuse.fusion.formats.rttm import read_rttm

MEETING = Path(__file__).resolve().parents[3] / "examples" / "meeting.wav"


def doubted(samples: np.ndarray) -> str:
    return "".join(doubts(samples.astype(np.float32), [(0.0, len(samples) / 16_000)]))


@pytest.fixture(scope="module")
def meeting() -> np.ndarray:
    return load_audio(MEETING)[: 60 * 16_000]


@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
def test_samples_at_a_higher_rate_are_slow(meeting: np.ndarray, rate: int) -> None:
    assert "implausibly slow and deep, as if its sample rate were much higher" in doubted(
        soxr.resample(meeting, 16_000, rate)
    )


def test_samples_at_a_lower_rate_are_fast(meeting: np.ndarray) -> None:
    """4 kHz: of 8 kHz, which makes a man's voice a child's, a part is doubted."""
    assert "implausibly fast and high, as if its sample rate were much lower" in doubted(
        soxr.resample(meeting, 16_000, 4_000)
    )


def test_music_as_loud_as_the_voices_is_told_as_what_it_may_be(meeting: np.ndarray) -> None:
    speech = meeting[: 15 * 16_000]
    notes = sum(np.sin(2 * np.pi * hertz * np.arange(len(speech)) / 16_000) for hertz in (110, 138, 165, 220))
    loud = (speech + notes * speech.std() / notes.std()).astype(np.float32)
    assert doubted(loud).endswith("; where music is about as loud as the voices, it is what sounds so.")
    assert "music" not in doubted(soxr.resample(meeting, 16_000, 4_000))


def test_speech_at_its_own_rate_is_not_doubted(meeting: np.ndarray) -> None:
    from scipy.signal import butter, sosfilt  # which takes long: not as the tests are collected

    telephone = sosfilt(butter(4, (300, 3_400), "bandpass", fs=16_000, output="sos"), meeting)
    noisy = meeting + np.random.default_rng(0).normal(0, 0.1 * meeting.std(), len(meeting))
    for samples in (meeting, telephone, noisy, 0.001 * meeting, np.clip(9 * meeting, -1, 1)):
        for start in range(0, len(samples), 15 * 16_000):
            assert doubted(samples[start : start + 15 * 16_000]) == ""


def test_whoever_leaves_it_to_another_is_told_nothing(meeting: np.ndarray) -> None:
    slow = soxr.resample(meeting, 16_000, 48_000)
    assert undoubted(doubted)(slow) == ""
    assert doubted(slow)


def test_too_little_to_tell(meeting: np.ndarray) -> None:
    slow = soxr.resample(meeting, 16_000, 48_000)
    assert doubts(slow, []) == ()
    assert doubts(slow, [(1.0, 5.0)]) == ()
    assert doubts(slow[:100], [(0.0, 100.0)]) == ()
    assert doubted(np.zeros(160_000)) == ""
    assert doubted(np.random.default_rng(0).normal(size=160_000)) == ""


def test_no_recording_of_real_voices_is_doubted(shared: Path) -> None:
    """None of the voices is what the model was fitted to."""
    for folder in ("real", "sim"):
        for path in sorted(p for p in (shared / "audio" / folder).iterdir() if p.suffix in (".wav", ".flac")):
            speech = [(turn.start, turn.end) for turn in read_rttm(path.with_suffix(".rttm"))]
            assert doubts(load_audio(path), speech) == (), path


@pytest.mark.parametrize(
    ("scale", "speech", "told"),
    [
        (2.0**-16, [(0.0, 0.2)], "lies 96 dB below full scale"),
        (9e-4, [], "lies 61 dB"),
        (1.1e-3, [], None),
        (2.0**-16, [(0.0, 1.0)], None),  # it was heard all the same
        (0.0, [], None),  # silence is told by whoever finds no speech
    ],
)
def test_what_is_fainter_than_speech_is_told_where_little_of_it_was_found(scale, speech, told):
    samples = np.full(16_000, -scale, np.float32)
    found = doubts(samples, speech)
    assert len(found) == (told is not None)
    assert told is None or told in found[0]
