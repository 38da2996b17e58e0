"""Enrolled people on the user's own disk: one private record each, written whole, deleted for good.

The folder (0700) holds ``<random>.voice`` records (0600), a lock and, where a
passphrase is used, ``lock.json``. There is no audio, and no name in any file
name. Every command holds the folder alone between reading and writing, so that
two at once lose nothing and keep nobody twice; `files` says how kills are met.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

from ...fusion.errors import VoiceError
from ...fusion.naming.match import Voice
from ...fusion.watch import log_note
from . import files
from .encryption import Key, is_sealed, read_header
from .exports import read_export, write_export
from .records import Check, Person, Prototype, check_name, dumps, loads, name_key
from .root import default_root

Note: TypeAlias = Callable[[str], None]

HEADER = "lock.json"


@dataclass(slots=True)
class _Kept:
    """One person and the records that hold her: one, or more where an earlier version kept her twice."""

    person: Person
    paths: list[Path] = field(default_factory=list)


class VoiceStore:
    """The enrolled people of one folder."""

    def __init__(self, root: Path | None = None, *, passphrase: str | None = None, on_note: Note | None = None) -> None:
        """Open the folder; it is made when something is first written.

        Args:
            root: the folder; None means `default_root`.
            passphrase: opens a locked folder; not needed for an open one.
            on_note: hears of records that are left out, and of what was tidied away.

        Raises:
            VoiceError: the folder is locked and the passphrase is missing or wrong.
        """
        self.root = root or default_root()
        self._on_note = on_note
        self._told: set[str] = set()
        self._key: Key | None = None
        if self.locked(self.root):
            if passphrase is None:
                raise VoiceError(
                    "The enrolled voices are encrypted: give the passphrase ($DIARFUSE_VOICES_PASSPHRASE)."
                )
            self._key = Key(passphrase, read_header(files.read_private(self.root / HEADER, exposed=True)))

    @staticmethod
    def locked(root: Path | None = None) -> bool:
        """Whether the folder is encrypted."""
        return ((root or default_root()) / HEADER).exists()

    def people(self) -> list[Person]:
        """Everybody, by name; records that cannot be read are left out and told of."""
        with self._reading():
            return sorted((kept.person for kept in self._everybody().values()), key=lambda one: name_key(one.name))

    def find(self, name: str) -> Person | None:
        """The person of that name, however it is spelled (see `name_key`)."""
        with self._reading():
            kept = self._everybody().get(name_key(name))
            return kept.person if kept else None

    def get(self, name: str) -> Person:
        """`find`, for a name that must be there.

        Raises:
            VoiceError: nobody has it; the known names are given.
        """
        with self._reading():
            return self._find(name).person

    def voices(self, space: str) -> list[Voice]:
        """Everybody who was enrolled in `space`."""
        return [voice for person in self.people() if (voice := person.voice(space)) is not None]

    def add(self, name: str, prototypes: Sequence[Prototype], consent: str, check: Check | None = None) -> Person:
        """Enrol a person, or give an enrolled one more recordings, each once; the latest consent is kept.

        Raises:
            OptionError: the name is none.
            VoiceError: `check` refuses the voice under it.
        """
        name = check_name(name)
        with self._writing():
            known = self._everybody().get(name_key(name))
            if known is None:
                person = Person(name, consent, ()).with_prototypes(prototypes)
                return self._put(person, [])
            if check:
                check(known.person, prototypes)
            new = known.person.missing(prototypes)
            return self._put(replace(known.person, consent=consent).with_prototypes(new), known.paths)

    def rename(self, name: str, new: str) -> str:
        """Give a person another name, which comes back as it is kept.

        Raises:
            OptionError: the new name is none.
            VoiceError: nobody has the one name, or somebody else has the other.
        """
        new = check_name(new)
        with self._writing():
            known = self._find(name)
            other = self._everybody().get(name_key(new))
            if other is not None and name_key(new) != name_key(name):
                raise VoiceError(f"{other.person.name} is enrolled already: choose another name, or delete it first.")
            self._put(replace(known.person, name=new), known.paths)
        return new

    def delete(self, name: str) -> None:
        """Remove all that is kept of a person: overwritten, then unlinked.

        Raises:
            VoiceError: nobody has that name.
        """
        with self._reading():
            files.remove(self._find(name, exposed=True).paths)

    def encrypt(self, passphrase: str) -> None:
        """Lock the folder: from now on every file is encrypted, those that exist too.

        A folder that is locked keeps its passphrase, whatever is given here.
        Interrupted, it leaves a locked folder; whoever opens it next encrypts the rest.
        """
        with self._writing():
            if self._key is None:
                key = Key(passphrase)
                files.create(self.root / HEADER, json.dumps(key.header).encode())
                self._key = key
            self._seal_all(self._key)

    def export(self, names: Iterable[str] = ()) -> bytes:
        """The named people (all, if none is named) as one JSON document, unencrypted."""
        return write_export([self.get(name) for name in names] or self.people())

    def import_(self, data: bytes, source: str, check: Check | None = None) -> list[str]:
        """Take in what `export` wrote; who is here already is replaced. The names taken, each once.

        Nothing is written unless the whole document is sound, and `check` lets
        everybody pass who is here already.

        Raises:
            VoiceError: it is not an export of ours, or holds another's voice under a known name.
        """
        incoming = read_export(data, source, check)
        with self._writing():
            known = self._everybody()
            for key, person in incoming.items():
                if check and key in known:
                    check(known[key].person, person.prototypes)
            for key, person in incoming.items():
                self._put(person, known[key].paths if key in known else [])
        return [person.name for person in incoming.values()]

    @contextlib.contextmanager
    def _reading(self) -> Iterator[None]:
        """Hold the folder, where there is one."""
        if not self.root.is_dir():
            yield
            return
        with files.held(self.root) as told:
            self._tell(told)
            if self.locked(self.root) != (self._key is not None):
                raise VoiceError("The voices were encrypted, or forgotten, a moment ago: run the command again.")
            if self._key is not None:
                self._seal_all(self._key)
            yield

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        files.make_private(self.root)
        with self._reading():
            if self._key is None and (path := next(self._locked_out(), None)):  # a new key would lock them out for good
                raise VoiceError(_no_header(path))
            yield

    def _locked_out(self) -> Iterator[Path]:
        """Encrypted records of a folder that has lost what makes their key."""
        for path in files.records(self.root):
            with contextlib.suppress(VoiceError):  # told of where people are read
                if is_sealed(files.read_private(path)):
                    yield path

    def _find(self, name: str, *, exposed: bool = False) -> _Kept:
        people = self._everybody(exposed=exposed)
        found = people.get(name_key(name))
        if found is None:
            known = ", ".join(sorted(kept.person.name for kept in people.values())) or "nobody yet"
            raise VoiceError(
                f"Nobody named {name!r} is enrolled (enrolled: {known}); enrol with `transcribe voice enroll`."
            )
        return found

    def _everybody(self, *, exposed: bool = False) -> dict[str, _Kept]:
        """Everybody by key, each with all records of that name."""
        people: dict[str, _Kept] = {}
        for path in files.records(self.root):
            try:
                person = self._person(path, exposed=exposed)
            except VoiceError as error:
                self._tell([f"{error} It is left out."])
                continue
            kept = people.setdefault(name_key(person.name), _Kept(person))
            kept.paths.append(path)
            kept.person = kept.person.joined(person)
        return people

    def _person(self, path: Path, *, exposed: bool) -> Person:
        """The person of one record.

        Raises:
            VoiceError: others may read it, or it is damaged; what is kept here cannot be exported again.
        """
        data = files.read_private(path, exposed=exposed)
        if self._key is None and is_sealed(data):
            raise VoiceError(_no_header(path))
        try:  # The passphrase was tried before: what it does not open was changed.
            return loads(self._key.open(data, path.name) if self._key else data, str(path))
        except VoiceError:
            raise VoiceError(
                f"{path} is damaged, or of a newer version of this program: delete it, or restore it from a copy."
            ) from None

    def _put(self, person: Person, paths: Sequence[Path]) -> Person:
        """Write a person over the first of her records, and remove the others; without any, make one."""
        path = paths[0] if paths else self.root / f"{secrets.token_hex(8)}{files.RECORD}"
        data = dumps(person)
        (files.replace if paths else files.create)(path, self._key.seal(data, path.name) if self._key else data)
        files.remove(paths[1:])
        return person

    def _seal_all(self, key: Key) -> None:
        """Encrypt the records that are not, since encrypting was interrupted."""
        for path in files.records(self.root):
            with contextlib.suppress(VoiceError):  # told of where people are read
                data = files.read_private(path)
                if not is_sealed(data):
                    files.replace(path, key.seal(data, path.name))

    def _tell(self, sentences: Iterable[str]) -> None:
        """Say each sentence once."""
        for sentence in sentences:
            if sentence not in self._told:
                (self._on_note or log_note)(sentence)
            self._told.add(sentence)


def _no_header(path: Path) -> str:
    return (
        f"{path} is encrypted, and {HEADER}, without which no passphrase opens it, is not beside it: restore that file "
        "from a copy, or delete this one."
    )


def forget_all(root: Path | None = None) -> int:
    """Remove every enrolled voice and the search indexes beside them, locked or not; the number of records removed."""
    root = root or default_root()
    if not root.is_dir():
        return 0
    with files.held(root):
        records = files.records(root)
        files.remove([*records, *(path for path in root.glob("index/*/*") if path.is_file())])
        files.remove(root.glob(HEADER))  # last, for without it a record that is left could not be read
        shutil.rmtree(root / "index", ignore_errors=True)
        with contextlib.suppress(PermissionError):  # Windows removes it with the last who holds it
            (root / files.LOCK).unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        root.rmdir()
    return len(records)
