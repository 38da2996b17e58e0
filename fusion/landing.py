"""A file that appears whole under its name or not at all: written out of sight, flushed to the disk, named.

Every file of ours that may already be there, or that somebody may read at any
moment, is written through here. Until they are complete the bytes have no name
where the system can do that (Linux), so that a killed process leaves nothing
of them; elsewhere they lie in a ``.part`` file of the same folder. Errors stay
the `OSError` they are: the caller knows what was to be written, and says so.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO, TypeAlias

PART = ".part"
"""Ends the name of a file that is being written, or was when the process was killed."""

NO_ROOM = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))
"""What the system says where no more fits: a disk is full, or somebody's part of it, or a file's limit (ulimit -f)."""

_OLD = 3600.0
"""Seconds after which nobody writes a ``.part`` file any more."""
_PERMISSIONS = 0o777
"""Kept of a file that is replaced: it is data, and no program that runs as its owner."""
_PART_NAME = re.compile(rf"\.[0-9a-f]{{16}}{re.escape(PART)}")

Appear: TypeAlias = Callable[[Path], None]
"""Gives bytes that are on the disk their name; raises `FileExistsError` where it is taken, by a link too."""

State: TypeAlias = tuple[int, ...]
"""What differs where a file was written or replaced since: its size and time; empty where there is none."""


class ChangedError(FileExistsError):
    """Somebody else has written the file meanwhile."""


@contextmanager
def landing(
    path: Path, *, mode: int | None = None, replace: bool = True, before: State | None = None
) -> Iterator[BinaryIO]:
    """A binary file to write that becomes `path` if the block ends well, and vanishes if not.

    Killed at any instant, it leaves what was at `path` before, or the whole new
    file, and at worst one more file beside it that ends in ``.part``.

    Args:
        path: the file; a link is replaced itself, so resolve it if what it leads to is meant.
        mode: its permissions, never wider while it is written; None: those of the file at `path`, else the umask's.
            Whose that file is, it stays, where the system allows to give a file away, as root may.
        replace: whether it may take the place of another.
        before: the only state in which what is there may be replaced (`state_of`); None: any.

    Raises:
        OSError: it cannot be written, or what is at `path` is write-protected or no file; that is untouched.
        FileExistsError: something is there, and nothing may be replaced.
        ChangedError: something is there that was not `before`.
    """
    there = path.lstat().st_mode if os.path.lexists(path) else None
    if there is not None and stat.S_ISREG(there):
        if is_protected(path):  # the folder's permission would be enough to replace it
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        mode = there & _PERMISSIONS if mode is None else mode
    elif there is not None and not stat.S_ISLNK(there):
        raise FileExistsError(errno.EEXIST, "It is a folder, a pipe or a device", str(path))
    with _new_file(path.parent, mode) as (file, appear):
        yield file
        _flush(file)
        if before is not None:
            _put_in_place_of(before, appear, path)
        elif replace:
            _put(appear, path)
        else:
            appear(path)
        _flush_folder(path.parent)


def write_whole(path: Path, content: bytes, *, mode: int | None = None, before: State | None = None) -> None:
    """Write `content` to `path`, which then holds all of it or what it held before; see `landing`."""
    with landing(path, mode=mode, before=before) as file:
        file.write(content)


def state_of(path: Path) -> State:
    """Of what is at `path` now; not by its inode, which some network disks number anew.

    Raises:
        OSError: none may look.
    """
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return ()
    return found.st_size, found.st_mtime_ns


@contextmanager
def prepared(folder: Path, content: bytes, *, mode: int | None = None) -> Iterator[Appear]:
    """`content` on the disk of `folder`, waiting for the name that the yielded function gives it.

    Nothing that is there is ever replaced or followed; without a name it vanishes.

    Raises:
        OSError: it cannot be written.
    """
    with _new_file(folder, mode) as (file, appear):
        file.write(content)
        _flush(file)
        yield appear


def in_the_way(path: Path) -> Path | None:
    """What stands where one of the folders above `path` should be, and is none; None if nothing does."""
    there = (above for above in path.parents if os.path.exists(above))  # noqa: PTH110 - Path's raises where none may look
    return next((above for above in there if not above.is_dir()), None)


def is_protected(path: Path) -> bool:
    """Whether there is a file that may not be written to."""
    return path.is_file() and not os.access(path, os.W_OK)


def check_writable(folder: Path) -> None:
    """Write a file of nothing into `folder` and take it back: permissions, read-only mounts and full disks all show.

    Raises:
        OSError: it cannot be written to.
    """
    with prepared(folder, b""):
        pass


def sweep(folder: Path) -> None:
    """Delete what killed processes left half-written in `folder`: ``.part`` files older than an hour.

    Younger ones may be somebody's who is still writing. A folder that cannot be read is left alone.
    """
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            if _PART_NAME.fullmatch(path.name) and path.lstat().st_mtime < time.time() - _OLD:
                path.unlink(missing_ok=True)


def part_of(path: Path) -> Path:
    """A name beside `path` that nothing has, short whatever `path` is called."""
    return path.with_name(f".{secrets.token_hex(8)}{PART}")


@contextmanager
def _new_file(folder: Path, mode: int | None) -> Iterator[tuple[BinaryIO, Appear]]:
    """A file to write that nobody sees, and what names it."""
    handle = _unnamed(folder, mode)
    if handle is None:
        with _part_file(folder, mode) as named:
            yield named
        return
    with os.fdopen(handle, "w+b") as file:
        yield file, partial(_link, file, mode)


def _unnamed(folder: Path, mode: int | None) -> int | None:
    """A new file without a name; None where the system or the disk has no such thing."""
    if not hasattr(os, "O_TMPFILE"):
        return None
    try:
        handle = os.open(folder, os.O_TMPFILE | os.O_RDWR, 0o666 if mode is None else mode)
    except OSError as error:
        if error.errno in (errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOENT):
            return None
        raise
    if mode is not None:
        os.fchmod(handle, mode)  # the umask had its say when the file was made
    return handle


def _link(file: BinaryIO, mode: int | None, path: Path) -> None:
    """Name a file that has none; where the system forbids just that, a copy of it."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:  # only with a folder's handle Python calls linkat(2), which follows /proc to the file
        os.link(f"/proc/self/fd/{file.fileno()}", path, src_dir_fd=folder, follow_symlinks=True)
    except FileExistsError:
        raise
    except OSError:
        with _part_file(path.parent, mode) as (copy, appear):
            file.seek(0)
            shutil.copyfileobj(file, copy)
            _flush(copy)
            appear(path)
    finally:
        os.close(folder)


