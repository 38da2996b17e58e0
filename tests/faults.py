"""A process that is killed at every step that changes the disk, one after the other: not by chance.

`every_kill` does some work on a copy of a folder and stops it in its first
step, on another copy in its second, and so on until the work gets through. A
step is a call that changes the disk, whoever makes it: ``os.rename`` from
`pathlib` as much as a ``write`` to an open file. A write that is killed leaves
half of its bytes. Once dead, nothing that the unwinding code would tidy away
succeeds, as nothing runs in a killed process; only locks are let go, as the
system does.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Self

import pytest

from diarfuse.fusion import landing

CHANGES = (
    *("fsync", "rename", "replace", "unlink", "remove", "link", "symlink", "mkdir", "rmdir", "chmod", "fchmod"),
    *("truncate", "ftruncate", "mkfifo", "utime"),
)
WRITING = os.O_CREAT | os.O_TRUNC | getattr(os, "O_TMPFILE", 0) & ~getattr(os, "O_DIRECTORY", 0)


class Killed(BaseException):
    """The process is dead from here on."""


class Disk:
    """Counts the steps, and dies in number `last` (from 0)."""

    def __init__(self, last: int) -> None:
        self.left = last
        self.dead = False

    def step(self, torn: Callable[[], object] | None = None) -> None:
        """One step is about to be done; `torn` does half of it."""
        if self.dead:
            raise Killed
        if self.left == 0:
            self.dead = True
            if torn:
                torn()
            raise Killed
        self.left -= 1

    def wrap(self, real: Callable[..., Any]) -> Callable[..., Any]:
        """`real` as a step of its own; what `filelock` does is the system's, and no step."""

        def call(*args: Any, **kwargs: Any) -> Any:
            if "filelock" not in sys._getframe(1).f_code.co_filename:
                self.step()
            return real(*args, **kwargs)

        return call

    def open_handle(self, real: Callable[..., int]) -> Callable[..., int]:
        def call(path: Any, flags: int, *args: Any, **kwargs: Any) -> int:
            if "filelock" not in sys._getframe(1).f_code.co_filename and (self.dead or flags & WRITING):
                self.step()
            return real(path, flags, *args, **kwargs)

        return call

    def write_handle(self, real: Callable[..., int]) -> Callable[..., int]:
        def call(handle: int, data: Any) -> int:
            if "filelock" not in sys._getframe(1).f_code.co_filename:
                self.step(lambda: real(handle, bytes(data)[: len(data) // 2]))
            return real(handle, data)

        return call

    def open_file(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(file: Any, mode: str = "r", buffering: int = -1, *args: Any, **kwargs: Any) -> Any:
            if "b" not in mode or not set("wax+") & set(mode):
                return real(file, mode, buffering, *args, **kwargs)
            if not isinstance(file, int):
                self.step()
            return File(real(file, mode, 0, *args, **kwargs), self)

        return call


class File:
    """An open file whose writes are steps; unbuffered, so that what was written before a kill is on the disk."""

    def __init__(self, raw: Any, disk: Disk) -> None:
        self._raw, self._disk = raw, disk

    def write(self, data: Any) -> int:
        self._disk.step(lambda: self._raw.write(bytes(data)[: len(data) // 2]))
        return self._raw.write(data)

    def truncate(self, size: int | None = None) -> int:
        self._disk.step()
        return self._raw.truncate(size)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._raw.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)


def has_unnamed(folder: Path) -> bool:
    """Whether files without names can be made in `folder`, and be given one."""
    with landing._new_file(folder, None) as (_, appear):
        return isinstance(appear, partial) and appear.func is landing._link


@contextlib.contextmanager
def dying(last: int) -> Iterator[Disk]:
    """Within the block, step number `last` kills; the block ends there, and goes on after it."""
    disk = Disk(last)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.open", disk.open_handle(os.open))
        patch.setattr("os.write", disk.write_handle(os.write))
        patch.setattr("io.open", disk.open_file(io.open))
        for name in CHANGES:
            if hasattr(os, name):
                patch.setattr(f"os.{name}", disk.wrap(getattr(os, name)))
        with contextlib.suppress(Killed):
            yield disk


def every_kill(folder: Path, work: Callable[[Path], object]) -> Iterator[Path]:
    """A copy of `folder` as each kill of `work(copy)` leaves it; the last one is as the whole work leaves it.

    At least three steps must be there to be killed, or the faults are not where the work is done.
    """
    for last in itertools.count():
        copy = folder.with_name(f"{folder.name}-{last}")
        shutil.copytree(folder, copy, symlinks=True)
        with dying(last) as disk:
            work(copy)
        yield copy
        if not disk.dead:
            assert last >= 3
            return
