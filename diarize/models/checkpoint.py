"""A torch checkpoint read without torch, and without running anything that it says.

A checkpoint is a zip of `data.pkl` (a pickle, which `pickles` follows) and one
raw little-endian file for each storage (``data/0``, ``data/1`` ...). What is said
of anything but the weights, by whatever library wrote it, is passed over; what
touches a tensor is strict: every size is checked against the bytes that are
really there before anything is made.
"""

from __future__ import annotations

import math
import re
import struct
import zipfile
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeGuard

import numpy as np

from ...fusion.errors import CorruptModelError, ModelNotFoundError, UnsafeModelError
from ..arrays import AnyArray
from .pickles import Inert, Name, Storage, Tensor, follow, is_file_name

if TYPE_CHECKING:
    import os


MAX_PICKLE_BYTES = 8 << 20
MAX_MEMBERS = 20_000
MAX_TENSOR_BYTES = 2 << 30
MAX_DIMENSIONS = 16

_AGAIN = "fetch the model again"
_ZIP_ERRORS = (
    zipfile.BadZipFile,  # most damage, and every wrong checksum
    NotImplementedError,  # a compression method or zip version nobody has
    RuntimeError,  # "encrypted"
    EOFError,
    OSError,  # a seek to before the file
    struct.error,
    ValueError,  # also UnicodeDecodeError
    OverflowError,
)
_BFLOAT16 = "bfloat16"  # the upper half of a float32, which numpy has no name for
_KINDS = {
    "DoubleStorage": "<f8",
    "FloatStorage": "<f4",
    "HalfStorage": "<f2",
    "BFloat16Storage": _BFLOAT16,
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "i1",
    "ByteStorage": "u1",
    "BoolStorage": "?",
    "ComplexFloatStorage": "<c8",
    "ComplexDoubleStorage": "<c16",
    "uint16": "<u2",
    "uint32": "<u4",
    "uint64": "<u8",
}
"""Elements by the class of a storage, or by the type that is named beside raw bytes."""


def read_checkpoint(path: str | os.PathLike[str]) -> dict[str, AnyArray]:
    """The tensors of a torch checkpoint by name.

    The top of the pickle is a dict of tensors, or a dict whose ``state_dict``
    is one. Arrays have the type that they were stored with (float32 for
    bfloat16), are C-contiguous and read-only; tensors that share a storage may
    share memory.

    Raises:
        ModelNotFoundError: no such file.
        CorruptModelError: not a zip, cut short, or its parts do not fit together.
        UnsafeModelError: something unknown makes a tensor, or it has an unknown
            opcode, a path that leaves the archive, or a size beyond its own
            bytes or our limits.
    """
    file = Path(path)
    if not file.is_file():
        raise ModelNotFoundError(f"No checkpoint at {file}: pull the model, or name another folder.")
    with file.open("rb") as content:
        return read_zip(content, file, file.stat().st_size)


def read_zip(content: IO[bytes], file: Path, size: int) -> dict[str, AnyArray]:
    """`read_checkpoint` of `size` bytes that can be read anywhere; `file` is named where something is wrong."""
    try:
        with zipfile.ZipFile(content) as archive:
            return _Reader(file, size, archive).read()
    except (CorruptModelError, UnsafeModelError):
        raise
    except _ZIP_ERRORS as error:
        raise CorruptModelError(f"{file} is not a whole torch checkpoint ({error}): {_AGAIN}.") from error


