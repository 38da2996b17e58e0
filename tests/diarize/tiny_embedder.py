"""A speaker embedding small enough to be made in a test, and good enough to tell the voices of examples/ apart.

How much each band varies over time, less what it varies in all voices together.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import diarfuse
from diarfuse.diarize.front_ends import FRONT_ENDS
from diarfuse.fusion.audio import load_audio

VOICES = Path(diarfuse.__file__).parent / "diarize" / "models" / "voices.ogg"


def tiny_embedder(
    front_end: str = "kaldi",
    *,
    metadata: dict[str, str] | None = None,
    bands_first: bool = False,
    lengths: int | None = None,
    outputs: tuple[str, ...] = ("embedding",),
    bands: int = 80,
) -> onnx.ModelProto:
    """The graph; `lengths` is the type of a second input, which it does not use but to read it."""
    axis = 2 if bands_first else 1
    nodes = [
        helper.make_node("ReduceMean", ["x"], ["mean"], axes=[axis], keepdims=1),
        helper.make_node("Sub", ["x", "mean"], ["centred"]),
        helper.make_node("Mul", ["centred", "centred"], ["squares"]),
        helper.make_node("ReduceMean", ["squares"], ["variance"], axes=[axis], keepdims=0),
        helper.make_node("Sqrt", ["variance"], ["deviation"]),
        helper.make_node("Sub", ["deviation", "usual"], [outputs[-1]]),
        *(helper.make_node("Identity", ["deviation"], [name]) for name in outputs[:-1]),
    ]
    shape = [1, bands, "T"] if bands_first else [1, "T", bands]
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)]
    if lengths is not None:
        inputs.append(helper.make_tensor_value_info("lengths", lengths, [1]))
    found = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, bands]) for name in outputs]
    weights = [numpy_helper.from_array(np.resize(usual(front_end), bands), "usual")]
    graph = helper.make_graph(nodes, "tiny", inputs, found, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, metadata or {})
    return model


@cache
def usual(front_end: str) -> np.ndarray:
    """How much each band varies in all voices together."""
    clips = np.array_split(load_audio(VOICES), 9)
    return np.mean([FRONT_ENDS[front_end].features(clip).std(axis=0) for clip in clips], axis=0).astype(np.float32)