@contextmanager
def _part_file(folder: Path, mode: int | None) -> Iterator[tuple[BinaryIO, Appear]]:
    part = part_of(folder / PART)
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0)
    try:
        with os.fdopen(os.open(part, flags, 0o666 if mode is None else mode), "wb") as file:
            if mode is not None:
                part.chmod(mode)
            yield file, partial(_rename, file, part)
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def _rename(file: BinaryIO, part: Path, path: Path) -> None:
    file.close()  # Windows renames no open file
    if os.path.lexists(path):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    part.rename(path)


def _put_in_place_of(before: State, appear: Appear, path: Path) -> None:
    """Name the new file `path` where nothing is, or what was there `before`; of two that find nothing, one is told."""
    now = state_of(path)
    if now not in ((), before):
        raise _changed(path)
    if now:
        _put(appear, path)
        return
    try:
        appear(path)
    except FileExistsError:
        raise _changed(path) from None


def _changed(path: Path) -> ChangedError:
    return ChangedError(errno.EEXIST, "another program wrote it meanwhile", str(path))


def _put(appear: Appear, path: Path) -> None:
    """Name the new file `path`, in the place of what is there."""
    try:
        appear(path)
    except FileExistsError:
        part = part_of(path)
        try:
            appear(part)
            _give(part, path)
            part.replace(path)
        finally:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)


def _give(part: Path, path: Path) -> None:
    """Make the new file the owner's and the group's of the old one, or at least the group's, if that may be done."""
    if not hasattr(os, "lchown"):  # Windows
        return
    old = path.lstat()
    for owner in (old.st_uid, -1):
        with contextlib.suppress(OSError):
            os.lchown(part, owner, old.st_gid)
            return


def _flush(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _flush_folder(path: Path) -> None:
    """Make a rename outlast a loss of power, where folders can be flushed (not on Windows)."""
    with contextlib.suppress(OSError):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
