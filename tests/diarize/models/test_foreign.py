from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from diarfuse.diarize.models import foreign
from diarfuse.diarize.models.foreign import check_sizes, inspect
from diarfuse.diarize.sortformer.exports import looked_at
from diarfuse.fusion.errors import CorruptModelError, ModelNotFoundError, OptionError, UnsafeModelError
from tests.diarize.tiny_embedder import tiny_embedder

Look: TypeAlias = Callable[[Path], object]
NEMO = {
    "framework": "nemo",
    "sample_rate": "16000",
    "output_dim": "80",
    "feature_normalize_type": "per_feature",
    "window_size_ms": "25",
    "window_stride_ms": "10",
    "window_type": "hann",
    "feat_dim": "80",
}


def save(tmp_path: Path, model: onnx.ModelProto) -> Path:
    onnx.save(model, tmp_path / "model.onnx")
    return tmp_path / "model.onnx"


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({"framework": "wespeaker", "output_dim": "80", "sample_rate": "16000", "normalize_samples": "0"}, "kaldi"),
        ({"framework": "wespeaker", "normalize_features": "0"}, "kaldi"),
        ({"framework": "3d-speaker", "normalize_samples": "1", "feature_normalize_type": "global-mean"}, "3d-speaker"),
        (NEMO, "nemo"),
        ({"framework": "speechbrain"}, "speechbrain"),
    ],
)
def test_the_front_end_is_the_metadatas(tmp_path: Path, metadata: dict[str, str], expected: str) -> None:
    found = inspect(save(tmp_path, tiny_embedder(metadata=metadata)))
    assert found.front_end() == expected
    assert found.front_end("speechbrain") == "speechbrain"  # what the user names goes first
    assert found.dimension == (80 if "output_dim" in metadata else None)


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        ({}, "does not say which features it eats"),
        ({"framework": "kaldi-ish"}, "framework='kaldi-ish'"),
        (NEMO | {"window_size_ms": "20"}, "window_size_ms='20'"),
        (NEMO | {"feat_dim": "64"}, "feat_dim='64'"),
        (NEMO | {"feature_normalize_type": "all_features"}, "'all_features'"),
        ({"framework": "3d-speaker", "feature_normalize_type": ""}, "feature_normalize_type=''"),
        ({"framework": "wespeaker", "normalize_samples": "1"}, "normalize_samples='1'"),
    ],
)
def test_it_is_never_guessed(tmp_path: Path, metadata: dict[str, str], said: str) -> None:
    found = inspect(save(tmp_path, tiny_embedder(metadata=metadata)))
    with pytest.raises(OptionError) as caught:
        found.front_end()
    assert said in str(caught.value)
    assert "--front-end" in str(caught.value)


def test_another_rate_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="wants audio at 8000 Hz"):
        inspect(save(tmp_path, tiny_embedder(metadata={"framework": "wespeaker", "sample_rate": "8000"})))


def test_the_layout_is_read_where_the_graph_says_it(tmp_path: Path) -> None:
    assert inspect(save(tmp_path, tiny_embedder())).bands_first is False
    assert inspect(save(tmp_path, tiny_embedder(bands_first=True))).bands_first is True
    free = tiny_embedder()
    free.graph.input[0].type.tensor_type.shape.dim[2].dim_param = "bands"
    assert inspect(save(tmp_path, free)).bands_first is None


def test_the_embedding_is_found_among_several_outputs(tmp_path: Path) -> None:
    assert inspect(save(tmp_path, tiny_embedder(outputs=("logits", "embs")))).output == "embs"
    wide = tiny_embedder(outputs=("other", "vector"), metadata={"output_dim": "80"})
    wide.graph.output[0].type.tensor_type.shape.dim[1].dim_value = 7
    assert inspect(save(tmp_path, wide)).output == "vector"
    with pytest.raises(CorruptModelError, match=r"outputs a float .*, b float .*: one must be all there is"):
        inspect(save(tmp_path, tiny_embedder(outputs=("a", "b"))))


def wrong_inputs() -> list[tuple[str, onnx.ModelProto]]:
    waveform = tiny_embedder()
    del waveform.graph.input[0].type.tensor_type.shape.dim[2:]
    batch = tiny_embedder()
    batch.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 4
    fixed = tiny_embedder()
    fixed.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 200
    matrix = tiny_embedder(lengths=TensorProto.INT64)
    matrix.graph.input[1].type.tensor_type.shape.dim.add().dim_value = 2
    integers = tiny_embedder()
    integers.graph.input[0].type.tensor_type.elem_type = TensorProto.INT64
    return [
        ("40 bands", tiny_embedder(bands=40)),
        ("waveform", waveform),
        ("batch", batch),
        ("fixed", fixed),
        ("lengths", matrix),
        ("integers", integers),
    ]


