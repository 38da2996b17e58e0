"""Every front end against the library whose networks eat it (tests/golden/make_front_ends.py; Kaldi live)."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import kaldi_native_fbank
import numpy as np
import pytest

from diarfuse.diarize.front_ends import FRONT_ENDS
from diarfuse.diarize.front_ends.nemo import nemo_features, num_frames
from diarfuse.diarize.front_ends.speechbrain import speechbrain_features

GOLDEN = Path(__file__).resolve().parents[2] / "golden"
spec = importlib.util.spec_from_file_location("signals", GOLDEN / "signals.py")
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
SIGNALS = dict(module.signals())
CLOSE = 5e-3
"""Beside the chirp's pure tone the libraries, float32 throughout, are off by up to 3.3e-3 in faint bands."""


def kaldi(samples: np.ndarray, window: str) -> np.ndarray:
    options = kaldi_native_fbank.FbankOptions()
    options.frame_opts.dither = 0
    options.frame_opts.window_type = window
    options.mel_opts.num_bins = 80
    online = kaldi_native_fbank.OnlineFbank(options)
    online.accept_waveform(16_000, samples)
    online.input_finished()
    features = np.array([online.get_frame(index) for index in range(online.num_frames_ready)])
    return features - features.mean(axis=0)


@pytest.mark.parametrize("name", SIGNALS)
@pytest.mark.parametrize(("front_end", "window", "scale"), [("kaldi", "hamming", 2**15), ("3d-speaker", "povey", 1)])
def test_kaldis_front_ends_are_kaldi_native_fbanks(front_end, window, scale, name):
    ours = FRONT_ENDS[front_end].features(SIGNALS[name])
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, kaldi(SIGNALS[name] * scale, window), rtol=0, atol=CLOSE)


@pytest.mark.parametrize("name", SIGNALS)
@pytest.mark.parametrize("front_end", ["nemo", "speechbrain"])
def test_the_others_are_what_their_library_says(front_end, name):
    golden = np.load(GOLDEN / "front_ends.npz")
    ours = FRONT_ENDS[front_end].features(SIGNALS[name])
    assert ours.dtype == np.float32
    assert ours.shape == (golden[f"{front_end}/{name}/frames"], 80)
    np.testing.assert_allclose(ours[::3], golden[f"{front_end}/{name}"], rtol=0, atol=CLOSE)


@pytest.mark.parametrize("samples", [1, 159, 320, 400, 16_000])
def test_silence_and_next_to_nothing_stay_finite(samples):
    for front_end in FRONT_ENDS.values():
        assert np.isfinite(front_end.features(np.zeros(max(samples, 400), np.float32))).all()
    assert speechbrain_features(np.zeros(samples, np.float32)).shape == (1 + samples // 160, 80)
    features = nemo_features(np.full(samples, 0.1, np.float32))
    assert len(features) % 16 == 0
    assert not features[num_frames(samples) :].any()
