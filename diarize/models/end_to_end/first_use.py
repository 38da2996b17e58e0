"""Files of the program's packs of which nobody said what they are: trusted when first had, and compared from then on.

``first-use.json`` in the store's root holds, for every such pack, the day, and of each file its size and sha256.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from ....fusion.errors import ModelNotFoundError
from ..files import landing, locked, read_record, sha256_of
from ..packs import EndToEndPack, PackFile
from ..yours import today

if TYPE_CHECKING:
    from pathlib import Path

    from ..packs import Pack

RECORD = "first-use.json"


@dataclass(frozen=True, slots=True)
class First:
    """The day on which a pack's files were first had, and what they were then."""

    day: str
    files: tuple[PackFile, ...]


def firsts(root: Path) -> dict[str, First]:
    """What is recorded in the store at `root`, by pack.

    Raises:
        CorruptModelError: the record is damaged.
    """

    def first(entry: dict[str, Any]) -> First:
        return First(str(entry["day"]), tuple(PackFile(**file) for file in entry["files"]))

    return read_record(root / RECORD, first, "delete it, and the packs that it names are trusted anew.")


def known_at(root: Path, pack: Pack) -> Pack:
    """`pack` with what the store at `root` has recorded of files that the program does not know."""
    if all(file.known for file in pack.files):
        return pack
    first = firsts(root).get(pack.name)
    recorded = {file.path: file for file in first.files} if first else {}
    return replace(pack, files=tuple(file if file.known else recorded.get(file.path, file) for file in pack.files))


def seen_in(folder: Path, pack: Pack) -> Pack:
    """`pack` with its unknown files as they lie in `folder`.

    Raises:
        ModelNotFoundError: one is not there.
    """
    return replace(pack, files=tuple(file if file.known else seen(folder, file) for file in pack.files))


def seen(folder: Path, file: PackFile) -> PackFile:
    """`file` with the size and the sha256 that it has in `folder`."""
    path = folder / file.path
    if not path.is_file():
        raise ModelNotFoundError(f"{path} is missing: fetch it with the pack's other files, from where they come.")
    return replace(file, size=path.stat().st_size, sha256=sha256_of(path))


def trust(root: Path, pack: Pack, pinned: Pack) -> str:
    """Record what those files of `pack` are that `pinned` does not know; a sentence that says so."""
    files = tuple(file for file, known in zip(pack.files, pinned.files, strict=True) if not known.known)
    with locked(root / f"{RECORD}.lock"):
        known = firsts(root) | {pack.name: First(today(), files)}
        with landing(root / RECORD) as out:
            out.write(json.dumps({name: asdict(first) for name, first in sorted(known.items())}, indent=1).encode())
    names = ", ".join(f"{file.path} (sha256 {file.sha256[:16]}...)" for file in files)
    return f"Of the pack {pack.name} nobody has pinned {names}: it is trusted as it is now, and compared from now on."


def note(root: Path, pinned: EndToEndPack) -> tuple[str, ...]:
    """What a reader of a result must know of where the pack comes from: nothing where all is pinned."""
    first = firsts(root).get(pinned.name)
    unknown = [file.path for file in pinned.files if not file.known]
    if first is None or not unknown:
        return ()
    names = ", ".join(unknown)
    return (f"Of the pack {pinned.name} nobody has pinned {names}: it is what was first fetched on {first.day}.",)
