"""Measure the ranges of the embedding networks' values, for their 8-bit graphs.

    python -m benchmarks.int8_ranges ../shared/audio/voices --local .envs/int8

writes ``diarize/models/int8_ranges.json``: least and greatest value of every
tensor that a convolution reads or gives, over two dozen voices. Needed again
whenever a builder gives its tensors other names; raise the builder's
``VERSION`` then. `local` is a community-1 of `benchmarks.local_pack` with the
real network: random weights have other ranges.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import onnx

from benchmarks.local_pack import open_store
from benchmarks.networks import session
from diarfuse.diarize.front_ends.kaldi import fbank
from diarfuse.diarize.models import int8
from diarfuse.diarize.models.store import Store
from diarfuse.fusion.audio import load_audio
from diarfuse.fusion.types import SAMPLE_RATE

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from diarfuse.diarize.models.packs import ModelSet

VOICES = 24
SECONDS = {"campplus": 3, "resnet34": 10}
"""As long as what the network is given: pieces cut at changes, or long stretches."""


def main() -> None:
    """Measure both networks."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.int8_ranges", description=__doc__.split("\n", 1)[0])
    parser.add_argument("voices", type=Path, help="folder of recordings, one voice each")
    parser.add_argument("--local", type=Path, required=True, help="a store that benchmarks.local_pack made")
    arguments = parser.parse_args()
    audio = sorted(path for path in arguments.voices.rglob("*") if path.suffix in (".flac", ".wav", ".opus", ".mp3"))
    audio = audio[:: max(1, len(audio) // VOICES)][:VOICES]
    models = {"campplus": Store().load("campplus"), "resnet34": open_store(arguments.local).load("community-1")}
    table = {name: measure(found, features(audio, SECONDS[name])) for name, found in models.items()}
    target = Path(int8.__file__).with_name("int8_ranges.json")
    lines = ",\n".join(f'"{name}": {json.dumps(ranges)}' for name, ranges in table.items())
    target.write_text(f"{{\n{lines}\n}}\n", encoding="ascii")


def features(audio: list[Path], seconds: int) -> Iterator[npt.NDArray[np.float32]]:
    """The filterbank of the first seconds of each recording, repeated where it is shorter, mean removed."""
    for path in audio:
        bands = fbank(np.resize(load_audio(path), seconds * SAMPLE_RATE))
        yield (bands - bands.mean(axis=0))[None].astype(np.float32)


def measure(models: ModelSet, calls: Iterator[npt.NDArray[np.float32]]) -> dict[str, list[float]]:
    """Least and greatest value of each tensor over all calls, to four digits."""
    model = onnx.load(str(models.graphs["trunk"]))
    names = int8.convolved(model)
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    run = session(model.SerializeToString())
    low, high = np.full(len(names), np.inf), np.full(len(names), -np.inf)
    for call in calls:
        values = run.run(names, {"fbank": call})
        low = np.minimum(low, [value.min() for value in values])
        high = np.maximum(high, [value.max() for value in values])
    return {name: [float(f"{a:.4g}"), float(f"{b:.4g}")] for name, a, b in zip(names, low, high, strict=True)}


if __name__ == "__main__":
    main()
