"""Recordings that are in work: claims that everybody sees, and that end with whoever made them, however that ends.

On Linux a claim is a shared lock on bytes of the recording itself, far beyond its end, where nobody reads or writes. It
takes no more than to read the file, changes nothing about it, is seen from other machines where its disk is shared,
and leaves nothing. Which byte it is on tells what is made of the recording: results of their own may be made side by
side, and the same one by one command only. Where there are no such locks, locked files in the folder for temporary
files stand for them, which the commands of one user on one machine see.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import secrets
import stat
import struct
import sys
import time
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from filelock import BaseFileLock, FileLock, Timeout

from ...fusion.errors import OutputError
from .. import output
from ..serving.uploads import own_folder, private

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ...fusion.types import Note

if sys.platform == "linux":
    import fcntl

_FIRST = 1 << 62
"""The byte that says that a recording is in work; one of those after it says on what. No file is so long."""
_RESULTS = 1 << 32
_FLOCK = "hhqqi"
"""The system's struct flock: kind, whence, start, length, process."""
_TRIES = 5
_MOMENT = 0.2
"""For as long, in seconds, somebody who only asks may hold a lock, and two who come at once step back."""


class _Claims(Protocol):
    """Claims on one recording: ours, and those of others."""

    def others(self, result: str | None = None) -> bool:
        """Whether anybody else is at work on it, or on that result of it."""
        ...

    def take(self, result: str | None = None) -> None:
        """Claim it, or a result of it, beside all who do."""
        ...

    def drop(self, result: str) -> None:
        """Take back the claim on a result."""
        ...

    def close(self) -> None:
        """Take back all claims."""
        ...


OTHERWISE = ", or choose another -o"
"""What else to do where a result is being made elsewhere, of a command that can write another."""


@contextmanager
def making(
    files: Iterable[Path], targets: Iterable[output.Target], on_note: Note, otherwise: str = OTHERWISE
) -> Iterator[None]:
    """Claim the files of a recording while a command makes `targets` of it; says if it is in work elsewhere as well.

    Raises:
        OutputError: see `claimed`.
    """
    results = [target.path for target in targets if target.path is not None and not output.is_stream(target)]
    with ExitStack() as claims:
        elsewhere = [path.name for path in files if claims.enter_context(claimed(path, results, otherwise))]
        if elsewhere:
            on_note(f"{elsewhere[0]} is in work elsewhere as well, by another command or page: this one goes on.")
        yield


@contextmanager
def claimed(path: Path, results: Sequence[Path] = (), otherwise: str = OTHERWISE) -> Iterator[bool]:
    """Claim the recording at `path` while the block makes `results` of it; yields whether it is in work elsewhere too.

    What is no file, or cannot be locked, is claimed by nobody.

    Raises:
        OutputError: one of the results is just being made of it elsewhere; `otherwise` ends the sentence.
    """
    with ExitStack() as stack:
        claims = _claims_on(path)
        if claims is None:
            yield False
            return
        stack.enter_context(closing(claims))
        elsewhere = claims.others()
        claims.take()
        for result in results:
            if not _taken(claims, _name(result)):
                raise OutputError(
                    f"{str(result)!r} is being made of {path.name} elsewhere, by another command or page: "
                    f"wait for it{otherwise}."
                )
        yield elsewhere


def in_work(path: Path) -> bool:
    """Whether anybody, be it this very process, is at work on the recording at `path`."""
    claims = _claims_on(path)
    if claims is None:
        return False
    with closing(claims):
        return claims.others()


def _taken(claims: _Claims, result: str) -> bool:
    """Claim a result alone: claim it first and look for others then, so that of two at once at most one has it."""
    for _ in range(_TRIES):
        if claims.others(result):
            return False
        claims.take(result)
        if not claims.others(result):
            return True
        claims.drop(result)
        time.sleep(random.uniform(0.0, _MOMENT))  # noqa: S311 - so that of two one is first
    return False


def _claims_on(path: Path) -> _Claims | None:
    with contextlib.suppress(OSError):
        if not stat.S_ISREG(path.stat().st_mode):  # to open a pipe is to be taken for its reader
            return None
        with contextlib.suppress(OSError):  # its disk knows no locks of this kind
            return _Bytes.of(path)
        with contextlib.suppress(OutputError):  # somebody else's folder has that name
            return _Files(private(own_folder("work")), _name(path))
    return None


def _name(path: Path) -> str:
    """The same for whatever leads to the same file."""
    return hashlib.sha256(os.fsencode(os.path.realpath(path))).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class _Bytes:
    """Locks of an open file (fcntl(2)), which do not end where the same process closes the file elsewhere."""

    handle: int

    @classmethod
    def of(cls, path: Path) -> _Bytes:
        """Raises OSError where there are none."""
        claims = cls(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
        try:
            claims.others()
        except OSError:
            claims.close()
            raise
        return claims

    def others(self, result: str | None = None) -> bool:
        """Whether a lock for writing would meet one: to ask for it takes no permission to write."""
        if sys.platform != "linux":
            raise OSError
        asked = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, _byte(result), 1, 0)
        found = fcntl.fcntl(self.handle, fcntl.F_OFD_GETLK, asked)
        return bool(struct.unpack(_FLOCK, found)[0] != fcntl.F_UNLCK)

    def take(self, result: str | None = None) -> None:
        """With a lock for reading."""
        if sys.platform == "linux":
            self._set(fcntl.F_RDLCK, result)

    def drop(self, result: str) -> None:
        """See `_Claims`."""
        if sys.platform == "linux":
            self._set(fcntl.F_UNLCK, result)

    def close(self) -> None:
        """See `_Claims`."""
        os.close(self.handle)

    def _set(self, kind: int, result: str | None) -> None:
        if sys.platform == "linux":
            fcntl.fcntl(self.handle, fcntl.F_OFD_SETLK, struct.pack(_FLOCK, kind, os.SEEK_SET, _byte(result), 1, 0))


def _byte(result: str | None) -> int:
    return _FIRST if result is None else _FIRST + 1 + int(result, 16) % _RESULTS


@dataclass(slots=True)
class _Files:
    """Files that are locked, a name for each claim: of whoever was killed the name stays and the lock does not."""

    folder: Path
    recording: str
    _held: dict[str | None, BaseFileLock] = field(default_factory=dict)

    def others(self, result: str | None = None) -> bool:
        """See `_Claims`."""
        ours = {lock.lock_file for lock in self._held.values()}
        found = self.folder.glob(f"{self.recording}-{result or '*'}-*")
        return any(_is_held(path) for path in found if str(path) not in ours)

    def take(self, result: str | None = None) -> None:
        """See `_Claims`."""
        lock = FileLock(self.folder / f"{self.recording}-{result or 'any'}-{secrets.token_hex(8)}")
        lock.acquire()
        self._held[result] = lock

    def drop(self, result: str) -> None:
        """See `_Claims`."""
        _let_go(self._held.pop(result))

    def close(self) -> None:
        """See `_Claims`."""
        while self._held:
            _let_go(self._held.popitem()[1])


def _let_go(lock: BaseFileLock) -> None:
    lock.release()
    with contextlib.suppress(OSError):  # Windows, where somebody is just looking at it
        Path(lock.lock_file).unlink(missing_ok=True)


def _is_held(path: Path) -> bool:
    """Whether a claim's file is held; one whose holder is gone is removed."""
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    _let_go(lock)
    return False
