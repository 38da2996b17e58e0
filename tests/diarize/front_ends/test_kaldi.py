from __future__ import annotations

import kaldi_native_fbank
import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from diarfuse.diarize.front_ends.kaldi import fbank, num_frames
from diarfuse.fusion.types import SAMPLE_RATE

BEYOND_KALDI = "paa_diarizationExample"
"""Here one number in 335 000 of kaldi-native-fbank, which is float32 throughout, is itself 1.1e-3 from the book."""


def by_the_book(samples):
    """Every step in float64, as Kaldi's documentation words it."""
    mel = 1127 * np.log(1 + np.array([20, 8000]) / 700)
    edges = 700 * (np.exp(np.linspace(*mel, 82) / 1127) - 1)
    frames = np.stack([samples[start : start + 400] for start in range(0, len(samples) - 399, 160)])
    frames = frames.astype(np.float64) * 2**15
    frames -= frames.mean(axis=1, keepdims=True)
    frames = frames - 0.97 * np.concatenate([frames[:, :1], frames[:, :-1]], axis=1)
    power = np.abs(np.fft.rfft(frames * np.hamming(400), 512)) ** 2
    bands = [band(power, *edges[k : k + 3]) for k in range(80)]
    return np.log(np.maximum(bands, 2.0**-23)).T


def band(power, low, middle, high):
    """A triangle on the mel scale over the bins of 31.25 Hz, without the one at 8 kHz."""
    low, middle, high = (1127 * np.log(1 + hertz / 700) for hertz in (low, middle, high))
    bins = 1127 * np.log(1 + np.arange(256) * 31.25 / 700)
    rising, falling = (bins - low) / (middle - low), (high - bins) / (high - middle)
    return power[:, :256] @ np.clip(np.minimum(rising, falling), 0, None)


def kaldi(samples):
    options = kaldi_native_fbank.FbankOptions()
    options.frame_opts.dither = 0
    options.frame_opts.window_type = "hamming"
    options.mel_opts.num_bins = 80
    online = kaldi_native_fbank.OnlineFbank(options)
    online.accept_waveform(SAMPLE_RATE, samples * 2**15)
    online.input_finished()
    return np.array([online.get_frame(index) for index in range(online.num_frames_ready)])


def test_by_the_book(inputs):
    samples = inputs.waveforms(10, 1, 9_000)[0, 0] + np.float32(0.1)
    np.testing.assert_allclose(fbank(samples), by_the_book(samples), rtol=0, atol=1e-5)


def test_every_real_recording_as_the_book_kaldi_and_torchaudio(shared, golden):
    expected = golden("fbank_real")
    recordings = sorted((shared / "audio" / "real").glob("*.wav"))
    assert {path.stem for path in recordings} == expected.keys()
    for path in recordings:
        samples, _ = soundfile.read(path, dtype="float32")
        ours = fbank(samples)
        assert ours.dtype == np.float32
        np.testing.assert_allclose(ours[7::100], expected[path.stem], rtol=0, atol=1e-3)
        some = samples[-8 * SAMPLE_RATE :]  # in which somebody speaks
        np.testing.assert_allclose(fbank(some), by_the_book(some), rtol=0, atol=1e-5)
        if path.stem != BEYOND_KALDI:
            np.testing.assert_allclose(fbank(some), kaldi(some), rtol=0, atol=1e-3)


@pytest.mark.parametrize(("stage", "name"), [("sample", "pyannote_sample"), ("trn05", "ami_EN2004a_0-30")])
def test_as_torchaudio_within_pyannote(shared, stage, name):
    samples, _ = soundfile.read(shared / "audio" / "real" / f"{name}.wav", dtype="float32")
    ours = fbank(samples[:160_000])
    expected = np.load(shared / "golden" / "stages" / f"{stage}.npz")["fbank_chunk0"][0]
    np.testing.assert_allclose(ours - ours.mean(0), expected, rtol=0, atol=1e-3)


@given(first=st.integers(0, 700), count=st.integers(1, 700))
def test_a_part_of_a_long_recording_is_what_the_whole_says(inputs, first, count):
    samples = inputs.noise(11, 120_000)
    whole = fbank(samples)
    part = fbank(samples[160 * first : 160 * (first + count - 1) + 400])
    np.testing.assert_allclose(part, whole[first : first + count], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("samples", "frames"), [(0, 0), (399, 0), (400, 1), (559, 1), (560, 2), (160_000, 998), (160_001, 998)]
)
def test_number_of_frames(samples, frames):
    assert num_frames(samples) == frames
    assert fbank(np.zeros(samples, np.float32)).shape == (frames, 80)


@pytest.mark.parametrize("value", [0.0, 0.5])
def test_silence_and_a_constant_give_the_floor(value):
    np.testing.assert_allclose(fbank(np.full(4000, value, np.float32)), np.log(2.0**-23), rtol=0, atol=1e-5)


def test_strided_and_read_only_samples(inputs):
    samples = inputs.noise(12, 8_000)[::2]
    samples.flags.writeable = False
    np.testing.assert_array_equal(fbank(samples), fbank(samples.copy()))