class _Reader:
    """One archive: its members checked, its pickle followed, its storages read once."""

    def __init__(self, file: Path, size: int, archive: zipfile.ZipFile) -> None:
        self.file, self.size, self.archive = file, size, archive
        self.members = self._checked_members()
        self.root = self._root()
        self.storages: dict[object, tuple[str, AnyArray]] = {}
        self.tensor_bytes = 0

    def corrupt(self, what: str) -> CorruptModelError:
        return CorruptModelError(f"{self.file} {what}: {_AGAIN}.")

    def unsafe(self, what: str) -> UnsafeModelError:
        return UnsafeModelError(f"{self.file} {what}; take the checkpoint from its official source.")

    def read(self) -> dict[str, AnyArray]:
        top = follow(self._member("data.pkl"), self)
        tensors = top.get("state_dict", top) if isinstance(top, dict) else None
        if isinstance(top, Inert) or isinstance(tensors, Inert):
            raise self._unknown("its weights", tensors if isinstance(tensors, Inert) else top)
        if not isinstance(tensors, dict) or not tensors:
            raise self.corrupt("holds no dictionary of tensors")
        return {name: self._weight(name, value) for name, value in tensors.items()}

    def _weight(self, name: object, value: object) -> AnyArray:
        """The tensor that an entry of the weights describes."""
        if isinstance(value, (Inert, Name)):
            raise self._unknown(f"the tensor {_shown(name)}", value)
        if not isinstance(name, str) or not isinstance(value, Tensor):
            raise self.corrupt(f"has an entry {_shown(name)} that is no tensor")
        return self._tensor(value)

    def _unknown(self, what: str, thing: object) -> UnsafeModelError:
        maker = thing.maker if isinstance(thing, Inert) else str(thing)
        return self.unsafe(f"makes {what} with {maker}, which no plain checkpoint needs")

    def _checked_members(self) -> dict[str, zipfile.ZipInfo]:
        infos = self.archive.infolist()
        members = {info.filename: info for info in infos}
        if len(infos) > MAX_MEMBERS or len(members) < len(infos):
            raise self.unsafe(f"has {len(infos)} members, more than {MAX_MEMBERS} or some of one name")
        for name, info in members.items():
            if name.startswith("/") or "\\" in name or ":" in name or ".." in name.split("/"):
                raise self.unsafe(f"has a member {name!r} whose path leaves the archive")
            if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size:
                raise self.unsafe(f"has a compressed member {name!r}, which torch never writes")
        # Nothing is compressed, so members that do not overlap fit into the file together: no bomb.
        if sum(info.file_size for info in infos) > self.size:
            raise self.unsafe("claims members larger than itself")
        return members

    def _root(self) -> str:
        roots = [name.removesuffix("data.pkl") for name in self.members if re.fullmatch(r"[^/]+/data\.pkl", name)]
        if len(roots) != 1:
            raise self.corrupt("has no single data.pkl")
        order = self.members.get(roots[0] + "byteorder")
        if order is not None and self.archive.read(order) != b"little":
            raise self.corrupt("is not little-endian")
        if self.members[roots[0] + "data.pkl"].file_size > MAX_PICKLE_BYTES:
            raise self.unsafe(f"has a data.pkl above {MAX_PICKLE_BYTES} bytes")
        return roots[0]

    def _member(self, name: str) -> bytes:
        try:
            return self.archive.read(self.members[self.root + name])
        except KeyError:
            raise self.corrupt(f"lacks its member {name!r}") from None

    def _storage(self, ref: Storage, kind: str) -> AnyArray:
        """The storage as a flat read-only array of elements of `kind`."""
        if not is_file_name(ref.key):
            raise self.unsafe(f"names a storage {_shown(ref.key)}, which is no plain file name")
        if ref.key not in self.storages:
            self.storages[ref.key] = kind, _elements(self._member(f"data/{ref.key}"), kind)
        known, found = self.storages[ref.key]
        if known != kind:
            raise self.corrupt(f"has a storage data/{ref.key} of two types")
        raw = ref.kind.name.endswith(("UntypedStorage", "ByteStorage"))  # counted in bytes, whatever is in them
        if ref.numel != (found.nbytes if raw else found.size) or type(ref.numel) is not int:
            raise self.unsafe(
                f"declares {_shown(ref.numel)} elements for data/{ref.key}, which has {found.nbytes} bytes"
            )
        return found

    def _tensor(self, ref: Tensor) -> AnyArray:
        """The tensor that a storage, an offset and shapes in elements describe."""
        stored, offset, size, stride = ref.storage, ref.offset, ref.size, ref.stride
        if not isinstance(stored, Storage) or not _is_size((offset,)):
            raise self.corrupt("describes a tensor without a storage")
        named = ref.kind or stored.kind
        kind = _KINDS.get(named.name.removeprefix("torch ").removeprefix("torch.storage "))
        if kind is None:
            raise self.unsafe(f"has a tensor of {named}, which no weights here are made of")
        if not _is_size(size) or not _is_size(stride) or len(size) != len(stride) or len(size) > MAX_DIMENSIONS:
            raise self.unsafe(f"gives data/{stored.key} a shape and strides that are no sizes")
        return self._view(self._storage(stored, kind), offset, size, stride)

    def _view(self, flat: AnyArray, offset: Any, size: tuple[int, ...], stride: tuple[int, ...]) -> AnyArray:
        last: int = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
        numel: int = math.prod(size)
        if numel and (last >= flat.size or numel > flat.size):
            raise self.unsafe(f"asks for shape {size!r} of a storage of {flat.size} elements")
        self.tensor_bytes += numel * flat.itemsize
        if self.tensor_bytes > MAX_TENSOR_BYTES:
            raise self.unsafe(f"asks for more than {MAX_TENSOR_BYTES} bytes of tensors")
        if not numel:
            return np.empty(size, dtype=flat.dtype)
        return _strided(flat[offset:], size, stride)


def _elements(data: bytes, kind: str) -> AnyArray:
    """Raw bytes as a flat read-only array; bytes that are no whole element are left over."""
    if kind == _BFLOAT16:
        halves = np.frombuffer(data, "<u2", len(data) // 2)
        found: AnyArray = (halves.astype("<u4") << 16).view("<f4")
        found.flags.writeable = False
        return found
    dtype = np.dtype(kind)
    return np.frombuffer(data, dtype, len(data) // dtype.itemsize)


def _shown(value: object) -> str:
    """A value in an error message; of anything nested only what it is, however deep it goes."""
    return f"{value!r:.80}" if isinstance(value, (str, int, float)) else type(value).__name__


def _is_size(value: object) -> TypeGuard[tuple[int, ...]]:
    """Whether `value` is a tuple of integers that could be sizes or strides."""
    return isinstance(value, tuple) and all(type(n) is int and 0 <= n < 1 << 40 for n in value)


def _strided(flat: AnyArray, size: tuple[int, ...], stride: tuple[int, ...]) -> AnyArray:
    steps = tuple(step * flat.itemsize for step in stride)
    view = np.lib.stride_tricks.as_strided(flat, size, steps, writeable=False)
    array = np.ascontiguousarray(view).reshape(size)  # ascontiguousarray makes a scalar 1-d
    array.flags.writeable = False
    return array
