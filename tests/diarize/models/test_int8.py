from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from diarfuse.diarize import pipeline
from diarfuse.diarize.front_ends.kaldi import fbank
from diarfuse.diarize.models import campplus, resnet34
from diarfuse.diarize.models.graph import Graph
from diarfuse.diarize.models.int8 import convolved, measured_ranges, with_integer_convolutions, with_integer_recurrences
from diarfuse.diarize.options import Execution
from diarfuse.diarize.pipeline import Diarizer
from diarfuse.diarize.runtime import Runtime, Session
from diarfuse.fusion.audio import load_audio


def small(kernel):
    """Two convolutions, the first rectified."""
    graph = Graph("small")
    x = graph.input("x", ("batch", 3, "height", "width"))
    x = graph.op("Relu", graph.op("Conv", x, graph.constant(kernel), pads=[1, 1, 1, 1]))
    return graph.model(graph.op("Conv", x, graph.constant(kernel), pads=[1, 1, 1, 1]), "y", ("batch", 3, "h", "w"))


def test_integer_convolutions_are_off_by_their_steps(runner):
    rng = np.random.default_rng(0)
    model = small(rng.normal(0, 0.3, (3, 3, 3, 3)))
    x = rng.uniform(-1, 1, (2, 3, 20, 30)).astype(np.float32)
    middle = runner(onnx.helper.make_model(exposed(model), opset_imports=model.opset_import, ir_version=8))(x)
    want = runner(model)(x)
    ranges = {"x": (-1, 1), "Conv_0": (middle.min(), middle.max()), "Relu_1": (0, middle.max())}
    before = model.SerializeToString()
    light = with_integer_convolutions(model, ranges | {"Conv_2": (want.min(), want.max())})
    assert sum(node.op_type == "QuantizeLinear" for node in light.graph.node) >= 3
    error = runner(light)(x) - want
    assert 0 < np.abs(error).max() < 0.15 * np.abs(want).max()  # 128 steps a value, 64 a weight, 27 products twice
    assert np.abs(error).mean() < 0.02 * np.abs(want).max()
    assert model.SerializeToString() == before


def exposed(model):
    """The graph up to its first convolution."""
    graph = onnx.GraphProto()
    graph.CopyFrom(model.graph)
    del graph.output[:]
    graph.output.append(onnx.helper.make_tensor_value_info("Conv_0", onnx.TensorProto.FLOAT, None))
    return graph


def test_a_tensor_without_a_range_is_an_error():
    with pytest.raises(KeyError, match="Conv_0"):
        with_integer_convolutions(small(np.ones((3, 3, 3, 3))), {"x": (-1, 1)})


@pytest.mark.parametrize("network", [campplus, resnet34])
def test_every_convolution_has_its_measured_range(network, inputs, store):
    name = network.__name__.rsplit(".", 1)[1]
    graphs = network.build(getattr(inputs, f"{name}_weights")())
    assert set(convolved(graphs["trunk"])) == set(measured_ranges(name))
    assert all(low < high for low, high in measured_ranges(name).values())
    if network is campplus:  # which takes five seconds to make: as the store made it
        made = onnx.load(store.load("campplus").graph("trunk", "int8"))
    else:
        made = network.with_integers(graphs["trunk"])
    kinds = [node.op_type for node in made.graph.node]
    assert kinds.count("Conv") == [node.op_type for node in graphs["trunk"].graph.node].count("Conv")
    assert kinds.count("QuantizeLinear") >= kinds.count("Conv")


def test_a_voice_stays_the_same_voice(store, shared):
    models = store.load("campplus")
    paths = {**models.graphs, "trunk-int8": models.graph("trunk", "int8")}
    graphs = {name: Session(path) for name, path in paths.items()}
    bands = fbank(load_audio(shared / "audio/real/ami_EN2004a_0-30.wav")[:48_000])
    bands = (bands - bands.mean(axis=0))[None]
    features = graphs["trunk"](bands), graphs["trunk-int8"](bands)
    one, two = (graphs["pooling"](f, np.ones((1, 1, f.shape[2]), np.float32))[0, 0] for f in features)
    cosine = one @ two / np.linalg.norm(one) / np.linalg.norm(two)
    assert 0.95 < cosine < 0.99999


def test_integer_recurrences_decide_alike(store, shared, runner):
    model = onnx.load(store.load("campplus").graphs["segmentation"])
    samples = load_audio(shared / "audio/real/pyannote_sample.wav")[:160_000][None, None]
    want, got = runner(model)(samples), runner(with_integer_recurrences(model))(samples)
    assert (want.argmax(-1) == got.argmax(-1)).mean() > 0.98
    assert not np.array_equal(want, got)


class Unloaded:
    """A session that nobody runs."""

    rows_of_input = (1, 160_000)


@pytest.mark.parametrize(
    ("mode", "device", "kind"),
    [
        ("fast", "cpu", ("-int8", "-int8")),
        ("fast", "cuda", ("", "")),
        ("fast", "coreml", ("", "")),
        ("default", "cpu", ("", "")),
        ("default", "cuda", ("", "")),
        ("exact", "cpu", ("", "")),
    ],
)
def test_only_fast_mode_computes_in_less_than_float32(store, monkeypatch, mode, device, kind):
    loaded = []
    monkeypatch.setattr(pipeline.Runtime, "of", lambda _: Runtime(device, 1))
    monkeypatch.setattr(pipeline.Runtime, "session", lambda _, path, **_how: loaded.append(path) or Unloaded())
    Diarizer(store.load("campplus"), execution=Execution(mode=mode))
    names = {path.stem.split("-", 2)[2] for path in loaded if isinstance(path, Path)}
    made = [onnx.load_from_string(graph) for graph in loaded if isinstance(graph, bytes)]  # of the trunk, for a GPU
    assert names == {f"segmentation{kind[0]}", "pooling", *([] if made else [f"trunk{kind[1]}"])}
    assert bool(made) == (device == "cuda")
    half = onnx.TensorProto.FLOAT16
    for model in made[:1]:
        assert any(weight.data_type == half for weight in model.graph.initializer) == (mode == "fast")
