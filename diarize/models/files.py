"""Files that land whole or not at all, and hashes that say whether they did."""

from __future__ import annotations

import errno
import hashlib
import json
import shutil
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

from filelock import FileLock, Timeout

from ...fusion.errors import CorruptModelError, DiarfuseError, ModelError, OutputError
from ...fusion.given import why_no_json
from ...fusion.landing import landing as whole_or_not

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")
_CHUNK = _LARGEST = 1 << 20


def sha256_of(path: Path) -> str:
    """The sha256 of a file's content, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_intact(path: Path, size: int, sha256: str) -> bool:
    """Whether the file is there with this size and content (the size is looked at first: it is free).

    Raises:
        ModelError: the file is there and may not be read.
    """
    try:
        return path.is_file() and path.stat().st_size == size and sha256_of(path) == sha256
    except PermissionError as error:
        raise ModelError(
            f"The model file {path} may not be read: change its permissions, or choose another --models-dir."
        ) from error


def output_error(error: OSError, folder: Path) -> OutputError:
    """`error` as one sentence that names the folder and the remedy."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return OutputError(
            f"The disk that holds {folder} is full: free some space there, "
            "or choose another folder (--models-dir is the store's)."
        )
    return OutputError(
        f"Cannot write in {folder} ({error.strerror or error}): "
        "choose a folder you may write to (--models-dir is the store's)."
    )


@contextmanager
def writing_in(folder: Path) -> Iterator[None]:
    """Make `folder`, and turn any OSError of the block into a sentence about it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except DiarfuseError:
        raise  # Some of ours are OSErrors too, and are sentences already.
    except OSError as error:
        raise output_error(error, folder) from error


@contextmanager
def landing(target: Path) -> Iterator[BinaryIO]:
    """A file of the store to write; it appears whole or not at all, and is for every user of the machine to read."""
    with writing_in(target.parent), whole_or_not(target, mode=0o644) as file:
        yield file


def copy_file(source: Path, target: Path) -> None:
    """Copy a file's content to `target`, which appears whole or not at all."""
    with source.open("rb") as content, landing(target) as file:
        shutil.copyfileobj(content, file, _CHUNK)


@contextmanager
def locked(path: Path, on_wait: Callable[[], None] | None = None) -> Iterator[None]:
    """Hold the lock file `path`; waits for the process that has it, as `on_wait` hears."""
    with writing_in(path.parent):
        lock = FileLock(path)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            if on_wait is not None:
                on_wait()
            lock.acquire()
    try:
        yield
    finally:
        lock.release()


def read_record(path: Path, entry: Callable[[Any], T], remedy: str) -> dict[str, T]:
    """What a store's record at `path` says of each pack, by its name; nothing where there is none.

    Args:
        path: a JSON object.
        entry: makes one of its values.
        remedy: what to do where it is damaged.

    Raises:
        CorruptModelError: it is damaged.
    """
    if not path.is_file():
        return {}
    why = "it holds something else"
    try:
        if path.stat().st_size <= _LARGEST:
            data = json.loads(path.read_bytes())
            with suppress(ValueError, TypeError, AttributeError, KeyError):
                return {str(name): entry(value) for name, value in data.items()}
    except (ValueError, RecursionError) as error:
        why = why_no_json(error)
    raise CorruptModelError(f"{path} is damaged ({why}): {remedy}")
