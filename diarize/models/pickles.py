"""What a pickle describes, found without running any of it.

A pickle is a program: unpickling one from a stranger may run any function by
name. Here no unpickler runs. A small machine follows the opcodes that
``torch.save`` writes. It knows what makes a tensor: dictionaries, storages, and
the functions that put them together. Every other name stands for itself: it is
never imported and never called, and whatever it would have made, a callback's
state or a library's options, is an `Inert` thing that nobody looks into.
"""

from __future__ import annotations

import pickletools
import re
import struct
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeAlias

MAX_OPCODES = 500_000


@dataclass(frozen=True, slots=True)
class Name:
    """A class or a function that the pickle names, as ``module name``."""

    name: str

    def __str__(self) -> str:
        return self.name.replace(" ", ".")[:80]


@dataclass(frozen=True, slots=True)
class Inert:
    """Stands for what a name would have made; it has no behaviour and no content."""

    maker: str


@dataclass(frozen=True, slots=True)
class Storage:
    """A raw member of the zip: `key` is its name below ``data/``; `kind` the class of its elements."""

    key: object
    kind: Name
    numel: object


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor as described, nothing of it checked yet; `kind` where it does not go without saying."""

    storage: object
    offset: object
    size: object
    stride: object
    kind: Name | None = None


class Blame(Protocol):
    """Errors that name the file."""

    def corrupt(self, what: str) -> Exception:
        """It is damaged."""
        ...

    def unsafe(self, what: str) -> Exception:
        """It wants what it must not have."""
        ...


class _Mark:
    """Where a MARK opcode was."""


_MARK = _Mark()
_PLAIN = (str, int, float, bool, type(None), Name, Inert)


def follow(program: bytes, blame: Blame) -> object:
    """What the pickle describes: plain data, `Name`, `Inert`, `Storage` and `Tensor`.

    Raises:
        CorruptModelError, UnsafeModelError: made by `blame`: it is damaged, or uses an opcode that torch never writes.
    """
    machine = _Machine()
    for count, (name, argument) in enumerate(_opcodes(program, blame)):
        if count >= MAX_OPCODES:
            raise blame.unsafe(f"has a pickle of more than {MAX_OPCODES} steps")
        step = _STEPS.get(name)
        if step is None:
            raise blame.unsafe(f"uses the pickle opcode {name}, which no plain checkpoint needs")
        try:
            step(machine, argument)
        except (IndexError, KeyError, TypeError, ValueError) as error:
            raise blame.corrupt(f"has a broken pickle at {name}") from error
    if len(machine.stack) != 1:
        raise blame.corrupt("has a pickle that ends halfway")
    return machine.stack[0]


def _opcodes(program: bytes, blame: Blame) -> Iterator[tuple[str, Any]]:
    try:
        for opcode, argument, _ in pickletools.genops(program):
            if opcode.name != "STOP":
                yield opcode.name, argument
    except (ValueError, IndexError, struct.error, OverflowError, DeprecationWarning) as error:
        # The last is text with an unknown escape, for those who run Python with warnings as errors.
        raise blame.corrupt(f"has a broken pickle ({error})") from error


class _Machine:
    """The stack and the memo of the pickle (protocol 2, as torch writes it).

    Objects are plain Python data and the four classes above, so no opcode can
    call anything but `call`.
    """

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

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

    def top(self, *kinds: type) -> Any:
        """What lies on top, which must be of one of `kinds`."""
        if not isinstance(self.stack[-1], kinds):
            raise TypeError
        return self.stack[-1]

    def refer(self) -> None:
        """BINPERSID: ('storage', class, key, device, number of elements); anything else is inert."""
        (parts,) = self.pop(1)
        is_storage = isinstance(parts, tuple) and len(parts) >= 5 and parts[0] == "storage"  # noqa: PLR2004
        if is_storage and isinstance(parts[1], Name):
            self.stack.append(Storage(parts[2], parts[1], parts[4]))
        else:
            self.stack.append(Inert("a reference to something outside"))

    def call(self) -> None:
        """REDUCE and NEWOBJ: a name and its arguments."""
        made, arguments = self.pop(2)
        if not isinstance(made, (Name, Inert)) or not isinstance(arguments, tuple):
            raise TypeError
        make = _MAKERS.get(made.name) if isinstance(made, Name) else None
        found = make(arguments) if make is not None else None
        self.stack.append(Inert(str(made) if isinstance(made, Name) else made.maker) if found is None else found)

    def build(self) -> None:
        """BUILD: attributes of a dictionary or of an inert thing, which nobody needs."""
        self.pop(1)
        self.top(dict, Inert, Tensor, Name)

    def extend(self, items: tuple[Any, ...]) -> None:
        """APPEND and APPENDS."""
        target = self.top(list, Inert)
        if isinstance(target, list):
            target.extend(items)

    def set_items(self, items: tuple[Any, ...]) -> None:
        """SETITEM and SETITEMS: keys and values in turn."""
        target = self.top(dict, Inert)
        for key, value in zip(items[::2], items[1::2], strict=True):
            if isinstance(target, dict):
                target[_key(key, len(target))] = value


def _key(key: object, number: int) -> Hashable:
    """`key` where it is plain; a dictionary that has others is none that anybody looks into."""
    plain = isinstance(key, _PLAIN) or (isinstance(key, tuple) and all(isinstance(part, _PLAIN) for part in key))
    return key if plain else Inert(f"key {number}")


def _tensor(arguments: tuple[Any, ...]) -> Tensor:
    """torch._utils._rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks[, metadata])."""
    storage, offset, size, stride = arguments[:4]
    return Tensor(storage, offset, size, stride)


def _tensor_of_kind(arguments: tuple[Any, ...]) -> Tensor | None:
    """torch._utils._rebuild_tensor_v3: the same over raw bytes, with the type of its elements as the seventh."""
    kind = arguments[6] if len(arguments) > 6 else None  # noqa: PLR2004 - the seventh
    return replace(_tensor(arguments), kind=kind) if isinstance(kind, Name) else None


def _parameter(arguments: tuple[Any, ...]) -> Tensor | None:
    """torch._utils._rebuild_parameter(tensor, requires_grad, hooks): the tensor."""
    return arguments[0] if arguments and isinstance(arguments[0], Tensor) else None


_MAKERS: dict[str, Callable[[tuple[Any, ...]], object]] = {
    "collections OrderedDict": lambda arguments: None if arguments else {},
    "torch._utils _rebuild_tensor_v2": _tensor,
    "torch._utils _rebuild_tensor_v3": _tensor_of_kind,
    "torch._utils _rebuild_parameter": _parameter,
}
"""What touches tensors. None: not with these arguments."""

_Step: TypeAlias = Callable[[_Machine, Any], None]


def _push(value: Callable[[Any], Any]) -> _Step:
    return lambda machine, argument: machine.stack.append(value(argument))


def _same(argument: Any) -> Any:
    return argument


def _tuple_of(count: int) -> _Step:
    return lambda machine, _: machine.stack.append(machine.pop(count))


def _remember(machine: _Machine, index: int) -> None:
    machine.memo[index] = machine.top(object)


def _forget(machine: _Machine, _: None) -> None:
    machine.pop(1)


def _forget_to_mark(machine: _Machine, _: None) -> None:
    machine.pop_to_mark()


_STEPS: dict[str, _Step] = {
    "PROTO": lambda *_: None,
    "MARK": _push(lambda _: _MARK),
    "POP": _forget,
    "POP_MARK": _forget_to_mark,
    "NONE": _push(lambda _: None),
    "NEWTRUE": _push(lambda _: True),
    "NEWFALSE": _push(lambda _: False),
    "BININT": _push(_same),
    "BININT1": _push(_same),
    "BININT2": _push(_same),
    "LONG1": _push(_same),
    "LONG4": _push(_same),
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
    "GLOBAL": _push(Name),
    "BINPERSID": lambda machine, _: machine.refer(),
    "REDUCE": lambda machine, _: machine.call(),
    "NEWOBJ": lambda machine, _: machine.call(),
    "BUILD": lambda machine, _: machine.build(),
    "APPEND": lambda machine, _: machine.extend(machine.pop(1)),
    "APPENDS": lambda machine, _: machine.extend(machine.pop_to_mark()),
    "SETITEM": lambda machine, _: machine.set_items(machine.pop(2)),
    "SETITEMS": lambda machine, _: machine.set_items(machine.pop_to_mark()),
}


def is_file_name(key: object) -> bool:
    """Whether a storage's key names a file of the archive."""
    return isinstance(key, str) and re.fullmatch(r"[0-9A-Za-z_]{1,40}", key) is not None
