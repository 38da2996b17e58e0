"""Our graphs as CoreML programs: what they compute, walked in numpy, is what ONNX Runtime computes of the graphs."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnx
import pytest
import soundfile
from onnx import TensorProto, helper

from diarfuse.diarize.front_ends import FRONT_ENDS
from diarfuse.diarize.models import mil, resnet34
from diarfuse.diarize.models.programs import program_of, shapes_of
from diarfuse.diarize.models.store import Store
from diarfuse.diarize.runtime import Session
from diarfuse.fusion.errors import CorruptModelError

from .mil_walk import Walk

pytestmark = [
    pytest.mark.coreml,
    pytest.mark.filterwarnings("default"),  # coremltools leaves the folders of its programs to the collector
    pytest.mark.skipif(
        find_spec("coremltools") is None, reason="coremltools is not installed: pip install '.[coreml]'"
    ),
]
ROOT = Path(__file__).resolve().parents[3]
CLOSE = 1e-4


@pytest.fixture(scope="module")
def graphs(own_store: Store) -> dict[str, Path]:
    """The graphs of campplus."""
    return dict(own_store.load("campplus").graphs)


@pytest.fixture(scope="module")
def samples() -> np.ndarray:
    return soundfile.read(ROOT / "examples" / "meeting.wav", frames=320_000, dtype="float32")[0]


def differ(ours: np.ndarray, theirs: np.ndarray) -> float:
    """The largest difference, as a share of the largest value."""
    assert ours.shape == theirs.shape
    return float(np.abs(ours - theirs).max() / max(1.0, np.abs(theirs).max()))


def test_segmentation_of_one_window_and_of_two(graphs, samples):
    walk = Walk(program_of(graphs["segmentation"]))
    assert walk.kinds().count("lstm") == 4
    windows = samples.reshape(2, 1, 160_000)
    theirs = Session(graphs["segmentation"])(windows)
    assert differ(walk.predict({"samples": windows})["log_probabilities"], theirs) < CLOSE
    assert differ(walk.predict({"samples": windows[:1]})["log_probabilities"], theirs[:1]) < CLOSE


def test_the_trunk_of_any_length_and_pooling_of_any_masks(graphs, samples):
    trunk, pooling = Walk(program_of(graphs["trunk"])), Walk(program_of(graphs["pooling"]))
    for frames in (31, 250):
        features = FRONT_ENDS["kaldi"].features(samples)[None, :frames]
        theirs = Session(graphs["trunk"])(features)
        ours = trunk.predict({"fbank": features})["features"]
        assert differ(ours, theirs) < CLOSE
        masks = np.random.default_rng(1).integers(0, 2, (1, 3, ours.shape[2])).astype(np.float32)
        pooled = pooling.predict({"features": ours, "weights": masks})["embeddings"]
        assert differ(pooled, Session(graphs["pooling"])(theirs, masks)) < CLOSE


def test_a_trunk_of_random_weights(inputs, tmp_path):
    graph = tmp_path / "trunk.onnx"
    onnx.save(resnet34.build(inputs.resnet34_weights())["trunk"], graph)
    features = np.random.default_rng(0).normal(0, 1, (1, 40, 80)).astype(np.float32)
    ours = Walk(program_of(graph)).predict({"fbank": features})["features"]
    assert differ(ours, Session(graph)(features)) < CLOSE


def test_a_trunk_in_half(request, graphs):
    if "coreml" not in request.config.getoption("markexpr"):
        pytest.skip("it takes ten seconds: pytest -m coreml")
    half, whole = (Walk(program_of(graphs["trunk"], half=short)).kinds() for short in (True, False))
    assert half.count("cast") > whole.count("cast")
    assert {*half} - {"cast", "identity"} == {*whole} - {"cast", "identity"}  # a cast names the output


def test_half_is_asked_for_by_name_and_lies_beside(graphs):
    half = program_of(graphs["pooling"], half=True)
    assert half != program_of(graphs["pooling"])
    assert "cast" in Walk(half).kinds()
    assert "cast" not in Walk(program_of(graphs["pooling"])).kinds()


def test_an_operator_that_none_of_ours_has_is_named(tmp_path):
    value = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, "masks", "frames"]) for name in ("weights", "y")
    ]
    graph = helper.make_graph([helper.make_node("Erf", ["weights"], ["y"])], "erf", value[:1], value[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    with pytest.raises(CorruptModelError, match="'Erf'"):
        mil.save_program(model, tmp_path / "erf.mlpackage", shapes_of(model))
