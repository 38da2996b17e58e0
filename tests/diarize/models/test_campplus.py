from __future__ import annotations

import numpy as np
import pytest

from diarfuse.diarize.models import campplus
from diarfuse.diarize.models.checkpoint import read_checkpoint

# Around the segments of 100 frames at half the rate: many, two and a bit, one whole, part of one, very short.
LENGTHS = [998, 401, 200, 150, 7]


@pytest.fixture(scope="module")
def seeded(inputs, runner):
    graphs = campplus.build(inputs.campplus_weights())
    return runner(graphs["trunk"]), runner(graphs["pooling"])


def embed(networks, fbanks):
    trunk, pool = networks
    features = trunk(fbanks)
    assert features.shape == (len(fbanks), 512, -(-fbanks.shape[1] // 2))
    return pool(features, np.ones((len(fbanks), 1, features.shape[-1]), np.float32))[:, 0]


@pytest.mark.parametrize("frames", LENGTHS)
def test_any_length_as_torch(seeded, inputs, golden, frames):
    ours = embed(seeded, inputs.fbanks(4, 2, frames))
    np.testing.assert_allclose(ours, golden("campplus")[f"seeded_{frames}"], rtol=0, atol=1e-4)


def test_real_weights_as_torch(campplus_weights, runner, inputs, golden):
    graphs = campplus.build(read_checkpoint(campplus_weights))
    networks = runner(graphs["trunk"]), runner(graphs["pooling"])
    for frames in LENGTHS:
        ours = embed(networks, inputs.fbanks(4, 2, frames))
        np.testing.assert_allclose(ours, golden("campplus")[f"real_{frames}"], rtol=0, atol=1e-4)


def test_weighted_pooling_against_its_formula(seeded, inputs):
    weights = inputs.campplus_weights()
    features = inputs.noise(8, 2, 512, 30)
    masks = np.random.default_rng(9).random((2, 3, 30)).astype(np.float32)
    total = masks.sum(-1, dtype=np.float64)[..., None]
    mean = np.einsum("bct,bmt->bmc", features, masks) / total
    squares = np.einsum("bmct,bmt->bmc", (features[:, None] - mean[..., None]) ** 2, masks)
    spread = np.sqrt(squares / (total - np.square(masks).sum(-1)[..., None] / total))
    norm = "xvector.dense.nonlinear.batchnorm"
    dense = np.concatenate([mean, spread], -1) @ weights["xvector.dense.linear.weight"][:, :, 0].T
    expected = (dense - weights[f"{norm}.running_mean"]) / np.sqrt(weights[f"{norm}.running_var"] + 1e-5)
    np.testing.assert_allclose(seeded[1](features, masks), expected, rtol=0, atol=1e-4)


def test_masks_of_nothing_and_of_one_frame_give_numbers(seeded, inputs):
    embeddings = seeded[1](inputs.noise(8, 1, 512, 30), inputs.masks(3, 1, 30))
    assert np.isfinite(embeddings).all()
