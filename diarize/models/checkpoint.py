"""A torch checkpoint read without torch, and without running anything that it says.

A checkpoint is a zip of `data.pkl` (a pickle) and one raw little-endian file
for each storage (``data/0``, ``data/1`` ...). A pickle is a program: unpickling
one from a stranger may run any function by name. Here no unpickler runs. A
small machine of our own follows the opcodes that ``torch.save`` writes, knows
the few classes of `_CLASSES` and refuses every other name. Every size is
checked against the bytes that are really there before anything is made.
"""

from __future__ import annotations

import math
import pickletools
import re
import struct
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np

from ...fusion.errors import CorruptModelError, ModelNotFoundError, UnsafeModelError
from ..arrays import AnyArray

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator


MAX_PICKLE_BYTES = 8 << 20
MAX_OPCODES = 500_000
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


@dataclass(frozen=True, slots=True)
class _Class:
    """A name the pickle may use. `kind`: what a call of it makes."""

    name: str
    kind: str
    dtype: str = ""


@dataclass(frozen=True, slots=True)
class _Inert:
    """Stands for an object whose content nobody needs; it has no behaviour."""

    name: str


@dataclass(frozen=True, slots=True)
class _Storage:
    """A raw member of the zip: `key` is its name below ``data/``."""

    key: str
    dtype: str
    numel: int


class _Mark:
    """Where a MARK opcode was."""


_MARK = _Mark()
_CLASSES = {
    entry.name: entry
    for entry in (
        _Class("collections OrderedDict", "dict"),
        _Class("torch._utils _rebuild_tensor_v2", "tensor"),
        _Class("torch FloatStorage", "storage", "<f4"),
        _Class("torch LongStorage", "storage", "<i8"),
        # What pyannote.audio writes beside its weights.
        _Class("torch.torch_version TorchVersion", "inert"),
        _Class("pyannote.audio.core.task Problem", "inert"),
        _Class("pyannote.audio.core.task Resolution", "inert"),
        _Class("pyannote.audio.core.task Specifications", "inert"),
    )
}


def read_checkpoint(path: str | os.PathLike[str]) -> dict[str, AnyArray]:
    """The tensors of a torch checkpoint by name.

    The top of the pickle is a dict of tensors, or a dict whose ``state_dict``
    is one. Arrays are float32 or int64, C-contiguous and read-only; tensors
    that share a storage may share memory.

    Raises:
        ModelNotFoundError: no such file.
        CorruptModelError: not a zip, cut short, or its parts do not fit together.
        UnsafeModelError: it names a class outside the known ones, a path that
            leaves the archive, or a size beyond its own bytes or our limits.
    """
    file = Path(path)
    if not file.is_file():
        raise ModelNotFoundError(f"No checkpoint at {file}: pull the model, or name another folder.")
    try:
        with zipfile.ZipFile(file) as archive:
            return _Reader(file, archive).read()
    except (CorruptModelError, UnsafeModelError):
        raise
    except _ZIP_ERRORS as error:
        raise CorruptModelError(f"{file} is not a whole torch checkpoint ({error}): {_AGAIN}.") from error


