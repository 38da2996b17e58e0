"""How close each network comes to the machine's matrix-multiply rate, and where the rest goes.

    python -m benchmarks.networks --pack campplus
    python -m benchmarks.networks --local FOLDER     (a store of benchmarks.local_pack)

Operations are counted from the shapes that really flow through the graph (two
for a multiply-add, in convolutions, products and LSTMs); the time by kind of
operator is ONNX Runtime's own profile.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import onnxruntime

from benchmarks.local_pack import open_store
from benchmarks.machine import describe, gemm_gflops
from diarfuse.diarize.models.packs import ModelSet
from diarfuse.diarize.models.store import Store

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    Feed = Mapping[str, npt.NDArray[np.float32]]

HEAVY = ("Conv", "MatMul", "Gemm", "LSTM")
SECONDS, FRAMES = 10, 998


def main() -> None:
    """Print one line a network."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.networks", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--pack", default="campplus")
    parser.add_argument("--local", type=Path, help="a store that benchmarks.local_pack made")
    arguments = parser.parse_args()
    store = open_store(arguments.local) if arguments.local else Store()
    models = store.load("community-1" if arguments.local else arguments.pack)
    print(describe(), f"\n- measured sgemm rate, one thread: {(peak := gemm_gflops(1)):.0f} GFLOP/s\n")
    print("| network | GFLOP a 10 s call | ms, one thread | GFLOP/s | of the sgemm rate | time by operator |")
    print("|" + "---|" * 6)
    for name, feed in inputs(models).items():
        print(_row(f"{models.name} {name}", models.graphs[name], feed, peak))


def inputs(models: ModelSet) -> dict[str, Feed]:
    """What each graph gets for one 10 s window with three masks; random, since time does not depend on it."""
    generator = np.random.default_rng(0)
    samples = generator.standard_normal((1, 1, 16000 * SECONDS), np.float32)
    fbank = generator.standard_normal((1, FRAMES, 80), np.float32)
    features = session(models.graphs["trunk"]).run(None, {"fbank": fbank})[0]
    masks = np.ones((1, 3, features.shape[2]), np.float32)
    return {
        "segmentation": {"samples": samples},
        "trunk": {"fbank": fbank},
        "pooling": {"features": features, "weights": masks},
    }


def _row(name: str, graph: Path, feed: Feed, peak: float) -> str:
    giga, seconds = operations(graph, feed) / 1e9, best_time(graph, feed)
    rate = giga / seconds
    shares = ", ".join(f"{kind} {100 * share:.0f} %" for kind, share in profile(graph, feed)[:4])
    return f"| {name} | {giga:.2f} | {1000 * seconds:.1f} | {rate:.0f} | {100 * rate / peak:.0f} % | {shares} |"


def session(graph: Path | bytes, options: Any = None) -> Any:
    """A session on one CPU thread."""
    options = options or onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    source = graph if isinstance(graph, bytes) else str(graph)
    return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])


def best_time(graph: Path, feed: Feed, repeats: int = 7) -> float:
    """Seconds of the fastest call after a first that does not count."""
    run = session(graph)
    run.run(None, feed)
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        run.run(None, feed)
        times.append(time.perf_counter() - begin)
    return min(times)


def operations(graph: Path, feed: Feed) -> int:
    """Multiplications and additions of one call, from the shapes of every intermediate value."""
    model = onnx.load(str(graph))
    shapes = {tensor.name: tuple(tensor.dims) for tensor in model.graph.initializer}
    heavy = [node for node in model.graph.node if node.op_type in HEAVY]
    names = {name for node in heavy for name in (*node.input, node.output[0]) if name} - shapes.keys() - feed.keys()
    present = {value.name for value in model.graph.output}
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in sorted(names - present))
    run = session(model.SerializeToString())
    values = zip((value.name for value in run.get_outputs()), run.run(None, feed), strict=True)
    shapes |= {name: value.shape for name, value in (*values, *feed.items())}
    return sum(_node_operations(node, shapes) for node in heavy)


def _node_operations(node: onnx.NodeProto, shapes: Mapping[str, tuple[int, ...]]) -> int:
    if node.op_type == "LSTM":
        steps, batch, width = shapes[node.input[0]]
        directions, gates, hidden = shapes[node.input[2]]
        return 2 * steps * batch * directions * gates * (width + hidden)
    out = int(np.prod(shapes[node.output[0]]))
    if node.op_type == "Conv":
        return 2 * out * int(np.prod(shapes[node.input[1]][1:]))
    return 2 * out * shapes[node.input[0]][-1]


def profile(graph: Path, feed: Feed) -> list[tuple[str, float]]:
    """Kinds of operator with their share of the time, largest first."""
    options = onnxruntime.SessionOptions()
    options.enable_profiling = True
    with tempfile.TemporaryDirectory() as folder:
        options.profile_file_prefix = str(Path(folder, "profile"))
        run = session(graph, options)
        for _ in range(3):
            run.run(None, feed)
        events = json.loads(Path(run.end_profiling()).read_text(encoding="utf-8"))
    times: Counter[str] = Counter()
    for event in events:
        if event.get("cat") == "Node" and event["name"].endswith("kernel_time"):
            times[event["args"]["op_name"]] += event["dur"]
    total = sum(times.values())
    return [(kind, spent / total) for kind, spent in times.most_common()]


if __name__ == "__main__":
    main()
