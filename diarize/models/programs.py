"""CoreML programs made of our graphs, once, and kept beside them.

A program is a folder, ``.mlpackage``; beside it lies the sha256 of all that is
in it. Like the graphs they are only ever made here, from checkpoints whose
hashes are known.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

import onnx

from ...fusion.types import SAMPLE_RATE
from .files import landing, locked, writing_in
from .mil import VERSION, Shapes, Size, save_program

HALF = "-half"
"""Ends the name of a program that computes in float16."""
BATCH = 32
LONGEST = 30_000
MASKS = 64
_SIZES: Mapping[str, Mapping[str, Size]] = {
    "samples": {"batch": (1, BATCH), "samples": 10 * SAMPLE_RATE},
    "fbank": {"batch": 1, "frames": (1, LONGEST)},
    "features": {"batch": 1, "frames": (1, LONGEST)},
    "weights": {"batch": 1, "masks": (1, MASKS), "frames": (1, LONGEST)},
}
"""Where a graph has a free dimension, the sizes it may have as a program, by input: of windows at once, of samples in a
window, of feature frames (10 ms; five minutes), and of masks over one stretch."""


def program_of(graph: Path, *, half: bool = False) -> Path:
    """The ``.mlpackage`` of the graph at `graph`, made where no intact one lies beside it.

    Args:
        graph: one of ours, in floats.
        half: compute in float16.

    Raises:
        MissingExtraError: coremltools is not installed.
        OutputError: the folder cannot be written to.
    """
    target = graph.with_name(f"{graph.stem}-c{VERSION}{HALF if half else ''}.mlpackage")
    if _is_good(target):
        return target
    with locked(target.with_suffix(".lock")):
        if not _is_good(target):  # another process may have been faster
            _make(graph, target, half=half)
    return target


def _make(graph: Path, target: Path, *, half: bool) -> None:
    model = onnx.load(str(graph))
    with writing_in(target.parent):
        stage = Path(tempfile.mkdtemp(dir=target.parent, prefix=".program-"))
        try:
            made = stage / target.name
            save_program(model, made, shapes_of(model), half=half)
            shutil.rmtree(target, ignore_errors=True)  # damaged
            made.rename(target)
        finally:
            shutil.rmtree(stage, ignore_errors=True)
        with landing(_hash_file(target)) as file:
            file.write(_digest(target).encode("ascii"))


def shapes_of(model: onnx.ModelProto) -> Shapes:
    """The sizes of a graph's inputs as a program, from those that it names."""
    return {
        value.name: [
            _SIZES[value.name][size.dim_param] if size.dim_param else size.dim_value
            for size in value.type.tensor_type.shape.dim
        ]
        for value in model.graph.input
    }


def _hash_file(program: Path) -> Path:
    return program.with_name(program.name + ".sha256")


def _is_good(program: Path) -> bool:
    try:
        return _hash_file(program).read_text("ascii") == _digest(program)
    except (OSError, ValueError):
        return False


def _digest(folder: Path) -> str:
    """The sha256 over the names and contents of all files in `folder`."""
    found = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            found.update(f"{path.relative_to(folder).as_posix()} {len(content)}\n".encode() + content)
    return found.hexdigest()
