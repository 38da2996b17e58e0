"""Voices that leave the folder: one JSON document with everybody, unencrypted, and the way back."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

from ...fusion.errors import OutputError, VoiceError
from . import files
from .records import MAX_BYTES, VERSION, Check, Person, from_json, name_key, parse, to_json

FORMAT = "diarfuse-voices"


def write_export(people: Iterable[Person]) -> bytes:
    """`people` as one JSON document."""
    document = {"format": FORMAT, "version": VERSION, "people": [to_json(person) for person in people]}
    return json.dumps(document, ensure_ascii=False, indent=1).encode()


def read_export(data: bytes, source: str, check: Check | None = None) -> dict[str, Person]:
    """The people of an export by `name_key`; who is named twice is one person with all the recordings.

    Raises:
        VoiceError: it is not an export of ours, somebody in it is damaged, or `check` refuses the second of two voices
            under one name.
    """
    document = parse(data, source)
    people = document.get("people") if isinstance(document, dict) else None
    if not isinstance(people, list) or document.get("format") != FORMAT:
        raise VoiceError(f"{source} is no voice file: export one with `transcribe voice export`.")
    if document.get("version") != VERSION:
        raise VoiceError(f"{source} has another version: export it again with this program.")
    found: dict[str, Person] = {}
    for item in people:
        person = from_json(item, source)
        known = found.get(name_key(person.name))
        if check and known is not None and (new := known.missing(person.prototypes)):
            check(known, new)
        found[name_key(person.name)] = person if known is None else known.joined(person)
    return found


def save_export(path: Path, data: bytes, root: Path) -> None:
    """Write an export to a new file of mode 0600; nothing that is there is written over, and no link is followed.

    Raises:
        OutputError: the name is taken, it lies in the folder `root` of the voices themselves, or it cannot be written.
    """
    if os.path.realpath(path.parent) == os.path.realpath(root):
        raise OutputError(f"{str(path)!r} lies among the enrolled voices, where none is deleted: choose another -o.")
    try:
        files.create(path, data)
    except FileExistsError:
        raise OutputError(
            f"{str(path)!r} exists, and voices are never written over a file or through a link: "
            "delete it first, or choose another -o."
        ) from None
    except OSError as error:
        raise OutputError(f"{str(path)!r} cannot be written ({error.strerror or error}): choose another -o.") from error


def read_import(path: Path) -> bytes:
    """The bytes of a file that claims to hold voices.

    Raises:
        VoiceError: it is larger than any such file, or has no size (a device, a pipe).
    """
    if not path.is_file() or path.stat().st_size > MAX_BYTES:
        raise VoiceError(f"{path} is no file, or larger than {MAX_BYTES >> 20} MiB: give what `voice export` wrote.")
    return path.read_bytes()
