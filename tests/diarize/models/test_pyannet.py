from __future__ import annotations

import numpy as np
import pytest
import soundfile

from diarfuse.diarize.models import pyannet
from diarfuse.diarize.models.checkpoint import read_checkpoint
from diarfuse.diarize.runtime import Session
from diarfuse.diarize.windows import Windows
from diarfuse.fusion.errors import CorruptModelError

RECORDINGS = (
    *(f"ami_EN{meeting}_0-30" for meeting in ("2001a", "2001b", "2001d", "2001e", "2004a", "2006a", "2006b")),
    *("fw_stereo_mixdown", "paa_diarizationExample", "paa_diarizationExample2", "pyannote_sample"),
)

TIES = {"pyannote_sample": ((1, 548, 2),)}
"""Window, frame, and float64's class: torch's float32 holds its two best classes 5e-6 apart the other way round."""

UNCERTAIN = {"ami_EN2006b_0-30": (4,)}
"""A window of little sound in which the LSTM makes the last bit of its input 1e-3 of a probability: torch with
oneDNN, without, and in float64 differ by so much (the golden ``spread``). Nobody can be within 1e-4 of all three."""


def assert_same(ours, torchs):
    """Probabilities within 1e-4 of torch, every decision equal (but for ties that rounding decides)."""
    assert ours.shape == torchs.shape
    ours, torchs = np.exp(ours), np.exp(torchs)
    np.testing.assert_allclose(ours, torchs, rtol=0, atol=1e-4)
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


@pytest.fixture(scope="module")
def real(segmentation_weights):
    """Of the very bytes that the store has of it, so that what it says here is remembered for others, and theirs."""
    return Session(pyannet.build(read_checkpoint(segmentation_weights))["segmentation"].SerializeToString())


@pytest.mark.parametrize("every", [8, pytest.param(1, marks=pytest.mark.official)])
@pytest.mark.parametrize("name", RECORDINGS)
def test_every_real_recording_as_pyannote(real, shared, golden, name, every):
    """All 131 347 decisions of torch, and its probabilities where make_segmentation.py kept them.

    By itself of every eighth window, of which there is one each second, and of those that are listed here.
    """
    samples, _ = soundfile.read(shared / "audio" / "real" / f"{name}.wav", dtype="float32")
    windows = Windows(samples.size)
    torchs = golden("segmentation_real")
    decisions, kept, spread = (torchs[f"{name}.{part}"] for part in ("decisions", "samples", "spread"))
    assert len(decisions) == windows.count
    tolerance = np.full(windows.count, 1e-4)
    for window in UNCERTAIN.get(name, ()):
        tolerance[window] = spread[window]
    for window, frame, best in TIES.get(name, ()):
        decisions[window, frame] = best
    listed = {window for window, *_ in TIES.get(name, ())} | {*UNCERTAIN.get(name, ())}
    for window in sorted({*range(0, windows.count, every)} | listed):
        ours = np.exp(real(windows.stacked(samples, [window])))[0]
        np.testing.assert_array_equal(ours.argmax(-1), decisions[window])
        difference = abs(ours[window % 20 :: 20][: kept.shape[1]] - kept[window]).max()
        assert difference <= tolerance[window], (window, difference)


def test_no_real_recording_is_left_out(shared):
    assert {path.stem for path in (shared / "audio" / "real").glob("*.wav")} == set(RECORDINGS)


def test_exceptions_are_where_torch_differs_from_itself(golden):
    torchs = golden("segmentation_real")
    ties = {(name, *map(str, tie)) for name, found in TIES.items() for tie in found}
    assert {tuple(row) for row in torchs["undecided"].tolist()} == ties
    uncertain = {name: tuple(np.flatnonzero(torchs[f"{name}.spread"] > 1e-4)) for name in RECORDINGS}
    assert {name: windows for name, windows in uncertain.items() if windows} == UNCERTAIN


def test_a_foreign_or_incomplete_checkpoint_is_refused(inputs):
    weights = inputs.pyannet_weights()
    with pytest.raises(CorruptModelError, match=r"no tensor 'lstm\.weight_ih_l2'"):
        pyannet.build({name: value for name, value in weights.items() if name != "lstm.weight_ih_l2"})
    with pytest.raises(CorruptModelError, match=r"'classifier\.weight' has shape \(4, 128\) instead of \(7, any\)"):
        pyannet.build(weights | {"classifier.weight": np.zeros((4, 128), np.float32)})
    with pytest.raises(CorruptModelError, match="not the network this pack needs"):
        pyannet.build(weights | {"linear.1.weight": np.zeros((128, 127), np.float32)})
