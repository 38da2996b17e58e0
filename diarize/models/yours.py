"""The packs that users added: which there are, and the hash that each had when it was added.

``yours.json`` in the store's root holds, for every such pack, the sha256 of its
``pack.toml``, which in turn holds those of its files. A folder that merely lies
in the store is no pack.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from ...fusion.errors import CorruptModelError
from .files import landing, locked, read_record, sha256_of
from .pack_file import FILE_NAME, NAME, read_pack
from .packs import ClusteringPack

RECORD = "yours.json"


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of a pack since it was added: the sha256 of its ``pack.toml``, and the day."""

    sha256: str
    added: str


def entries(root: Path) -> dict[str, Entry]:
    """The packs that were added to the store in `root` and are still there, by name.

    Raises:
        CorruptModelError: the record is damaged.
    """
    remedy = "delete it and add your packs again (transcribe models add)."
    found = read_record(root / RECORD, lambda entry: Entry(**entry), remedy)
    return {
        name: entry for name, entry in found.items() if NAME.fullmatch(name) and (root / name / FILE_NAME).is_file()
    }


def read_own(root: Path, name: str, entry: Entry) -> ClusteringPack:
    """The pack that was added as `name`.

    Raises:
        CorruptModelError: its ``pack.toml`` is not the one that was added, or is damaged.
    """
    path = root / name / FILE_NAME
    pack = read_pack(path)
    if sha256_of(path) != entry.sha256 or pack.name != name or not isinstance(pack, ClusteringPack):
        raise CorruptModelError(f"{path} was changed after the pack was added: delete {path.parent} and add it again.")
    return pack


def record(root: Path, name: str, added: str) -> None:
    """Keep the hash that the ``pack.toml`` of `name` has now."""
    with locked(root / f"{RECORD}.lock"):
        known = entries(root) | {name: Entry(sha256_of(root / name / FILE_NAME), added)}
        with landing(root / RECORD) as file:
            content = {key: asdict(entry) for key, entry in sorted(known.items())}
            file.write(json.dumps(content, indent=1).encode() + b"\n")


def today() -> str:
    """The date, as the record of added packs has it."""
    return datetime.now(UTC).date().isoformat()
