"""A ``.safetensors`` file: how long its header is, a JSON of names, types, shapes and places, and the numbers."""

from __future__ import annotations

import json
import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from ....fusion.errors import CorruptModelError, ModelNotFoundError

if TYPE_CHECKING:
    from pathlib import Path

    from ...arrays import AnyArray

MAX_HEADER_BYTES = 8 << 20
MAX_DIMENSIONS = 16
_MOST_NUMBERS = 1 << 40
_LENGTH = 8
_KINDS = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "i1",
    "U64": "<u8",
    "U32": "<u4",
    "U16": "<u2",
    "U8": "u1",
    "BOOL": "?",
}
_BFLOAT16 = "BF16"  # the upper half of a float32, which numpy has no name for


def read_safetensors(path: Path) -> dict[str, AnyArray]:
    """The tensors by name, read-only, with the types they have (float32 for bfloat16); they lie in the file itself.

    Raises:
        ModelNotFoundError: no such file.
        CorruptModelError: it is no such file, is cut short, or what it says does not fit.
    """
    if not path.is_file():
        raise ModelNotFoundError(f"No weights at {path}: pull the model, or name another folder.")
    header, start = _header(path)
    entries = {name: _Entry.of(path, name, entry) for name, entry in header.items() if name != "__metadata__"}
    _check_places(path, entries, path.stat().st_size - start)
    content = np.memmap(path, np.uint8, "r")
    return {name: entry.tensor(content[start:]) for name, entry in entries.items()}


def _corrupt(path: Path, what: str) -> CorruptModelError:
    return CorruptModelError(f"{path} {what}: it is no whole safetensors file, fetch the model again.")


def _header(path: Path) -> tuple[dict[str, Any], int]:
    """What the file says is in it, and where its numbers begin."""
    with path.open("rb") as file:
        size = int.from_bytes(file.read(_LENGTH), "little")
        if size > MAX_HEADER_BYTES:
            raise _corrupt(path, f"claims a header of {size} bytes")
        text = file.read(size)
    try:
        header = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _corrupt(path, f"has a header that is no JSON ({type(error).__name__})") from error
    if len(text) < size or not isinstance(header, dict) or not header.keys() - {"__metadata__"}:
        raise _corrupt(path, "has a header that names no tensors")
    return header, _LENGTH + size


class _Entry:
    """Where a tensor lies, and of what it is."""

    def __init__(self, kind: str, shape: tuple[int, ...], start: int, end: int) -> None:
        self.kind, self.shape, self.start, self.end = kind, shape, start, end

    @classmethod
    def of(cls, path: Path, name: str, entry: Any) -> _Entry:
        """What the header says of `name`, if that can be."""
        said = entry if isinstance(entry, dict) else {}
        kind, shape, places = (cast("Any", said.get(key)) for key in ("dtype", "shape", "data_offsets"))
        if kind != _BFLOAT16 and (not isinstance(kind, str) or kind not in _KINDS):
            raise _corrupt(path, f"has a tensor {name[:60]!r} of the type {kind!r:.20}")
        if not _are_sizes(shape) or not _are_sizes(places) or len(shape) > MAX_DIMENSIONS or len(places) != 2:  # noqa: PLR2004 - start and end
            raise _corrupt(path, f"has a tensor {name[:60]!r} whose shape or place are no sizes")
        if math.prod(filter(None, shape)) >= _MOST_NUMBERS:  # numpy takes no more of them, even where one is 0
            raise _corrupt(path, f"has a tensor {name[:60]!r} of a shape that nothing holds")
        found = cls(kind, tuple(shape), *places)
        if found.end - found.start != math.prod(shape) * found.bytes_each:
            raise _corrupt(path, f"has a tensor {name[:60]!r} with more or fewer bytes than its shape wants")
        return found

    @property
    def bytes_each(self) -> int:
        """Bytes of a number."""
        return 2 if self.kind == _BFLOAT16 else np.dtype(_KINDS[self.kind]).itemsize

    def tensor(self, content: AnyArray) -> AnyArray:
        """The tensor, in what follows the header."""
        flat = content[self.start : self.end]
        if self.kind == _BFLOAT16:
            wide: AnyArray = (flat.view("<u2").astype("<u4") << 16).view("<f4").reshape(self.shape)
            wide.flags.writeable = False
            return wide
        return np.asarray(flat.view(_KINDS[self.kind]).reshape(self.shape))


def _are_sizes(value: Any) -> bool:
    return isinstance(value, list) and all(type(size) is int and 0 <= size < 1 << 40 for size in value)


def _check_places(path: Path, entries: dict[str, _Entry], size: int) -> None:
    """The tensors lie one behind the other, and fill the file."""
    places = sorted((entry.start, entry.end) for entry in entries.values())
    gaps = any(end != start for (_, end), (start, _) in pairwise(places))
    if gaps or places[0][0] != 0 or places[-1][1] != size:
        raise _corrupt(path, f"has {size} bytes of numbers, which its header divides in another way")
