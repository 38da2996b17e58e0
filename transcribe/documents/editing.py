"""A saved document is edited: read, changed and written back, by one at a time, whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ...exporters import json as json_format
from ...fusion.document import Document, parse_document
from ...fusion.errors import OutputError, TranscriptError
from ...fusion.given import read_bytes
from ...fusion.landing import check_writable, is_protected, write_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ...fusion.types import Seconds

if sys.platform == "win32":
    from filelock import FileLock, Timeout
else:
    import fcntl

WAIT: Seconds = 10.0
"""So long an edit waits for another that is at work on the same file."""
_TRIES = 5
"""So often an edit is made to a file that others write without a lock."""


def edit(path: Path, change: Callable[[Document], Document]) -> Document:
    """Change the document in a file; the document that it then holds.

    Whatever goes wrong, the file stays as it was: `change` may refuse, the disk
    may be full, the process may be killed. What another program saves meanwhile,
    which knows no locks, is kept: the change is made again, to that.

    Raises:
        TranscriptError: it is no document of ours, or damaged.
        OutputError: it cannot be written, or another edit does not end.
        DiarfuseError: what `change` raises.
    """
    file = _checked(path).resolve()
    for _ in range(_TRIES):
        with alone(file):
            data = read_bytes(file)
            after = change(parse_document(data, str(file), file.stem))
            if write(file, after, tag_of(data)):
                return after
    raise _busy(path)


def check(path: Path) -> None:
    """Refuse a document that could not be written in the end, before an hour is worked for it.

    Raises:
        TranscriptError: it is no file.
        OutputError: it is write-protected, or its folder or disk takes nothing.
    """
    file = _checked(path).resolve()
    try:
        if is_protected(file):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        check_writable(file.parent)
    except OSError as error:
        raise _unwritable(path, error) from error


def write(path: Path, document: Document, seen: str) -> bool:
    """Write a document in the place of the one that is there, for the same people to read.

    Args:
        path: the file, which the caller holds (`alone`).
        document: what it is to hold.
        seen: the tag of what it held when it was read.

    Returns:
        whether it was written; it is not where the file holds something else by now.

    Raises:
        OutputError: it cannot be written. TranscriptError: what is there cannot be read any more.
    """
    content = json_format.dumps(document).encode("utf-8", "replace")
    if tag_of(read_bytes(path)) != seen:
        return False
    try:
        write_whole(path, content)
    except OSError as error:
        raise _unwritable(path, error) from error
    return True


def tag_of(data: bytes) -> str:
    """Of these very bytes, as an HTTP entity tag."""
    return f'"{hashlib.sha256(data).hexdigest()}"'


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold the file `path` against other edits; waits for one that is at work.

    Raises:
        OutputError: it does not end.
        TranscriptError: the file cannot be opened.
    """
    if sys.platform == "win32":
        try:  # a file that is locked there cannot be replaced
            with FileLock(path.with_name(f".{path.name}.lock"), timeout=WAIT):
                yield
        except Timeout:
            raise _busy(path) from None
        return
    handle = _held(path, time.monotonic() + WAIT)
    try:
        yield
    finally:
        os.close(handle)


def _held(path: Path, until: float) -> int:
    """An open handle that has the lock of the very file that is at `path`: an edit puts another one there."""
    while True:
        # For writing, where it may be: over NFS nothing else can be locked against others.
        way = os.O_RDWR if os.access(path, os.W_OK) else os.O_RDONLY
        try:
            handle = os.open(path, way | os.O_NONBLOCK)  # a pipe in its place is not waited for
        except OSError as error:
            raise TranscriptError(f"{path} cannot be read: {error.strerror or error}.") from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(handle), path.stat()):
                return handle
        except BlockingIOError:
            if time.monotonic() > until:
                os.close(handle)
                raise _busy(path) from None
            time.sleep(0.02)
        except OSError as error:  # it went away meanwhile, or its disk knows no locks
            os.close(handle)
            raise TranscriptError(f"{path} cannot be held for an edit: {error.strerror or error}.") from error
        os.close(handle)


def _unwritable(path: Path, error: OSError) -> OutputError:
    remedy = "make room, or check its permissions and the folder's"
    return OutputError(f"{path} cannot be written ({error.strerror or error}) and stays as it was: {remedy}.")


def _busy(path: Path) -> OutputError:
    return OutputError(f"{path} is being edited by another program: try again when it is done.")


def _checked(path: Path) -> Path:
    """A file that may be replaced."""
    try:
        found = path.is_file()
    except OSError as error:
        raise TranscriptError(f"{path} cannot be read: {error.strerror or error}.") from error
    if not found:
        what = "is a folder" if path.is_dir() else "is no file" if path.exists() else "is not there"
        raise TranscriptError(f"{path} {what}: give the .json that transcribe wrote.")
    return path
