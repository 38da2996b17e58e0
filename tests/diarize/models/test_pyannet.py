from __future__ import annotations

import numpy as np
import pytest
import soundfile

from diarize.models import pyannet
from diarize.models.checkpoint import read_checkpoint
from fusion.errors import CorruptModelError

RECORDINGS = {"sample": "pyannote_sample.wav", "trn05": "ami_EN2004a_0-30.wav"}


def assert_same(ours, torchs):
    """Probabilities within 1e-4 of torch, every decision equal (but for ties that rounding decides)."""
    assert ours.shape == torchs.shape
    ours, torchs = np.exp(ours), np.exp(torchs)
    np.testing.assert_allclose(ours, torchs, rtol=0, atol=1e-4)
    # One of 131 000 decisions on the shared recordings: torch's float32 gives 0.394023 and 0.394028
    # there, torch's float64 0.394084 and 0.394018, so float64 decides as we do.
    best = np.sort(torchs, axis=-1)
    clear = best[..., -1] - best[..., -2] > 1e-5
    np.testing.assert_array_equal(ours.argmax(-1)[clear], torchs.argmax(-1)[clear])
    assert (~clear).mean() < 0.002


@pytest.fixture(scope="module")
def seeded(inputs, runner):
    return runner(pyannet.build(inputs.pyannet_weights())["segmentation"])


def test_two_windows_as_torch(seeded, inputs, golden):
    expected = golden("pyannet")["window"]
    assert expected.shape == (2, 589, 7)
    assert len(np.unique(expected.argmax(-1))) == 7
    assert_same(seeded(inputs.waveforms(1, 2, 160_000)), expected)


@pytest.mark.parametrize(("name", "samples"), [("odd", 5003), ("shortest", 1261)])
def test_any_length(seeded, inputs, golden, name, samples):
    assert_same(seeded(inputs.waveforms(1, 2, samples)), golden("pyannet")[name])


def test_a_window_does_not_depend_on_its_batch(seeded, inputs):
    windows = inputs.waveforms(1, 3, 32_000)
    np.testing.assert_allclose(seeded(windows)[1:2], seeded(windows[1:2]), rtol=0, atol=1e-4)


@pytest.mark.parametrize("value", [0.0, 0.25])
def test_a_constant_signal_gives_numbers(seeded, value):
    log_probabilities = seeded(np.full((1, 1, 160_000), value, dtype=np.float32))
    np.testing.assert_allclose(np.exp(log_probabilities).sum(-1), 1, rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", RECORDINGS)
def test_real_weights_on_real_audio_as_pyannote(segmentation_weights, shared, runner, name):
    segment = runner(pyannet.build(read_checkpoint(segmentation_weights))["segmentation"])
    expected = np.load(shared / "golden" / "stages" / f"{name}.npz")["logp"]
    samples, _ = soundfile.read(shared / "audio" / "real" / RECORDINGS[name], dtype="float32")
    padded = np.pad(samples, (0, 160_000))
    for index, window in enumerate(expected):
        start = 16_000 * index
        assert_same(segment(padded[start : start + 160_000][None, None])[0], window)


def test_a_foreign_or_incomplete_checkpoint_is_refused(inputs):
    weights = inputs.pyannet_weights()
    with pytest.raises(CorruptModelError, match=r"no tensor 'lstm\.weight_ih_l2'"):
        pyannet.build({name: value for name, value in weights.items() if name != "lstm.weight_ih_l2"})
    with pytest.raises(CorruptModelError, match=r"'classifier\.weight' has shape \(4, 128\) instead of \(7, any\)"):
        pyannet.build(weights | {"classifier.weight": np.zeros((4, 128), np.float32)})
    with pytest.raises(CorruptModelError, match="not the network this pack needs"):
        pyannet.build(weights | {"linear.1.weight": np.zeros((128, 127), np.float32)})
