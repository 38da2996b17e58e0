from __future__ import annotations

import numpy as np
import pytest
import soundfile

from diarfuse.diarize.front_ends.kaldi import fbank
from diarfuse.diarize.models import resnet34
from diarfuse.diarize.models.checkpoint import read_checkpoint


@pytest.fixture(scope="module")
def seeded(inputs, runner):
    graphs = resnet34.build(inputs.resnet34_weights())
    return runner(graphs["trunk"]), runner(graphs["pooling"])


@pytest.fixture(scope="module")
def official_shape(shared, runner):
    """The shared checkpoint of seeded random weights."""
    graphs = resnet34.build(read_checkpoint(shared / "models" / "rand_resnet34_seed0.pt"))
    return runner(graphs["trunk"]), runner(graphs["pooling"])


def cosine(a, b):
    return (a * b).sum(-1) / np.linalg.norm(a, axis=-1) / np.linalg.norm(b, axis=-1)


def assert_same(ours, torchs):
    """Issue 3: within 1e-4 of pyannote, cosine above 0.999999."""
    np.testing.assert_allclose(ours, torchs, rtol=0, atol=1e-4)
    assert cosine(ours.astype(np.float64), torchs.astype(np.float64)).min() > 0.999999


@pytest.mark.parametrize("frames", [998, 203])
def test_all_kinds_of_mask_as_pyannote(seeded, inputs, golden, frames):
    trunk, pool = seeded
    features = trunk(inputs.fbanks(2, 1, frames))
    assert features.shape == (1, 2560, -(-frames // 8))
    assert_same(pool(features, inputs.masks(3, 1, features.shape[-1])), golden("resnet34")[f"seeded_{frames}"])


def test_the_shared_checkpoint_as_pyannote(official_shape, inputs, golden):
    trunk, pool = official_shape
    features = trunk(inputs.fbanks(2, 1, 998))
    assert_same(pool(features, inputs.masks(3, 1, 125)), golden("resnet34")["shared_998"])


@pytest.mark.parametrize(
    ("golden", "audio", "window"), [("sample", "pyannote_sample", 11), ("trn05", "ami_EN2004a_0-30", 0)]
)
def test_recorded_embeddings_of_real_audio(official_shape, shared, golden, audio, window):
    trunk, pool = official_shape
    recorded = np.load(shared / "golden" / "stages" / f"{golden}.npz")
    samples, _ = soundfile.read(shared / "audio" / "real" / f"{audio}.wav", dtype="float32")
    nearest = np.arange(125) * 589 // 125
    features = fbank(samples[16_000 * window :][:160_000])
    masks = recorded["used_masks"][window][:, nearest].astype(np.float32)
    ours = pool(trunk((features - features.mean(0))[None]), masks[None])[0]
    # The fbanks differ by 4e-4 (torchaudio's float32), so 1e-4 holds for the direction only.
    assert cosine(ours, recorded["embeddings"][window]).min() > 0.999999
    np.testing.assert_allclose(ours, recorded["embeddings"][window], rtol=0, atol=1e-3)


def test_an_empty_mask_gives_the_bias_and_no_nan(seeded, inputs):
    embedding = seeded[1](inputs.noise(5, 1, 2560, 9), np.zeros((1, 1, 9), np.float32))
    np.testing.assert_array_equal(embedding[0, 0], inputs.resnet34_weights()["resnet.seg_1.bias"])


def test_a_window_does_not_depend_on_its_batch(seeded, inputs):
    trunk, pool = seeded
    fbanks = inputs.fbanks(6, 3, 96)
    features = trunk(fbanks)
    masks = inputs.masks(7, 3, 12)
    alone = pool(trunk(fbanks[1:2]), masks[1:2])
    np.testing.assert_allclose(pool(features, masks)[1:2], alone, rtol=0, atol=1e-4)
