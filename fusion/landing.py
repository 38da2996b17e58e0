"""A file that appears whole under its name or not at all: written beside it, flushed to the disk, renamed.

Every file of ours that may already be there, or that somebody may read at any
moment, is written through here. Errors stay the `OSError` they are: the caller
knows what was to be written, and says so.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

PART = ".part"
"""Ends the name of a file that is being written, or was when the process was killed."""


@contextmanager
def landing(path: Path, *, mode: int | None = None, shred_old: bool = False) -> Iterator[BinaryIO]:
    """A binary file to write that becomes `path` if the block ends well, and vanishes if not.

    Killed at any instant, it leaves what was at `path` before, or the whole new
    file, and at worst one more file beside it that ends in ``.part``.

    Args:
        path: the file; a link is replaced itself, so resolve it if what it leads to is meant.
        mode: its permissions, never wider while it is written; None is the umask's choice.
        shred_old: overwrite the bytes of the file that is replaced, see `shred`.

    Raises:
        OSError: it cannot be written; what was at `path` is untouched.
    """
    beside, old = part_of(path), part_of(path)
    try:
        with _create(beside, mode) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            beside.chmod(mode)  # the umask had its say when the file was made
        if shred_old:
            with contextlib.suppress(OSError):
                os.link(path, old)  # keeps the replaced bytes reachable, so that they can be overwritten
        beside.replace(path)
        _flush_folder(path.parent)
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
        if shred_old:
            shred(old)


def write_whole(path: Path, content: bytes, *, mode: int | None = None, shred_old: bool = False) -> None:
    """Write `content` to `path`, which then holds all of it or what it held before; see `landing`."""
    with landing(path, mode=mode, shred_old=shred_old) as file:
        file.write(content)


def shred(path: Path) -> None:
    """Overwrite a file with zeros, then remove it; one that is not there is no error.

    On disks that write elsewhere (SSD, copy-on-write file systems, backups) the
    old blocks may outlive this; docs/privacy.md says so and names encryption as
    the remedy.
    """
    with contextlib.suppress(FileNotFoundError):
        with path.open("r+b") as file:
            file.write(bytes(path.stat().st_size))
            file.flush()
            os.fsync(file.fileno())
        path.unlink()


def part_of(path: Path) -> Path:
    """A name beside `path` that nothing has, short whatever `path` is called."""
    return path.with_name(f".{secrets.token_hex(8)}{PART}")


def _create(path: Path, mode: int | None) -> BinaryIO:
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0)
    return os.fdopen(os.open(path, flags, 0o666 if mode is None else mode), "wb")


def _flush_folder(folder: Path) -> None:
    """Make a rename outlast a loss of power, where folders can be flushed (not on Windows)."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