@pytest.mark.parametrize("model", [model for _, model in wrong_inputs()], ids=[name for name, _ in wrong_inputs()])
def test_the_wrong_shape_is_one_sentence(tmp_path: Path, model: onnx.ModelProto) -> None:
    with pytest.raises(CorruptModelError) as caught:
        inspect(save(tmp_path, model))
    assert "\n" not in str(caught.value)
    assert "model.onnx" in str(caught.value)


def custom(model: onnx.ModelProto) -> onnx.ModelProto:
    model.graph.node[0].domain = "evil.ops"
    model.opset_import.append(helper.make_opsetid("evil.ops", 1))
    return model


def nested() -> onnx.ModelProto:
    """A foreign operator hidden in the branch of an If."""
    model = tiny_embedder()
    output = helper.make_tensor_value_info("inner", TensorProto.FLOAT, None)
    branch = helper.make_graph([helper.make_node("Run", ["x"], ["inner"], domain="evil.ops")], "branch", [], [output])
    condition = numpy_helper.from_array(np.array(True), "condition")
    model.graph.initializer.append(condition)
    chosen = helper.make_node("If", ["condition"], ["chosen"], then_branch=branch, else_branch=branch)
    model.graph.node.append(chosen)
    return model


@pytest.mark.parametrize("model", [custom(tiny_embedder()), nested()], ids=["plain", "in a branch"])
def test_custom_operators_are_refused(tmp_path: Path, model: onnx.ModelProto) -> None:
    with pytest.raises(UnsafeModelError, match=r"uses the operator evil\.ops\."):
        inspect(save(tmp_path, model))


def outside(tmp_path: Path, location: str) -> Path:
    """A graph whose weights lie in `location`."""
    folder = tmp_path / "folder"
    folder.mkdir(exist_ok=True)
    model = tiny_embedder()
    tensor = model.graph.initializer[0]
    weights = tensor.raw_data
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    (folder / "weights.bin").write_bytes(weights)
    (tmp_path / "secret").write_bytes(weights)
    return folder / "model.onnx"


@pytest.mark.parametrize("location", ["../secret", "{tmp}/secret", "link", "", "absent.bin", "../folder/../secret"])
def test_weights_outside_the_folder_are_refused(tmp_path: Path, location: str) -> None:
    path = outside(tmp_path, location.format(tmp=tmp_path))
    (path.parent / "link").symlink_to(tmp_path / "secret")
    for join in (True, False):
        with pytest.raises(UnsafeModelError, match="they must lie in the graph itself"):
            inspect(path, join=join)


def test_weights_beside_the_graph_are_joined_when_it_is_added(tmp_path: Path) -> None:
    path = outside(tmp_path, "weights.bin")
    found = inspect(path, join=True)
    assert not any(map(onnx.external_data_helper.uses_external_data, found.model.graph.initializer))
    with pytest.raises(UnsafeModelError):
        inspect(path)


def test_size_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = outside(tmp_path, "weights.bin")
    monkeypatch.setattr(foreign, "MAX_BYTES", path.stat().st_size + 10)
    with pytest.raises(UnsafeModelError, match="and its weights have more than"):
        inspect(path, join=True)
    monkeypatch.setattr(foreign, "MAX_BYTES", 10)
    with pytest.raises(UnsafeModelError, match="has more than 0 MB"):
        inspect(path)


