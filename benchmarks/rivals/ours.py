"""This project's diarizer, run as its rivals are. Options: pack, mode, step, dir."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

from diarize.pipeline import Diarizer

from benchmarks.rivals.runner import Engine, main, read
from diarize.options import Execution, Mode, Options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.rivals.runner import Answer


def load(options: Mapping[str, str], threads: int) -> Engine:
    """A diarizer of the installed pack `pack`, or of the model folder `dir`."""
    execution = Execution(mode=cast("Mode", options.get("mode", "default")), threads=threads)
    result = Options(step=float(options["step"]) if "step" in options else None)
    if "dir" in options:
        diarizer = Diarizer.from_dir(Path(options["dir"]), options=result, execution=execution)
    else:
        diarizer = Diarizer.from_pretrained(options.get("pack", "auto"), options=result, execution=execution)

    def diarize(audio: Path) -> Answer:
        answer = diarizer.diarize(read(audio))
        return answer.turns, answer.timings

    return diarize


if __name__ == "__main__":
    main(load, ["numpy", "onnxruntime"])
