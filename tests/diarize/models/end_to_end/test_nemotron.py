"""The graphs by themselves; what they say in a whole network is compared in `sortformer/test_listening.py`."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from diarfuse.diarize.models.end_to_end import nemotron, sortformer
from diarfuse.fusion.errors import CorruptModelError
from tests.golden.sortformer import files

BUILDERS = {"nemotron": nemotron, "sortformer": sortformer, "audar": sortformer}
REPEATED = {"nemotron": "model.audio_tower.layers.1.", "sortformer": "encoder.layers.1."}


@pytest.mark.parametrize("kind", files.KINDS)
def test_one_frame_and_many_give_shares(runner, kind):
    graphs = {name: runner(graph) for name, graph in BUILDERS[kind].build(files.tensors(kind)).items()}
    for frames in (1, 2, 700):
        mel = np.zeros((1, 8 * frames, 128), np.float32)
        embeddings = graphs["embed"](mel)
        said = graphs["step"](embeddings)
        assert embeddings.shape == (1, frames, 64)
        assert said.shape == (1, frames * (8 if kind == "nemotron" else 1), 4 if kind == "sortformer" else 8)
        assert ((said >= 0) & (said <= 1)).all()


@pytest.mark.parametrize("kind", ["nemotron", "sortformer"])
def test_every_tensor_is_asked_for_and_must_fit(kind):
    """All but those of the training, and the front end's; what every tensor is asked alike is asked of one in seven."""
    good, alike = files.tensors(kind), itertools.cycle([True, *6 * [False]])
    spare = ("num_batches_tracked", "preprocessor.featurizer.", "sortformer_modules.hidden_to_spks.")
    for name in good:
        if any(part in name for part in (*spare, REPEATED[kind], "transformer_encoder.layers.1")):
            continue
        larger = np.concatenate([good[name], good[name][..., :1]], axis=-1)
        never = (np.zeros((3, 5, 7, 2, 2)), np.full_like(good[name], np.nan), good[name] + 0j)
        for bad in (None, larger, *(never if next(alike) else ())):
            changed = {key: value for key, value in good.items() if key != name or bad is not None}
            changed |= {} if bad is None else {name: bad}
            if bad is None and name.endswith(("bias", "norm.weight")):
                continue  # a layer without a bias is one too; so is a normalisation without a scale
            with pytest.raises(CorruptModelError, match="checkpoint"):
                BUILDERS[kind].build(changed)


def test_other_networks_are_named():
    with pytest.raises(CorruptModelError, match=r"no tensor 'model.audio_tower.layer_norm.weight'"):
        nemotron.build(files.tensors("sortformer"))
    with pytest.raises(CorruptModelError, match=r"no tensor 'encoder.pre_encode.out.bias'"):
        sortformer.build(files.tensors("nemotron"))


@pytest.mark.parametrize("kind", ["nemotron", "sortformer"])
def test_eight_bits_agree_on_most_decisions(runner, kind):
    """Random weights lie closer to a half than learnt ones: here 93 % and more agree."""
    builder, graphs = BUILDERS[kind], BUILDERS[kind].build(files.tensors(kind))
    embeddings = np.random.default_rng(0).standard_normal((1, 60, 64)).astype(np.float32)
    integers = builder.with_integers(graphs["step"])
    assert integers.ByteSize() < 0.6 * graphs["step"].ByteSize()
    exact, short = (runner(graph)(embeddings) for graph in (graphs["step"], integers))
    assert not np.array_equal(exact, short)
    assert ((exact > 0.5) == (short > 0.5)).mean() > 0.9