@pytest.mark.parametrize("content", [b"", b"\x08", b"no graph at all" * 9, bytes(100)])
def test_other_files_are_no_graph(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(CorruptModelError, match="is no ONNX"):
        inspect(path)
    with pytest.raises(ModelNotFoundError):
        inspect(tmp_path / "absent.onnx")


def says_more() -> onnx.ModelProto:
    model = tiny_embedder()
    model.graph.initializer[0].dims[:] = [10**6, 10**6]
    return model


def typed() -> onnx.ModelProto:
    model = tiny_embedder()
    model.graph.initializer[0].CopyFrom(helper.make_tensor("usual", TensorProto.FLOAT, [1], [0.5]))
    model.graph.initializer[0].dims[:] = [10**12]
    return model


def negative() -> onnx.ModelProto:
    model = tiny_embedder()
    model.graph.initializer[0].dims[:] = [-1, 80]
    return model


def strange() -> onnx.ModelProto:
    model = tiny_embedder()
    model.graph.initializer[0].data_type = 99
    return model


def with_node(op: str, sizes: list[int], *, constant: bool = False, **attributes: object) -> onnx.ModelProto:
    """An operator that makes numbers of a size, which is an initializer, or what a node gives."""
    model = tiny_embedder()
    if constant:
        model.graph.node.append(helper.make_node("Constant", [], ["size"], value_ints=sizes))
    else:
        model.graph.initializer.append(numpy_helper.from_array(np.array(sizes, np.int64), "size"))
    given = {"ConstantOfShape": ["size"], "RandomNormal": []}.get(op, ["usual", "size"])
    model.graph.node.append(helper.make_node(op, given, ["much"], **attributes))
    return model


def sparse() -> onnx.ModelProto:
    model = tiny_embedder()
    values = helper.make_tensor("sparse", TensorProto.FLOAT, [1], [0.5])
    indices = helper.make_tensor("places", TensorProto.INT64, [1], [3])
    model.graph.sparse_initializer.append(helper.make_sparse_tensor(values, indices, [10**6, 10**6]))
    return model


def in_a_branch() -> onnx.ModelProto:
    model = nested()
    branch = model.graph.node[-1].attribute[0].g
    branch.node[0].CopyFrom(helper.make_node("ConstantOfShape", ["size"], ["inner"]))
    model.graph.node[-1].attribute[1].g.CopyFrom(branch)
    model.graph.initializer.append(numpy_helper.from_array(np.array([10**12], np.int64), "size"))
    return model


GIANTS = {
    "more than it holds": (says_more(), r"'usual' has 1000000 x 1000000 numbers, and holds fewer"),
    "more than its list": (typed(), r"'usual' has 1000000000000 numbers, and holds fewer"),
    "less than none": (negative(), r"'usual' has -1 x 80 numbers of the kind 1"),
    "no kind of number": (strange(), r"numbers of the kind 99"),
    "ConstantOfShape": (with_node("ConstantOfShape", [10**6, 10**6]), "1000000 x 1000000 numbers of nothing"),
    "a constant's": (with_node("ConstantOfShape", [10**12], constant=True), r"of nothing \(ConstantOfShape\)"),
    "Expand": (with_node("Expand", [10**10, 80]), r"of nothing \(Expand\)"),
    "Tile": (with_node("Tile", [10**10]), r"of nothing \(Tile\)"),
    "RandomNormal": (with_node("RandomNormal", [1], shape=[10**12]), r"of nothing \(RandomNormal\)"),
    "sparse": (sparse(), r"of nothing \(a sparse tensor\)"),
    "in a branch": (in_a_branch(), r"of nothing \(ConstantOfShape\)"),
}


@pytest.mark.parametrize("case", GIANTS)
@pytest.mark.parametrize("look", [inspect, looked_at], ids=["embedding", "end to end"])
def test_what_a_few_bytes_make_giant_is_refused_before_it_is_loaded(tmp_path: Path, case: str, look: Look) -> None:
    model, said = GIANTS[case]
    with pytest.raises((CorruptModelError, UnsafeModelError), match=said) as caught:
        look(save(tmp_path, model))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("told", [{"offset": "1" * 18}, {"length": "-1"}, {"length": "4"}, {"offset": "x"}])
def test_weights_beside_the_graph_that_lie_nowhere_are_refused(tmp_path: Path, told: dict[str, str]) -> None:
    path = outside(tmp_path, "weights.bin")
    model = onnx.load(path, load_external_data=False)
    for key, value in told.items():
        model.graph.initializer[0].external_data.add(key=key, value=value)
    path.write_bytes(model.SerializeToString())
    with pytest.raises(CorruptModelError, match=r"holds fewer|does not say where"):
        inspect(path, join=True)


@pytest.mark.parametrize(
    "kind", [kind for kind in TensorProto.DataType.values() if kind not in (TensorProto.UNDEFINED, TensorProto.STRING)]
)
def test_every_kind_of_number_is_taken_as_onnx_writes_it(tmp_path: Path, kind: int) -> None:
    model = tiny_embedder()
    model.graph.initializer.append(helper.make_tensor("ones", kind, [3, 5], np.ones(15, np.float32).tolist()))
    check_sizes(tmp_path, model)
    model.graph.initializer[-1].dims[0] = 10**9
    with pytest.raises(CorruptModelError, match="holds fewer"):
        check_sizes(tmp_path, model)
