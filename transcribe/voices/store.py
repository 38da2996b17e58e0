"""Enrolled people on the user's own disk: one private file each, written whole, deleted for good.

The folder (0700) holds ``<random>.voice`` files (0600) and, where a passphrase
is used, ``lock.json``. There is no audio, and no name in any file name.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import stat
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import platformdirs

from ...fusion.errors import OutputError, VoiceError
from ...fusion.landing import shred, write_whole
from ...fusion.naming.match import Voice
from .lock import Lock, read_header
from .records import MAX_BYTES, Person, Prototype, check_name, dumps, from_json, loads, parse, to_json

EXPORT_FORMAT = "diarfuse-voices"


def default_root() -> Path:
    """``$DIARFUSE_VOICES_DIR``, or the user's data folder."""
    chosen = os.environ.get("DIARFUSE_VOICES_DIR")
    return Path(chosen) if chosen else Path(platformdirs.user_data_dir("diarfuse", appauthor=False)) / "voices"


class VoiceStore:
    """The enrolled people of one folder."""

    def __init__(self, root: Path | None = None, *, passphrase: str | None = None) -> None:
        """Open the folder; it is made when something is first written.

        Args:
            root: the folder; None means `default_root`.
            passphrase: opens a locked folder; not needed for an open one.

        Raises:
            VoiceError: the folder is locked and the passphrase is missing or wrong.
        """
        self.root = root or default_root()
        self._lock: Lock | None = None
        if self.locked(self.root):
            if passphrase is None:
                raise VoiceError(
                    "The enrolled voices are encrypted: give the passphrase ($DIARFUSE_VOICES_PASSPHRASE)."
                )
            self._lock = Lock(passphrase, read_header((self.root / "lock.json").read_bytes()))

    @staticmethod
    def locked(root: Path | None = None) -> bool:
        """Whether the folder is encrypted."""
        return ((root or default_root()) / "lock.json").exists()

    def people(self) -> list[Person]:
        """Everybody, by name."""
        return sorted((person for _, person in self._read()), key=lambda person: person.name.casefold())

    def get(self, name: str) -> Person:
        """The person of that name (upper and lower case are the same).

        Raises:
            VoiceError: nobody has it; the known names are given.
        """
        return self._find(name)[1]

    def voices(self, space: str) -> list[Voice]:
        """Everybody who was enrolled in `space`."""
        return [voice for person in self.people() if (voice := person.voice(space)) is not None]

    def add(self, name: str, prototype: Prototype, consent: str) -> Person:
        """Enrol a person, or give an enrolled one another recording; the latest consent is kept."""
        name = check_name(name)
        for path, person in self._read():
            if person.name.casefold() == name.casefold():
                changed = replace(person, consent=consent).with_prototype(prototype)
                self._write(path, changed)
                return changed
        person = Person(name, consent, (prototype,))
        self._write(self._new_path(), person)
        return person

    def delete(self, name: str) -> None:
        """Remove a person: overwritten, then unlinked.

        Raises:
            VoiceError: nobody has that name.
        """
        shred(self._find(name)[0])

    def encrypt(self, passphrase: str) -> None:
        """Lock the folder: from now on every file is encrypted, those that exist too.

        A folder that is locked keeps its passphrase, whatever is given here.
        Interrupted, it leaves a locked folder that is read as before; calling
        it again with the same passphrase encrypts the rest.
        """
        if self._lock is None:
            self._lock = Lock(passphrase)
            self._make_root()
            write_private(self.root / "lock.json", json.dumps(self._lock.header).encode())
        for path, person in list(self._read()):
            self._write(path, person)

    def export(self, names: Iterable[str] = ()) -> bytes:
        """The named people (all, if none is named) as one JSON document, unencrypted."""
        people = [self.get(name) for name in names] or self.people()
        document = {"format": EXPORT_FORMAT, "version": 1, "people": [to_json(person) for person in people]}
        return json.dumps(document, ensure_ascii=False, indent=1).encode()

    def import_(self, data: bytes, source: str) -> list[str]:
        """Take in what `export` wrote; who is here already is replaced. The names taken.

        Nothing is written unless the whole document is sound.

        Raises:
            VoiceError: it is not an export of ours.
        """
        document = parse(data, source)
        people = document.get("people") if isinstance(document, dict) else None
        if not isinstance(people, list) or document.get("format") != EXPORT_FORMAT:
            raise VoiceError(f"{source} is no voice file: export one with `transcribe voice export`.")
        incoming = [from_json(item, source) for item in people]
        known = {person.name.casefold(): path for path, person in self._read()}
        for person in incoming:
            self._write(known.get(person.name.casefold()) or self._new_path(), person)
        return [person.name for person in incoming]

    def _find(self, name: str) -> tuple[Path, Person]:
        found = list(self._read())
        for path, person in found:
            if person.name.casefold() == name.strip().casefold():
                return path, person
        known = ", ".join(sorted(person.name for _, person in found)) or "nobody yet"
        raise VoiceError(
            f"Nobody named {name!r} is enrolled (enrolled: {known}); enrol with `transcribe voice enroll`."
        )

    def _read(self) -> Iterator[tuple[Path, Person]]:
        for path in sorted(self.root.glob("*.voice")):
            yield path, self._person(path)

    def _person(self, path: Path) -> Person:
        """The person of one file of the folder.

        Raises:
            VoiceError: others may read it, or it is damaged; what is kept here cannot be exported again.
        """
        data = _read_private(path)
        try:  # The passphrase was tried before: what it does not open was changed.
            return loads(self._lock.open(data, path.name) if self._lock else data, str(path))
        except VoiceError:
            raise VoiceError(
                f"{path} is damaged, or of a newer version of this program: delete it, or restore it from a copy."
            ) from None

    def _write(self, path: Path, person: Person) -> None:
        self._make_root()
        data = dumps(person)
        write_private(path, self._lock.seal(data, path.name) if self._lock else data)

    def _new_path(self) -> Path:
        return self.root / f"{secrets.token_hex(8)}.voice"

    def _make_root(self) -> None:
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.root.chmod(0o700)
        except OSError as error:
            raise OutputError(
                f"The folder {str(self.root)!r} cannot be made ({error.strerror or error}): set $DIARFUSE_VOICES_DIR."
            ) from error


