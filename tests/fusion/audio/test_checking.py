"""What a caller of the library may give as audio, and at which rate."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soxr

from diarfuse.fusion.audio import at_16_khz, check_samples, load_audio
from diarfuse.fusion.errors import AudioError, OptionError


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 44_100, 48_000, 44_100.0, np.int64(48_000)])
@pytest.mark.parametrize("kind", [np.float32, np.float64, np.int16])
def test_samples_at_another_rate_become_16_khz(rate: float, kind: type) -> None:
    noise = (0.5 * np.random.default_rng(0).uniform(-1, 1, int(3 * rate))).astype(np.float32)
    given = (noise * 32768).astype(np.int16) if kind is np.int16 else noise.astype(kind)
    found = check_samples(given, rate)
    assert found.dtype == np.float32
    assert len(found) == pytest.approx(48_000, abs=1)
    np.testing.assert_allclose(found, soxr.resample(noise, rate, 16_000, quality="HQ"), atol=1e-4)
    assert len(check_samples(given[:1], rate)) <= 3


def test_samples_at_16_khz_are_left_alone() -> None:
    noise = np.random.default_rng(0).uniform(-1, 1, 3_000).astype(np.float32)
    assert np.shares_memory(check_samples(noise, 16_000), noise)
    assert at_16_khz(noise, 16_000.0) is noise
    assert not len(at_16_khz(noise[:0], 44_100))


@pytest.mark.parametrize(
    "rate",
    [
        0,
        -16_000,
        44.1,
        16e9,
        float("nan"),
        float("inf"),
        "44100",
        None,
        True,
        16_000j,
        np.complex64(16_000),
        np.timedelta64(16_000, "s"),
    ],
)
def test_what_is_no_rate_is_refused(rate: Any) -> None:
    for function in (check_samples, at_16_khz):
        with pytest.raises(OptionError, match=r"sample_rate=.* must be a number of samples a second, from 2000 to"):
            function(np.zeros(100, np.float32), rate)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (b"RIFF", "audio given as bytes cannot be used: write it to a file and give its path, or decode it"),
        (bytearray(9), "audio given as bytearray"),
        (memoryview(b"RIFF"), "audio given as memoryview"),
        (io.BytesIO(b"RIFF"), "audio given as BytesIO"),
        ({"waveform": np.zeros(9), "sample_rate": 16_000}, "audio given as dict .* and their rate as sample_rate"),
        ((np.zeros(9), 16_000), "audio given as tuple .* and their rate as sample_rate"),
        ((16_000, np.zeros(9)), "audio given as tuple"),
        ([[0.0, 0.1], [0.2]], "must be one array"),
        ([[0.0, 0.1], [0.2, 0.3]], r"shape \(2, 2\) must be mono"),
        (np.zeros((100, 2)), r"average the channels first, samples\.mean\(axis=1\)\.$"),
        (np.zeros((2, 100)), r"average the channels first, samples\.mean\(axis=0\)\.$"),  # as torchaudio has it
        (np.zeros((1, 100)), r"give samples\.reshape\(-1\)\.$"),
        (np.zeros((4, 1, 100)), r"give one recording at a time\.$"),
        ([None, None], "type object"),
        (np.array([object()]), "type object"),
        (None, "given as NoneType cannot be used: give a file"),
        (range(0), "empty"),
        (np.ma.masked_greater(np.zeros(9), -1), r"some masked.* give samples\.filled\(0\)"),
    ],
)
def test_what_is_no_samples_is_refused_in_our_words(given: Any, sentence: str) -> None:
    with pytest.raises(AudioError, match=sentence):
        check_samples(given)


class Tensor:
    """Converts as torch's do: or not, with its own words."""

    def __init__(self, converts: Any) -> None:
        self._converts = converts

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        if isinstance(self._converts, Exception):
            raise self._converts
        return self._converts


@pytest.mark.parametrize(
    "error",
    [
        TypeError("can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu() first."),
        RuntimeError("Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead."),
        TypeError("Got unsupported ScalarType BFloat16"),
    ],
)
def test_a_tensor_that_becomes_no_array_is_told_why_and_what_to_do(error: Exception) -> None:
    with pytest.raises(
        AudioError, match=r"given as Tensor cannot become an array \(.*\): give .*detach\(\)\.cpu\(\)"
    ) as caught:
        check_samples(Tensor(error))
    assert str(error).rstrip(".") in str(caught.value)
    assert check_samples(Tensor(np.array([16384], np.int16))).tolist() == [0.5]


def test_the_place_of_nan_is_told_in_seconds_of_the_given_rate() -> None:
    samples = np.zeros(48_000)
    samples[24_000] = np.nan
    with pytest.raises(AudioError, match=r"samples holds NaN at 0\.500 s \(sample 24000\)"):
        check_samples(samples, 48_000)


def test_a_loop_of_links_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.wav").symlink_to(tmp_path / "b.wav")
    (tmp_path / "b.wav").symlink_to(tmp_path / "a.wav")
    with pytest.raises(AudioError, match=r"a\.wav cannot be read \(Too many levels of symbolic links\)"):
        load_audio(tmp_path / "a.wav")
