"""Where recordings come from and results go: a folder of this machine, or an address that fsspec knows."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from ...fusion.errors import AudioError, AudioNotFoundError, MissingExtraError, NetworkError, OutputError
from ...fusion.landing import in_the_way, sweep, write_whole
from .items import is_address, shown

_FULL = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EROFS))
_EXTRA = {"s3": "s3fs", "s3a": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "http": "aiohttp", "https": "aiohttp"}
_GONE = (404, 410)
_TRIES = 10
_TALKATIVE = ("fsspec", "s3fs", "gcsfs")
_ETAGS = ("ETag", "etag", "md5Hash", "md5", "checksum")


class FullDiskError(OutputError):
    """Nothing more can be written, whichever recording comes next."""


class Place(Protocol):
    """A tree of small files, by names with slashes."""

    @property
    def name(self) -> str:
        """As it was given."""
        ...

    def read(self, name: str) -> bytes | None:
        """The content; None where there is no such file."""
        ...

    def write(self, name: str, content: bytes) -> None:
        """Write a file, which appears whole or not at all.

        Raises:
            OutputError: it cannot be written.
        """
        ...

    def delete(self, name: str) -> None:
        """Delete a file, if it is there."""
        ...

    def has(self, name: str) -> bool:
        """Whether there is such a file."""
        ...

    def length(self, name: str) -> int | None:
        """Bytes of the file; None where there is no such file."""
        ...

    def below(self, folder: str) -> Iterator[str]:
        """The names of all files below a folder, sorted."""
        ...


def place_of(name: str) -> Place:
    """The folder or address of that name."""
    return Bucket(name) if is_address(name) else Folder(Path(name))


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of this machine; it is made when something is written."""

    path: Path

    @property
    def name(self) -> str:
        """The folder's path."""
        return str(self.path)

    def read(self, name: str) -> bytes | None:
        """See `Place.read`."""
        try:
            return (self.path / name).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise unwritable(self.path / name, error, "read") from error

    def write(self, name: str, content: bytes) -> None:
        """See `Place.write`."""
        path = self.path / name
        for again in range(_TRIES):
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                write_whole(path, content)
            except (FileNotFoundError, FileExistsError) as error:  # another worker may have deleted the empty folder
                if again == _TRIES - 1:
                    raise unwritable(path, error, "written") from error
            except OSError as error:
                raise unwritable(path, error, "written") from error
            else:
                return

    def delete(self, name: str) -> None:
        """See `Place.delete`; folders that are empty then go as well."""
        path = self.path / name
        try:
            path.unlink()
        except (FileNotFoundError, NotADirectoryError):
            return
        with contextlib.suppress(OSError):  # what still holds other files stays
            for folder in path.relative_to(self.path).parents[:-1]:
                (self.path / folder).rmdir()

    def has(self, name: str) -> bool:
        """See `Place.has`."""
        return os.path.lexists(self.path / name)

    def length(self, name: str) -> int | None:
        """See `Place.length`."""
        try:
            return (self.path / name).stat().st_size
        except OSError:  # what cannot be looked at is told of when it is read or written
            return None

    def below(self, folder: str) -> Iterator[str]:
        """See `Place.below`; leftovers of killed processes are swept up."""
        for here, folders, names in os.walk(self.path / folder):
            sweep(Path(here))
            folders.sort()
            for name in sorted(names):
                if not name.endswith(".part"):
                    yield Path(here, name).relative_to(self.path).as_posix()


