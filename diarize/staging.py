"""A pack that its user adds: made out of sight, named when it is complete, and recorded with its hash."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..fusion.errors import OptionError
from .models.files import landing, locked, writing_in
from .models.pack_file import FILE_NAME, NAME, write_pack
from .models.packs import ClusteringPack, PackFile
from .models.store import AUTO, Store
from .models.yours import RECORD, record, today

_STAGE = ".adding-"
_TAKEN = (AUTO, "graphs")


def check_name(store: Store, name: str) -> None:
    """Refuse names that a pack cannot have, or that one has.

    Raises:
        OptionError: it is none, or it is taken.
    """
    if not NAME.fullmatch(name) or name in _TAKEN:
        raise OptionError(f"{name!r} cannot name a pack: use small letters, digits, dots and dashes, at most 40.")
    if name in store.packs:
        raise OptionError(f"{name} is a pack of the program: choose another name.")
    if name in store.yours:
        raise OptionError(f"There is a pack {name} already: choose another name, or delete {store.root / name} first.")


@contextmanager
def stage(store: Store) -> Iterator[Path]:
    """A folder in the store that vanishes at the end, unless it has become a pack by then."""
    with writing_in(store.root), locked(store.root / f"{RECORD}.stage.lock"):
        for stale in store.root.glob(f"{_STAGE}*"):  # of a process that was killed
            shutil.rmtree(stale, ignore_errors=True)
        folder = Path(tempfile.mkdtemp(dir=store.root, prefix=_STAGE))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def put(folder: Path, path: str, content: bytes) -> PackFile:
    """Write a file of the pack into its stage; returns it with its size and hash."""
    with landing(folder / path) as file:
        file.write(content)
    return PackFile(path, len(content), hashlib.sha256(content).hexdigest())


def commit(store: Store, folder: Path, pack: ClusteringPack) -> None:
    """Give the stage `folder` the pack's name, and record the hash of its description."""
    with landing(folder / FILE_NAME) as file:
        file.write(write_pack(pack).encode())
    target = store.root / pack.name
    with writing_in(store.root):
        if (target / FILE_NAME).is_file():  # never recorded, so it is no pack: an earlier try was killed
            shutil.rmtree(target)
        folder.chmod(0o755)  # mkdtemp's 0700 would hide a shared store's pack from its other users
        os.rename(folder, target)  # noqa: PTH104 - Path.rename is the same, this one says that it must not exist
    record(store.root, pack.name, today())