def forget_all(root: Path | None = None) -> int:
    """Remove every enrolled voice and the search indexes beside them, locked or not; the number of people removed."""
    root = root or default_root()
    voices = list(root.glob("*.voice"))
    for path in [*voices, *root.glob("*.part"), *root.glob("lock.json"), *root.glob("index/*/*")]:
        shred(path)
    shutil.rmtree(root / "index", ignore_errors=True)
    with contextlib.suppress(OSError):
        root.rmdir()
    return len(voices)


def read_bounded(path: Path) -> bytes:
    """The bytes of a file that claims to hold voices.

    Raises:
        VoiceError: it is larger than any such file, or has no size (a device, a pipe).
    """
    if not path.is_file() or path.stat().st_size > MAX_BYTES:
        raise VoiceError(f"{path} is no file, or larger than {MAX_BYTES >> 20} MiB: give what `voice export` wrote.")
    return path.read_bytes()


def _read_private(path: Path) -> bytes:
    """The bytes of a voice file that is nobody else's to read.

    Raises:
        VoiceError: others may read it, or it is too large.
    """
    if sys.platform != "win32" and stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise VoiceError(f"{path} can be read by others: run chmod 600 on it, or delete it.")
    return read_bounded(path)


def write_private(path: Path, data: bytes) -> None:
    """Write a file of mode 0600 that appears whole or not at all; what it replaces is overwritten."""
    try:
        write_whole(path, data, mode=0o600, shred_old=True)
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written ({error.strerror or error}): make room, or check the folder."
        ) from error