@dataclass(frozen=True, slots=True)
class Bucket:
    """A file or a tree at an address: ``s3://``, ``gs://``, ``https://`` and whatever else fsspec knows."""

    address: str

    @property
    def name(self) -> str:
        """The address, as it may be told."""
        return shown(self.address)

    def read(self, name: str) -> bytes | None:
        """See `Place.read`."""
        with self._reached() as (store, root):
            try:
                content: bytes = store.cat_file(f"{root}/{name}")
            except FileNotFoundError:
                return None
            return content

    def write(self, name: str, content: bytes) -> None:
        """See `Place.write`: one object, which stores take whole."""
        with self._reached() as (store, root):
            store.pipe_file(f"{root}/{name}", content)

    def delete(self, name: str) -> None:
        """See `Place.delete`."""
        with self._reached() as (store, root), contextlib.suppress(FileNotFoundError):
            store.rm_file(f"{root}/{name}")

    def has(self, name: str) -> bool:
        """See `Place.has`."""
        with self._reached() as (store, root):
            return bool(store.exists(f"{root}/{name}"))

    def length(self, name: str) -> int | None:
        """See `Place.length`; asking for it costs a store what asking whether it is there does."""
        with self._reached() as (store, root):
            try:
                size = store.info(f"{root}/{name}").get("size")
            except FileNotFoundError:
                return None
        return len(self.read(name) or b"") if size is None else int(size)

    def below(self, folder: str) -> Iterator[str]:
        """See `Place.below`."""
        with self._reached() as (store, root):
            found = store.find(f"{root}/{folder}") if store.exists(f"{root}/{folder}") else []
        yield from sorted(_relative(path, root) for path in found)

    def files(self) -> list[tuple[str, str]]:
        """Every file below the address: its path from there, and its address."""
        with self._reached() as (store, root):
            found = [(_relative(path, root), str(store.unstrip_protocol(path))) for path in store.find(root)]
        return sorted(found)

    def whole(self) -> str:
        """The address as the store itself writes it."""
        with self._reached() as (store, root):
            return str(store.unstrip_protocol(root))

    def size(self) -> int:
        """Bytes of the file; 0 where the store does not tell."""
        with self._reached() as (store, root):
            return int(store.info(root).get("size") or 0)

    def etag(self) -> str | None:
        """What changes when the file's content does; None where the store tells nothing of the kind."""
        with self._reached() as (store, root):
            info = store.info(root)
        return next((f"{key}:{info[key]}" for key in _ETAGS if info.get(key)), None)

    def fetch(self, path: Path) -> None:
        """Copy the file to `path`.

        Raises:
            NetworkError: it cannot be had.
        """
        with self._reached() as (store, root), store.open(root, "rb") as source, path.open("wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)

    @contextlib.contextmanager
    def _reached(self) -> Iterator[tuple[Any, str]]:
        """The store and the path in it; whatever goes wrong there is told in one sentence."""
        scheme = self.address.partition("://")[0]
        try:
            import fsspec
        except ImportError:
            raise MissingExtraError(f"The address {self.name}", "fsspec", "remote") from None
        for name in _TALKATIVE:  # they write tracebacks of what they raise as well
            logging.getLogger(name).setLevel(logging.CRITICAL)
        try:
            store, root = fsspec.core.url_to_fs(self.address)
            yield store, str(root).rstrip("/")
        except ImportError:
            package = _EXTRA.get(scheme, f"fsspec's package for {scheme}://")
            raise MissingExtraError(f"The address {self.name}", package, "remote") from None
        except (NetworkError, OutputError, AudioError):
            raise
        except FileNotFoundError as error:
            cause = error.__cause__  # of whatever went wrong the client for https makes this error
            if cause is not None and getattr(cause, "status", None) not in _GONE:
                raise self._unreached(cause) from error
            raise AudioNotFoundError(f"There is no {self.name}: check the address.") from error
        except PermissionError as error:
            raise AudioError(f"{self.name} may not be read or written: check its permissions.") from error
        except Exception as error:  # clients of stores share no base
            if isinstance(error, OSError) and error.errno in _FULL:
                raise FullDiskError(
                    f"The disk is full ({error.strerror}): free some, and give the same command."
                ) from error
            raise self._unreached(error) from error

    def _unreached(self, error: BaseException) -> NetworkError:
        lines = str(error).strip().splitlines() or [""]
        why = f"{type(error).__name__}: {shown(lines[0])}"[:200].rstrip(": ")
        return NetworkError(
            f"{self.name} cannot be reached or used ({why}): check the address, the credentials and the network."
        )


def _relative(path: str, root: str) -> str:
    return path.removeprefix(root).lstrip("/")


def unwritable(path: Path, error: OSError, what: str) -> OutputError:
    """Why a file cannot be `what`, in one sentence; a disk that is full ends the run."""
    if error.errno in _FULL:
        return FullDiskError(
            f"{path} cannot be {what} ({error.strerror}): free some space and give the same command again; what is "
            "done stays done."
        )
    if (file := in_the_way(path)) is not None:
        return OutputError(f"{path} cannot be {what}, since {file} is a file: move it away, or choose another -o.")
    return OutputError(f"{path} cannot be {what}: {error.strerror or error}. Check the folder, or choose another -o.")
