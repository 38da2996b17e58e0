"""This project's diarizer, run as its rivals are.

Options: pack, mode, device, graphs (1: CUDA graphs), step; local (a folder that `benchmarks.local_pack` made, in
place of the official community-1); labels=pyannote for upstream's label order.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import onnxruntime

from benchmarks.local_pack import open_store
from benchmarks.rivals.runner import Engine, main
from diarfuse.diarize.options import Device, Execution, Mode, Options
from diarfuse.diarize.pipeline import Diarizer
from diarfuse.fusion.audio import load_audio

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.rivals.runner import Answer


KNOWN = ("pack", "mode", "device", "graphs", "step", "local", "labels")


def load(options: Mapping[str, str], threads: int) -> Engine:
    """A diarizer of the pack `pack`, or of the local files named."""
    if unknown := options.keys() - set(KNOWN):
        raise SystemExit(f"ours has no option {', '.join(sorted(unknown))}: there are {', '.join(KNOWN)}.")
    execution = Execution(
        mode=cast("Mode", options.get("mode", "default")),
        threads=threads,
        device=cast("Device", options.get("device", "cpu")),
        cuda_graph=options.get("graphs") == "1",
    )
    result = Options(
        step=float(options["step"]) if "step" in options else None,
        label_order="pyannote" if options.get("labels") == "pyannote" else "appearance",
    )
    store = open_store(Path(options["local"])) if "local" in options else None
    pack = options.get("pack", "community-1" if store else "auto")
    diarizer = Diarizer.from_pretrained(pack, options=result, execution=execution, store=store)

    def diarize(audio: Path) -> Answer:
        answer = diarizer.diarize(load_audio(audio))
        return answer.turns, answer.timings

    return diarize


if __name__ == "__main__":
    main(load, ["numpy", onnxruntime.package_name])
