"""Every network answers bit for bit the same, whatever is computed beside it."""

from __future__ import annotations

import numpy as np
import pytest

from diarfuse.diarize import pipeline
from diarfuse.diarize.models import resnet34
from diarfuse.diarize.models.int8 import measured_ranges, with_integer_convolutions
from diarfuse.diarize.options import Execution
from diarfuse.diarize.pipeline import Diarizer
from diarfuse.diarize.runtime import Session
from diarfuse.diarize.segmentation import segment
from diarfuse.fusion.audio import load_audio

pytestmark = pytest.mark.usefixtures("afresh")


@pytest.fixture(scope="module", params=["campplus", pytest.param("resnet34", marks=pytest.mark.official)])
def graphs(request, store, inputs, runner):
    """A network's graphs, the trunk's 8-bit form among them: CAM++ as it is, ResNet34 with seeded weights."""
    if request.param == "campplus":
        models = store.load("campplus")
        paths = {**models.graphs, "trunk-int8": models.graph("trunk", "int8")}
        return {name: Session(path) for name, path in paths.items()}
    built = resnet34.build(inputs.resnet34_weights())
    light = with_integer_convolutions(built["trunk"], measured_ranges("resnet34"))
    return {name: runner(graph) for name, graph in {**built, "trunk-int8": light}.items()}


@pytest.mark.parametrize("name", ["trunk", "trunk-int8"])
def test_a_trunk_whatever_its_neighbours(graphs, name, inputs):
    trunk, features = graphs[name], inputs.fbanks(5, 4, 120)
    alone = np.concatenate([trunk(one[None]) for one in features])
    for some in (slice(3), slice(2, None)):
        np.testing.assert_array_equal(trunk(features[some]), alone[some])


def test_a_pooled_mask_whatever_the_other_masks(graphs, inputs):
    features = graphs["trunk"](inputs.fbanks(5, 2, 120))
    masks = np.random.default_rng(0).integers(0, 2, (2, 3, features.shape[-1])).astype(np.float32)
    pool = graphs["pooling"]
    alone = [[pool(features[i : i + 1], masks[i : i + 1, k : k + 1])[0, 0] for k in range(3)] for i in range(2)]
    np.testing.assert_array_equal(pool(features, masks), alone)
    np.testing.assert_array_equal(pool(features[:1], masks[:1, :2])[0], alone[0][:2])


@pytest.mark.parametrize("mode", ["default", "fast"])
def test_a_window_whatever_the_batch_and_the_threads(mode, store, shared, monkeypatch):
    """In 8-bit integers only one window a call can be, as its ranges are taken from the whole call."""
    samples = load_audio(shared / "audio/real/pyannote_sample.wav")[: 13 * 16_000]  # four windows
    models = store.load("campplus")
    monkeypatch.setattr(pipeline, "embedder_of", lambda *_: None)  # nobody is embedded

    def heard(**execution):
        diarizer = Diarizer(models, execution=Execution(mode=mode, **execution))
        windows = diarizer._windows(samples)
        return segment(samples, windows, diarizer._segmentation, diarizer.runtime, diarizer._batch, lambda *_: None)

    alone = heard(batch=1, threads=1)
    assert alone.any()
    for batch, threads in ((4, 1), (3, 2), (0, 2)):
        np.testing.assert_array_equal(heard(batch=batch, threads=threads), alone)


def test_log_probabilities_whatever_the_neighbours(store):
    network = Diarizer(store.load("campplus"), execution=Execution(threads=1))._segmentation
    sound = np.random.default_rng(0).normal(0, 0.1, (4, 1, 160_000)).astype(np.float32)
    alone = np.concatenate([network(one[None]) for one in sound])
    np.testing.assert_array_equal(network(sound), alone)
    np.testing.assert_array_equal(network(sound[1:3]), alone[1:3])
