"""Packs carried to a machine without a network, and taken from there.

Only sources are carried, and only such as are known: a pinned pack by the
hashes in the program, a pack that somebody added where it is named. Networks
are converted where they are used, so that nobody's converted network is ever run.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from ...fusion.errors import CorruptModelError, ModelNotFoundError, OptionError, UnknownNameError
from ...fusion.given import at_home, check_path
from ...fusion.types import Note
from ...fusion.watch import log_note
from .end_to_end import first_use
from .files import copy_file, is_intact, landing, locked
from .pack_file import FILE_NAME, NAME, PACKS, read_pack
from .packs import READY, ClusteringPack, ModelSet, Pack
from .store import AUTO, Store, default_root
from .yours import record, today


def export_packs(store: Store, folder: str | os.PathLike[str], names: Iterable[str] | None = None) -> tuple[str, ...]:
    """Copy packs, verified and with their notices, for a machine without a network.

    Args:
        store: where they are.
        folder: where they go; made if it is not there.
        names: the packs; None means every pack on disk.

    Returns:
        The names copied.

    Raises:
        ModelNotFoundError: there is none.
        CorruptModelError: a pack is not whole.
        LicenceError: the licence of one does not allow it.
    """
    chosen = tuple(names) if names is not None else tuple(name for name in store.names if store.has(name))
    if not chosen:
        raise ModelNotFoundError(
            f"There is no pack in {store.root} to export: pull one first (transcribe models pull PACK)."
        )
    packs = [store.pack(name) for name in chosen]
    for pack in packs:
        pack.permit("export")
    target = at_home(folder).absolute()
    for pack in packs:
        _copy(pack, store.root, target)
        _write_notice(pack, target / pack.name)
        if store.origin(pack.name) == "first use":
            first_use.trust(target, pack, store.packs[pack.name])
        if store.origin(pack.name) == "yours":
            copy_file(store.root / pack.name / FILE_NAME, target / pack.name / FILE_NAME)
            record(target, pack.name, store.yours[pack.name].added)
    return chosen


def import_packs(
    store: Store, folder: str | os.PathLike[str], names: Iterable[str] = (), on_note: Note | None = None
) -> tuple[str, ...]:
    """Copy the packs that `folder` holds into the store, verified, and convert them.

    Args:
        store: where they go.
        folder: what `export_packs` wrote, or any folder of pack folders.
        names: the packs; none means every pinned one. A pack that is not pinned is taken only by its name.
        on_note: hears of files that nobody pinned.

    Returns:
        The names copied.

    Raises:
        ModelNotFoundError: there is no such pack in the folder, or it is not complete.
        CorruptModelError: files are not what their pack says.
        UnsafeModelError: a network of an own pack is more than a network.
    """
    source = Store(folder, offline=True, packs=store.packs)
    pinned = (name for name in store.packs if store.origin(name) == "pinned")
    chosen = tuple(names) or tuple(name for name in pinned if source.has(name))
    if not chosen:
        raise _nothing_there(source.root)
    for name in chosen:
        if name not in store.packs:
            _take_own(store, source.root, name)
        elif store.origin(name) == "first use":
            _take_unpinned(store, source, name, on_note)
        elif source.has(name):
            _copy(store.packs[name], source.root, store.root)
        else:
            raise _nothing_there(source.root, name)
        store.prepare(name, on_note=on_note)
    return chosen


def load_dir(
    folder: str | os.PathLike[str],
    pack: str = AUTO,
    *,
    packs: Mapping[str, ClusteringPack] = PACKS,
    on_note: Note | None = None,
) -> ModelSet:
    """A pack in a folder that ``transcribe models export`` wrote, without any network.

    ``auto`` is the pinned one that it prefers; a pack that was added is taken by
    its name only. Works on a read-only folder: the networks are converted into
    the user's own cache, and graphs that lie in the folder are not looked at.
    """
    folder = check_path(folder, "an exported folder", OptionError)
    store = Store(folder, offline=True, packs=packs, graphs=default_root() / "graphs")
    name = next((name for name in packs if store.has(name)), None) if pack == AUTO else pack
    if name is None:
        raise _nothing_there(store.root)
    return store.load(name, on_note=on_note)


def _take_unpinned(store: Store, source: Store, name: str, on_note: Note | None) -> None:
    """Copy a pack of the program that has files which nobody pinned; as they are recorded here, or else there."""
    if not source.started(name):
        raise _nothing_there(source.root, name)
    here = store.pack(name)
    pack = here if all(file.known for file in here.files) else first_use.seen_in(source.root / name, source.pack(name))
    _copy(pack, source.root, store.root)
    if pack != here:
        (on_note or log_note)(first_use.trust(store.root, pack, store.packs[name]))


def _take_own(store: Store, source: Path, name: str) -> None:
    """Copy a pack that somebody added elsewhere, and record its hash here."""
    if not NAME.fullmatch(name) or not (source / name / FILE_NAME).is_file():
        there = [path.parent.name for path in sorted(source.glob(f"*/{FILE_NAME}"))]
        raise UnknownNameError(f"pack in {source}", name, (*store.packs, *there))
    pack = read_pack(source / name / FILE_NAME)
    if not isinstance(pack, ClusteringPack):
        raise CorruptModelError(f"{source / name / FILE_NAME} is of no kind that is added: give its network's folder.")
    if pack.name != name:
        raise CorruptModelError(
            f"{source / name / FILE_NAME} describes the pack {pack.name}: rename its folder to that."
        )
    if pack.embedding.builder == READY:
        from .foreign import inspect  # onnx, which takes a while to import

        inspect(source / name / pack.embedding.file)
    if name in store.yours:
        raise CorruptModelError(f"There is a pack {name} in {store.root} already: delete {store.root / name} first.")
    _copy(pack, source, store.root)
    copy_file(source / name / FILE_NAME, store.root / name / FILE_NAME)
    record(store.root, name, today())


def _copy(pack: Pack, source: Path, target: Path) -> None:
    """Copy the pack's files, each verified where it comes from and where it lands."""
    with locked(target / f"{pack.name}.lock"):
        for file in pack.files:
            here, there = source / pack.name / file.path, target / pack.name / file.path
            if is_intact(there, file.size, file.sha256):
                continue
            if not is_intact(here, file.size, file.sha256):
                state = "corrupt" if here.exists() else "missing"
                raise CorruptModelError(
                    f"The pack {pack.name} cannot be copied: {here} is {state}. Pull it again first."
                )
            copy_file(here, there)
            if not is_intact(there, file.size, file.sha256):
                raise CorruptModelError(f"The copy {there} is corrupt: check the disk and try again.")


def _nothing_there(root: Path, name: str = "") -> ModelNotFoundError:
    what = f"The pack {name} is not, or not whole, in" if name else "There is no complete pack in"
    return ModelNotFoundError(f"{what} {root}: give the folder that 'transcribe models export' wrote.")


def _write_notice(pack: Pack, folder: Path) -> None:
    """Licence and attribution beside files that are about to leave the machine."""
    with landing(folder / "NOTICE.txt") as file:
        file.write(f"{pack.summary}\nLicence: {pack.licence}\nAttribution: {pack.attribution}\n".encode())
