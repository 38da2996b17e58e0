"""Other people's recordings on our disk: private, short-lived, and never under their own name.

Each server process owns one folder (0700) under a root of this user. On Linux
the audio itself has no name at all there, only the server's open file: whatever
ends the server, the system takes the audio back at once. Elsewhere it stays
until the next server starts: a lock on the folder tells the living from
the dead, and the folders of those that crashed are removed.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ...fusion.errors import OutputError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_BINARY: int = getattr(os, "O_BINARY", 0)  # Windows would change line ends


class UploadFolder:
    """The folder of one running server. Close it to remove it."""

    def __init__(self, root: Path | None = None) -> None:
        """Make the folder.

        Raises:
            OutputError: the root cannot be used.
        """
        self._wanted = root or own_folder("uploads")
        try:
            self._make()
        except OutputError:
            raise
        except OSError as error:
            why = error.strerror or error
            raise OutputError(
                f"Uploads have no place ({why}): set TMPDIR to a folder that can be written to."
            ) from error

    def _make(self) -> None:
        """A folder of our own that is held; the folders of the dead go first."""
        self.root = private(self._wanted)
        with _locked(self.root / "lock"):
            self.swept = _sweep(self.root)
            self.path = Path(tempfile.mkdtemp(prefix="server-", dir=self.root))
            self._lock = _handle(self.path)
            _try_lock(self._lock)

    def close(self) -> None:
        """Remove the folder and all uploads in it."""
        os.close(self._lock)
        shutil.rmtree(self.path, ignore_errors=True)

    @contextmanager
    def one(self) -> Iterator[Upload]:
        """A place for one upload, gone with everything in it when the block ends."""
        folder = self._place()
        upload = Upload(folder)
        try:
            yield upload
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            upload.close()

    def _place(self) -> Path:
        try:
            return Path(tempfile.mkdtemp(dir=self.path))
        except FileNotFoundError:  # /tmp is tidied, and a server runs for months
            before = self._lock
            self._make()
            os.close(before)
            return Path(tempfile.mkdtemp(dir=self.path))


class Upload:
    """One recording while it is worked on.

    folder: a private one. name: of the file in it. path: where it can be read, once there is one.
    """

    def __init__(self, folder: Path, name: str = "upload") -> None:
        self._folder, self._name = folder, name
        self._file: BinaryIO | None = None
        self.path: Path | None = None

    def create(self, suffix: str) -> BinaryIO:
        """The empty file, to be written; it must stay open, since its name may lead to the open file only."""
        path = self._folder / f"{self._name}{suffix}"
        self._file = os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | _BINARY, 0o600), "w+b")
        _take_name(path, self._file.fileno())
        self.path = path
        return self._file

    def close(self) -> None:
        """Let go of the file; without a name it is gone."""
        if self._file is not None:
            with contextlib.suppress(OSError):  # the last bytes may find no room, and nobody wants them any more
                self._file.close()


def _take_name(path: Path, handle: int) -> None:
    """Put a link to this process's open file in the place of the file, where the system has such links (Linux)."""
    link = path.with_name("link")
    with contextlib.suppress(OSError):
        link.symlink_to(f"/proc/{os.getpid()}/fd/{handle}")
    if link.exists():
        link.replace(path)
    else:
        link.unlink(missing_ok=True)


def safe_suffix(file_name: str) -> str:
    """The ending of a client's file name if it is a plain one, else nothing; the rest is never used."""
    found = re.search(r"\.[A-Za-z0-9]{1,5}\Z", file_name)
    return found.group().lower() if found else ""


def own_folder(purpose: str) -> Path:
    """A name of this user's in the folder for temporary files; see `private`."""
    owner = "user" if sys.platform == "win32" else str(os.getuid())
    return Path(tempfile.gettempdir()) / f"diarfuse-{purpose}-{owner}"


def private(root: Path) -> Path:
    """`root` as a folder that only this user can enter; /tmp is everybody's, so do not trust what is there.

    Raises:
        OutputError: somebody else's is there.
        OSError: it cannot be made.
    """
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    if sys.platform != "win32":
        found = root.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
            raise OutputError(f"{root} must be a folder that only you can enter: remove it, or set TMPDIR.")
    return root


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the root's lock, so that nobody sweeps a folder that is being made."""
    handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        if sys.platform == "win32":
            msvcrt.locking(handle, msvcrt.LK_LOCK, 1)
        else:
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _try_lock(handle: int) -> bool:
    try:
        if sys.platform == "win32":
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _handle(folder: Path) -> int:
    """What is locked of a server's folder: the folder itself, which systemd-tmpfiles passes over then, where it can."""
    if sys.platform == "win32":
        return os.open(folder / "lock", os.O_CREAT | os.O_RDWR, 0o600)
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)


def _sweep(root: Path) -> int:
    """Remove the folders of servers that no longer run; the number removed."""
    removed = 0
    for folder in root.glob("server-*"):
        try:
            handle = _handle(folder)
        except OSError:  # its server has just removed it, or it is none
            continue
        dead = _try_lock(handle)
        os.close(handle)
        if dead:
            shutil.rmtree(folder, ignore_errors=True)
            removed += 1
    return removed
