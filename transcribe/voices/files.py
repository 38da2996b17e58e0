"""The one file layer below everything that is kept of voices: private, whole or absent, shredded when gone.

Nobody's voice may outlive a deletion because a process was killed, so no step
leaves a file that the next one does not know:

- New bytes get a name only when they are complete (`fusion.landing`). On Linux
  they have none until then; elsewhere they lie in a ``.part`` file.
- A record that is replaced is first renamed to ``.old``, one that is deleted to
  ``.part``, and only then overwritten. One rename decides what is true.
- Who holds the folder (`held`) first finishes what a killed process began: an
  ``.old`` file without its successor is put back, everything else is shredded.

A record, written ``<random>.voice``, is therefore at any instant the one before
or the one after, and never zeros.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
import sys
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from filelock import BaseFileLock, FileLock, Timeout

from ...fusion.errors import DiarfuseError, OutputError, VoiceError
from ...fusion.landing import NO_ROOM, PART, prepared
from .records import MAX_BYTES

RECORD, OLD = ".voice", ".old"
LOCK = ".lock"
WAIT = 30.0
"""Seconds that a command waits for another one; what is done under the lock takes milliseconds."""

_CHUNK = 1 << 20
_NO_FOLLOW, _AT_ONCE, _BINARY = (getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))


def make_private(folder: Path) -> None:
    """Make a folder that nobody else may look into, or take an existing one from everybody else.

    Raises:
        OutputError: it cannot be made, or is not ours to change.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
    except OSError as error:
        raise _unusable(folder, error) from error


@contextlib.contextmanager
def held(root: Path) -> Iterator[list[str]]:
    """Hold the folder alone, tidied; yields sentences about what an interrupted command had left.

    On a read-only file system nobody can write, so nothing needs to be held.

    Raises:
        VoiceError: another command has held it for too long.
        OutputError: the folder, or a file in it, cannot be used.
    """
    lock = FileLock(root / LOCK, timeout=WAIT, mode=0o600)
    try:
        yield _tidy(root) if _acquire(lock, root) else []
    except DiarfuseError:
        raise  # some of ours are OSErrors too, and are sentences already
    except OSError as error:
        raise _unusable(root, error) from error
    finally:
        lock.release()


def _acquire(lock: BaseFileLock, root: Path) -> bool:
    """Wait for the lock; False on a read-only file system, where nobody can write and none is needed."""
    try:
        lock.acquire()
    except Timeout:
        raise VoiceError(f"Another command is at work in {root}: try again when it has ended.") from None
    except OSError as error:
        if error.errno != errno.EROFS:
            raise
        return False
    return True


def tidy(root: Path) -> list[str]:
    """Finish what an interrupted command began, if anything is left of it; sentences for the user."""
    if not any(_leftovers(root)):
        return []
    with held(root) as done:
        return done


def records(root: Path) -> list[Path]:
    """The records of a folder, in a fixed order; none where there is no folder."""
    return sorted(root.glob(f"*{RECORD}"))


def read_private(path: Path, *, exposed: bool = False) -> bytes:
    """The bytes of a file of ours, which is no link and nobody else's to read.

    Args:
        path: the file.
        exposed: read it even where others can, to find out whom it holds.

    Raises:
        VoiceError: it is a link, a folder, too large, or others may read it.
    """
    try:
        handle = os.open(path, os.O_RDONLY | _NO_FOLLOW | _AT_ONCE | _BINARY)
    except OSError as error:
        raise VoiceError(
            f"{path} cannot be read ({error.strerror or error}): delete it, or make it readable."
        ) from None
    found = os.fstat(handle)
    try:
        if not stat.S_ISREG(found.st_mode) or found.st_size > MAX_BYTES:
            raise VoiceError(f"{path} is no file of ours, or larger than {MAX_BYTES >> 20} MiB: delete it.")
        if sys.platform != "win32" and stat.S_IMODE(found.st_mode) & 0o077 and not exposed:
            raise VoiceError(f"{path} can be read by others: run chmod 600 on it, or delete it.")
        return b"".join(iter(partial(os.read, handle, _CHUNK), b""))
    finally:
        os.close(handle)


def create(path: Path, data: bytes) -> None:
    """Write a new file of mode 0600 that appears whole or not at all; what is there is never touched or followed.

    Raises:
        FileExistsError: the name is taken, by a link too.
        OSError: it cannot be written.
    """
    with prepared(path.parent, data, mode=0o600) as appear:
        appear(path)


def replace(path: Path, data: bytes) -> None:
    """Put `data` in the place of the record `path`, and overwrite what was there; under the lock only."""
    old = path.with_suffix(OLD)
    with prepared(path.parent, data, mode=0o600) as appear:
        path.rename(old)
        appear(path)
    shred(old)


def remove(paths: Iterable[Path]) -> None:
    """Delete files for good: all lose their names first, so that a kill half-way leaves none of them in use."""
    parts = []
    for path in paths:
        part = path.with_name(f"{secrets.token_hex(8)}{PART}")
        path.rename(part)
        parts.append(part)
    for part in parts:
        shred(part)


def shred(path: Path) -> None:
    """Overwrite a file with zeros, then remove it; a link is only removed, and what is gone is no error.

    On disks that write elsewhere (SSD, copy-on-write file systems, backups) the
    old blocks may outlive this; docs/privacy.md says so and names encryption as
    the remedy.
    """
    with contextlib.suppress(FileNotFoundError):
        mode = path.lstat().st_mode
        if stat.S_ISREG(mode):
            if not mode & stat.S_IWUSR:
                path.chmod(0o600)
            _overwrite(path)
        path.unlink()


def _overwrite(path: Path) -> None:
    handle = os.open(path, os.O_WRONLY | _NO_FOLLOW | _BINARY)
    try:
        left, zeros = os.fstat(handle).st_size, bytes(_CHUNK)
        while left:
            left -= os.write(handle, zeros[:left])
        os.fsync(handle)
    finally:
        os.close(handle)


def _leftovers(root: Path) -> Iterator[Path]:
    for pattern in (f"*{OLD}", f"*{PART}", f"index/*/*{PART}"):
        yield from root.glob(pattern)


def _tidy(root: Path) -> list[str]:
    """Put back what was being replaced, shred what was being written or deleted."""
    told = []
    for old in root.glob(f"*{OLD}"):
        record = old.with_suffix(RECORD)
        if not os.path.lexists(record):
            old.rename(record)
    # Earlier versions linked a record to such a name before they replaced it: that is no copy, but the record itself.
    live = {_identity(path) for path in records(root)}
    for left in _leftovers(root):
        if _identity(left) in live:
            left.unlink()
            continue
        shred(left)
        told = [f"What an interrupted command had left in {root} was shredded."]
    for blank in filter(_is_blank, records(root)):
        blank.unlink()
        told.append(f"{blank} held nothing, as an interrupted deletion of an earlier version left it, and was removed.")
    return told


def _is_blank(path: Path) -> bool:
    """Whether a record holds zeros only, or nothing; what cannot be read is told of where people are read."""
    try:
        return not read_private(path, exposed=True).strip(b"\0")
    except (VoiceError, OSError):
        return False


def _identity(path: Path) -> tuple[int, int]:
    found = path.lstat()
    return found.st_dev, found.st_ino


def _unusable(root: Path, error: OSError) -> OutputError:
    what = error.filename or root
    remedy = "make room" if error.errno in NO_ROOM else "check its permissions"
    return OutputError(
        f"{what} cannot be used ({error.strerror or error}): {remedy}, or set $DIARFUSE_VOICES_DIR to another folder."
    )