class _Reader:
    """One archive: its members checked, its pickle followed, its storages read once."""

    def __init__(self, file: Path, archive: zipfile.ZipFile) -> None:
        self.file, self.archive = file, archive
        self.members = self._checked_members()
        self.root = self._root()
        self.storages: dict[str, AnyArray] = {}
        self.tensor_bytes = 0

    def corrupt(self, what: str) -> CorruptModelError:
        return CorruptModelError(f"{self.file} {what}: {_AGAIN}.")

    def unsafe(self, what: str) -> UnsafeModelError:
        return UnsafeModelError(f"{self.file} {what}; take the checkpoint from its official source.")

    def read(self) -> dict[str, AnyArray]:
        top = _Machine(self, self._member("data.pkl")).run()
        tensors = top.get("state_dict", top) if isinstance(top, dict) else None
        if not isinstance(tensors, dict) or not tensors:
            raise self.corrupt("holds no dictionary of tensors")
        for name, tensor in tensors.items():
            if not isinstance(name, str) or not isinstance(tensor, np.ndarray):
                raise self.corrupt(f"has an entry {name!r} that is no tensor")
        return dict(tensors)

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
        if sum(info.file_size for info in infos) > self.file.stat().st_size:
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

    def storage(self, ref: _Storage) -> AnyArray:
        """The storage as a flat read-only array of `ref.numel` elements."""
        if ref.key not in self.storages:
            data = self._member("data/" + ref.key)
            if len(data) != ref.numel * np.dtype(ref.dtype).itemsize:
                raise self.unsafe(f"declares {ref.numel} elements for data/{ref.key}, which has {len(data)} bytes")
            self.storages[ref.key] = np.frombuffer(data, dtype=ref.dtype)
        flat = self.storages[ref.key]
        if flat.size != ref.numel or flat.dtype != np.dtype(ref.dtype):
            raise self.corrupt(f"declares data/{ref.key} in two ways")
        return flat

    def tensor(self, ref: Any, offset: Any, size: Any, stride: Any) -> AnyArray:
        """The tensor that a storage, an offset and shapes in elements describe."""
        if not isinstance(ref, _Storage) or not _is_size((offset,)):
            raise self.corrupt("describes a tensor without a storage")
        if not _is_size(size) or not _is_size(stride) or len(size) != len(stride) or len(size) > MAX_DIMENSIONS:
            raise self.unsafe(f"gives data/{ref.key} a shape and strides that are no sizes")
        flat = self.storage(ref)
        last: int = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
        numel: int = math.prod(size)
        if numel and (last >= flat.size or numel > flat.size):
            raise self.unsafe(f"asks for shape {size!r} of the {flat.size} elements of data/{ref.key}")
        self.tensor_bytes += numel * flat.itemsize
        if self.tensor_bytes > MAX_TENSOR_BYTES:
            raise self.unsafe(f"asks for more than {MAX_TENSOR_BYTES} bytes of tensors")
        if not numel:
            return np.empty(size, dtype=flat.dtype)
        return _strided(flat[offset:], size, stride)


def _is_size(value: object) -> TypeGuard[tuple[int, ...]]:
    """Whether `value` is a tuple of integers that could be sizes or strides."""
    return isinstance(value, tuple) and all(type(n) is int and 0 <= n < 1 << 40 for n in value)


def _strided(flat: AnyArray, size: tuple[int, ...], stride: tuple[int, ...]) -> AnyArray:
    steps = tuple(step * flat.itemsize for step in stride)
    view = np.lib.stride_tricks.as_strided(flat, size, steps, writeable=False)
    array = np.ascontiguousarray(view).reshape(size)  # ascontiguousarray makes a scalar 1-d
    array.flags.writeable = False
    return array


class _Machine:
    """Follows the pickle's opcodes (protocol 2, as torch writes it) on a stack.

    Objects are plain Python data, `_Class`, `_Inert`, `_Storage` and arrays, so
    no opcode can call anything but `_call`.
    """

    def __init__(self, reader: _Reader, program: bytes) -> None:
        self.reader, self.program = reader, program
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def run(self) -> object:
        """What the pickle describes.

        Raises:
            CorruptModelError, UnsafeModelError: as `read_checkpoint`.
        """
        for count, (name, argument) in enumerate(self._opcodes()):
            if count >= MAX_OPCODES:
                raise self.reader.unsafe(f"has a pickle of more than {MAX_OPCODES} steps")
            step = _STEPS.get(name)
            if step is None:
                raise self.reader.unsafe(f"uses the pickle opcode {name}, which no plain checkpoint needs")
            try:
                step(self, argument)
            except (IndexError, KeyError, TypeError, ValueError) as error:
                raise self.reader.corrupt(f"has a broken pickle at {name}") from error
        if len(self.stack) != 1:
            raise self.reader.corrupt("has a pickle that ends halfway")
        return self.stack[0]

    def _opcodes(self) -> Iterator[tuple[str, Any]]:
        try:
            for opcode, argument, _ in pickletools.genops(self.program):
                if opcode.name != "STOP":
                    yield opcode.name, argument
        except (ValueError, IndexError, struct.error, OverflowError, DeprecationWarning) as error:
            # The last is text with an unknown escape, for those who run Python with warnings as errors.
            raise self.reader.corrupt(f"has a broken pickle ({error})") from error

    def pop(self, count: int) -> tuple[Any, ...]:
        """The last `count` things of the stack, taken off it; never past a mark."""
        if len(self.stack) < count:
            raise IndexError
        taken = tuple(self.stack[len(self.stack) - count :])
        if any(thing is _MARK for thing in taken):
            raise ValueError
        del self.stack[len(self.stack) - count :]
        return taken

    def pop_to_mark(self) -> tuple[Any, ...]:
        """Everything above the last mark, taken off the stack together with it."""
        depth = 0
        while self.stack[-1 - depth] is not _MARK:
            depth += 1
        taken = self.pop(depth)
        self.stack.pop()
        return taken

    def top(self, kind: type) -> Any:
        """What lies on top, which must be a `kind`."""
        if not isinstance(self.stack[-1], kind):
            raise TypeError
        return self.stack[-1]

    def find(self, name: str) -> None:
        """GLOBAL: only names of `_CLASSES`."""
        if name not in _CLASSES:
            known = ", ".join(sorted(entry.replace(" ", ".") for entry in _CLASSES))
            raise self.reader.unsafe(f"names the class {name.replace(' ', '.')[:80]!r}, not one of {known}")
        self.stack.append(_CLASSES[name])

    def load_storage(self) -> None:
        """BINPERSID: ('storage', class, key, device, number of elements)."""
        (parts,) = self.pop(1)
        tag, kind, key, _, numel = parts
        if tag != "storage" or not isinstance(kind, _Class) or kind.kind != "storage" or not _is_size((numel,)):
            raise ValueError
        if not isinstance(key, str) or not re.fullmatch(r"[0-9A-Za-z_]{1,40}", key):
            raise self.reader.unsafe(f"names a storage {key!r}, which is no plain file name")
        self.stack.append(_Storage(key, kind.dtype, numel))

    def call(self) -> None:
        """REDUCE and NEWOBJ: a class of `_CLASSES` and its arguments."""
        made, arguments = self.pop(2)
        if not isinstance(made, _Class) or not isinstance(arguments, tuple):
            raise TypeError
        if made.kind == "tensor":
            self.stack.append(self.reader.tensor(*arguments[:4]))
        elif made.kind == "dict" and not arguments:
            self.stack.append({})
        elif made.kind == "inert":
            self.stack.append(_Inert(made.name))
        else:
            raise self.reader.unsafe(f"calls {made.name.replace(' ', '.')!r} with arguments it never has")

    def build(self) -> None:
        """BUILD: attributes of a module's OrderedDict or of an inert object, which nobody needs."""
        self.pop(1)
        if not isinstance(self.stack[-1], (dict, _Inert)):
            raise TypeError

    def extend(self, items: tuple[Any, ...]) -> None:
        """APPEND and APPENDS."""
        self.top(list).extend(items)

    def set_items(self, items: tuple[Any, ...]) -> None:
        """SETITEM and SETITEMS: keys and values in turn."""
        target = self.top(dict)
        for key, value in zip(items[::2], items[1::2], strict=True):
            if not isinstance(key, (str, int)):
                raise TypeError
            target[key] = value


