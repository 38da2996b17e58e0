"""The real community-1 embedding network, read out of the int8 file in ``../shared``, for benchmarks only.

``embedding.ort`` stores the WeSpeaker ResNet34-LM with int8 weights that its
graph turns back to float32 before every convolution. Doing that once gives a
state dict for our own graph builder: the very function of the file (tested in
tests/benchmarks), split into trunk and pooling, at the cost of the float32
network. The product never uses it; it has the official float32 checkpoint. `benchmarks.local_pack` makes a pack of it.
"""

from __future__ import annotations

import importlib.util
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np

from diarfuse.diarize.arrays import AnyArray

BATCH_NORM_EPS = 1e-5
_NUMPY = {1: np.float32, 3: np.int8, 7: np.int64}


def read_weights(path: Path) -> dict[str, AnyArray]:
    """State dict of `path` under pyannote's names; each batch norm is an identity plus the folded bias."""
    graph = _graph(path)
    tensors = _initializers(graph)
    nodes = [graph.Nodes(index) for index in range(graph.NodesLength())]
    convolutions = [node for node in nodes if node.OpType() == b"Conv"]
    weights: dict[str, AnyArray] = {}
    for node in convolutions:
        name = node.Outputs(0).decode().strip("/").removesuffix("/Conv_output_0").split("/")[-1]
        stage = [part for part in node.Outputs(0).decode().split("/") if part.startswith("layer") and "." in part]
        where = f"resnet.{stage[0]}." if stage else "resnet."
        weights[where + name + ".weight"] = _dequantised(node.Inputs(1), tensors)
        weights |= _identity_norm(where + _norm_of(name), tensors[node.Inputs(2)])
    weights["resnet.seg_1.weight"] = _dequantised(b"resnet.seg_1.weight_add_tensor", tensors)
    weights["resnet.seg_1.bias"] = tensors[b"resnet.seg_1.bias"]
    return weights


def _norm_of(convolution: str) -> str:
    return convolution.replace("conv", "bn") if convolution.startswith("conv") else "shortcut.1"


def _identity_norm(name: str, bias: AnyArray) -> dict[str, AnyArray]:
    ones = np.ones_like(bias)
    return {
        f"{name}.weight": ones,
        f"{name}.bias": bias,
        f"{name}.running_mean": 0 * ones,
        f"{name}.running_var": ones - np.float32(BATCH_NORM_EPS),
    }


def _dequantised(name: bytes, tensors: dict[bytes, AnyArray]) -> AnyArray:
    """What the graph computes: int8 * scale + offset; plain tensors as they are."""
    if name in tensors:
        return tensors[name]
    base = name.removesuffix(b"_add_tensor")
    scale, zero = tensors[base + b"_scale"], tensors[base + b"_zero_point"]
    product: AnyArray = tensors[base + b"_quantized"].astype(np.float32) * scale + zero
    return product


def _initializers(graph: Any) -> dict[bytes, AnyArray]:
    found = {}
    for index in range(graph.InitializersLength()):
        tensor = graph.Initializers(index)
        shape = [tensor.Dims(axis) for axis in range(tensor.DimsLength())]
        raw = tensor.RawDataAsNumpy().tobytes()
        found[tensor.Name()] = np.frombuffer(raw, _NUMPY[tensor.DataType()]).reshape(shape)
    return found


def _graph(path: Path) -> Any:
    """The flatbuffer's graph, by the schema that the onnxruntime wheel carries (its package init does not import)."""
    spec = importlib.util.find_spec("onnxruntime")
    if spec is None or spec.origin is None:
        message = "onnxruntime is not installed"
        raise ImportError(message)
    schema = types.ModuleType("ort_flatbuffers_py")
    schema.__path__ = [str(Path(spec.origin).parent / "tools/ort_format_model/ort_flatbuffers_py")]
    sys.modules["ort_flatbuffers_py"] = schema
    from ort_flatbuffers_py.fbs.InferenceSession import (  # type: ignore[import-not-found]
        InferenceSession,
    )

    return InferenceSession.GetRootAsInferenceSession(path.read_bytes(), 0).Model().Graph()
