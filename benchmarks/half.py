"""What half precision of the trunk costs: cosines of embeddings, and error rates.

    python -m benchmarks.half ../shared/audio/sim ../shared/audio/real --pack campplus
    python -m benchmarks.half ../shared/audio/real --pack community-1 --local .envs/int8

`fast` on a GPU computes the trunk in float16. ONNX Runtime's CPU provider runs such a graph in float32 and rounds next
to nothing, so here every weight and the result of every operator are rounded to float16 by themselves. Sums within an
operator stay float32, as cuDNN and cuBLAS add them up.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import onnx

from benchmarks.embeddings import cosines
from benchmarks.local_pack import open_store
from benchmarks.scoring import find_recordings, score, total
from diarfuse.diarize.models.graph import in_half
from diarfuse.diarize.options import Execution
from diarfuse.diarize.pipeline import Diarizer
from diarfuse.fusion.audio import load_audio

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.scoring import Recording
    from diarfuse.diarize.arrays import Float32
    from diarfuse.diarize.embedding import TrunkEmbedder
    from diarfuse.diarize.pipeline import Heard, Recall

HEAD = "| folder | cosine: mean, lowest hundredth, least | DER % float32 | DER % float16 | same turns |\n|" + "---|" * 5


def main() -> None:
    """Print a row a folder."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.half", description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", nargs="+", type=Path, help="folder of recordings with their truth")
    parser.add_argument("--pack", default="campplus")
    parser.add_argument("--local", type=Path, help="a community-1 that benchmarks.local_pack made")
    arguments = parser.parse_args()
    store = open_store(arguments.local) if arguments.local else None
    whole = Diarizer.from_pretrained(arguments.pack, store=store, execution=Execution(device="cpu"))
    with tempfile.TemporaryDirectory() as folder:
        half = with_rounded_trunk(whole, Path(folder, "trunk.onnx"))
        print(HEAD)
        for recordings in arguments.folder:
            print(_row(recordings.name, whole, half, find_recordings(recordings)))


def with_rounded_trunk(diarizer: Diarizer, path: Path) -> Diarizer:
    """The diarizer, its trunk as `rounded`, which is kept at `path`."""
    onnx.save(rounded(onnx.load(str(diarizer.models.graphs["trunk"]))), path)
    trunk = diarizer.runtime.session(path)
    other = diarizer.within(diarizer.runtime, lambda network: network)
    other._embedder = replace(cast("TrunkEmbedder", diarizer._embedder), trunk=trunk)  # noqa: SLF001 - only its precision is measured
    return other


def rounded(trunk: onnx.ModelProto) -> onnx.ModelProto:
    """A trunk in float32, all values of which are numbers that `in_half` of it could have."""
    model = in_half(trunk)
    half, single, kinds = onnx.TensorProto.FLOAT16, onnx.TensorProto.FLOAT, _kinds(model)
    for tensor in model.graph.initializer:
        if tensor.data_type == half:
            values = onnx.numpy_helper.to_array(tensor).astype(np.float32)
            tensor.CopyFrom(onnx.numpy_helper.from_array(values, tensor.name))
    nodes = []
    for node in model.graph.node:
        name = node.output[0]
        if node.op_type == "Cast" and node.attribute[0].i == half:
            node.attribute[0].i = single
        nodes.append(node)
        if kinds.get(name) == half:
            node.output[0] = f"{name}_exact"
            nodes.append(onnx.helper.make_node("Cast", [node.output[0]], [f"{name}_short"], to=half))
            nodes.append(onnx.helper.make_node("Cast", [f"{name}_short"], [name], to=single))
    model.graph.ClearField("node")
    model.graph.node.extend(nodes)
    return model


def _kinds(model: onnx.ModelProto) -> dict[str, int]:
    """The type of each value between operators."""
    values = onnx.shape_inference.infer_shapes(model).graph.value_info
    return {value.name: value.type.tensor_type.elem_type for value in values}


def _kept(found: list[Float32]) -> Recall:
    """Puts the embeddings of each recording into `found`."""

    def recall(listen: Callable[[], Heard]) -> Heard:
        heard = listen()
        found.append(heard.voices.vectors)
        return heard

    return recall


def _row(name: str, whole: Diarizer, half: Diarizer, recordings: list[Recording]) -> str:
    same, rates = 0, []
    vectors: tuple[list[Float32], list[Float32]] = ([], [])
    for recording in recordings:
        samples = load_audio(recording.audio)
        turns = []
        for diarizer, found in zip((whole, half), vectors, strict=True):
            answer = diarizer.remembering(_kept(found)).diarize(samples)
            turns.append(answer.turns)
        same += turns[0] == turns[1]
        rates.append([score(recording.turns, each, recording.uem) for each in turns])
    alike = cosines(*vectors)
    ders = " | ".join(f"{100 * total(column).der:.2f}" for column in zip(*rates, strict=True))
    least = f"{alike.mean():.6f}, {np.quantile(alike, 0.01):.6f}, {alike.min():.6f}"
    return f"| {name} | {least} | {ders} | {same}/{len(recordings)} |"


if __name__ == "__main__":
    main()