def _push(value: Callable[[Any], Any]) -> Callable[[_Machine, Any], None]:
    return lambda machine, argument: machine.stack.append(value(argument))


def _same(argument: Any) -> Any:
    return argument


def _tuple_of(count: int) -> Callable[[_Machine, Any], None]:
    return lambda machine, _: machine.stack.append(machine.pop(count))


def _remember(machine: _Machine, index: int) -> None:
    machine.memo[index] = machine.top(object)


_STEPS: dict[str, Callable[[_Machine, Any], None]] = {
    "PROTO": lambda *_: None,
    "MARK": _push(lambda _: _MARK),
    "NONE": _push(lambda _: None),
    "NEWTRUE": _push(lambda _: True),
    "NEWFALSE": _push(lambda _: False),
    "BININT": _push(_same),
    "BININT1": _push(_same),
    "BININT2": _push(_same),
    "LONG1": _push(_same),
    "BINFLOAT": _push(_same),
    "BINUNICODE": _push(_same),
    "EMPTY_DICT": _push(lambda _: {}),
    "EMPTY_LIST": _push(lambda _: []),
    "EMPTY_TUPLE": _push(lambda _: ()),
    "TUPLE1": _tuple_of(1),
    "TUPLE2": _tuple_of(2),
    "TUPLE3": _tuple_of(3),
    "TUPLE": lambda machine, _: machine.stack.append(machine.pop_to_mark()),
    "BINPUT": _remember,
    "LONG_BINPUT": _remember,
    "BINGET": lambda machine, index: machine.stack.append(machine.memo[index]),
    "LONG_BINGET": lambda machine, index: machine.stack.append(machine.memo[index]),
    "GLOBAL": lambda machine, name: machine.find(name),
    "BINPERSID": lambda machine, _: machine.load_storage(),
    "REDUCE": lambda machine, _: machine.call(),
    "NEWOBJ": lambda machine, _: machine.call(),
    "BUILD": lambda machine, _: machine.build(),
    "APPEND": lambda machine, _: machine.extend(machine.pop(1)),
    "APPENDS": lambda machine, _: machine.extend(machine.pop_to_mark()),
    "SETITEM": lambda machine, _: machine.set_items(machine.pop(2)),
    "SETITEMS": lambda machine, _: machine.set_items(machine.pop_to_mark()),
}
