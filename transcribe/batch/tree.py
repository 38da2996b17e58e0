"""The folder of results: what lies where, what is done, and what failed.

::

    OUT/<id>.json, OUT/<id>.srt ...   results
    OUT/failures/<id>.json            why there is none
    OUT/batch.csv                     one row a recording
    OUT/.batch/<id>.json              which work each result is of

All of it is the same, byte for byte, however the work was divided or interrupted.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, TypeAlias, TypeVar

from ...fusion.errors import OptionError, TranscriptError
from .places import Place

State: TypeAlias = Literal["writing", "done"]
TABLE = "batch.csv"
_RECORDS, _FAILURES = ".batch", "failures"
_VERSION = 1
Kind = TypeVar("Kind", "Record", "Failure")


@dataclass(frozen=True, slots=True)
class Record:
    """Which work a result is of.

    key: of the recording, the options, the models and the version. state: ``writing`` while its files appear.
    formats: format -> key of how it looks. about: program, models and settings, to tell what has changed.
    row: numbers about the result, for the table. sizes: file -> bytes, as it was written.
    """

    key: str
    state: State
    formats: Mapping[str, str] = field(default_factory=dict)
    about: Mapping[str, Any] = field(default_factory=dict)
    row: Mapping[str, Any] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)

    @property
    def sound(self) -> bool:
        """Whether it is as it was written; somebody may have edited the file."""
        texts, tables = (self.key, self.state), (self.formats, self.about, self.row, self.sizes)
        plain = all(isinstance(one, str) for one in texts) and all(isinstance(one, dict) for one in tables)
        inner = (
            plain and isinstance(self.row.get("talks", {}), dict) and isinstance(self.about.get("settings", {}), dict)
        )
        return inner and isinstance(self.row.get("duration", 0.0), int | float)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a recording has no result.

    key: of the work that failed. stage: where. reason: one sentence. tries: how often it was tried.
    transient: a fault of the moment, such as the network's, so that the next run tries again by itself.
    """

    key: str
    stage: str
    reason: str
    tries: int
    transient: bool = False

    @property
    def sound(self) -> bool:
        """Whether it is as it was written."""
        texts = (self.key, self.stage, self.reason)
        return all(isinstance(one, str) for one in texts) and isinstance(self.tries, int)


@dataclass(frozen=True, slots=True)
class Tree:
    """The records, failures and results at a place."""

    place: Place

    def record(self, name: str) -> Record | None:
        """Of one id; None where there is none that can be read."""
        return _read(self.place.read(f"{_RECORDS}/{name}.json"), Record)

    def failure(self, name: str) -> Failure | None:
        """Of one id."""
        return _read(self.place.read(f"{_FAILURES}/{name}.json"), Failure)

    def put(self, name: str, record: Record) -> None:
        """Write a record; before a result is done, the failure that was is forgotten."""
        if record.state == "done":
            self.forgive(name)
        self.place.write(f"{_RECORDS}/{name}.json", _written(record))

    def fail(self, name: str, failure: Failure) -> None:
        """Write a failure."""
        self.place.write(f"{_FAILURES}/{name}.json", _written(failure))

    def forgive(self, name: str) -> None:
        """Forget a failure, if there is one: of other options, say."""
        self.place.delete(f"{_FAILURES}/{name}.json")

    def done(self) -> Iterator[tuple[str, Record]]:
        """Every id with a result, sorted."""
        for name in self._ids(_RECORDS):
            record = self.record(name)
            if record is not None and record.state == "done":
                yield name, record

    def failed(self) -> Iterator[tuple[str, Failure]]:
        """Every id that failed, sorted."""
        for name in self._ids(_FAILURES):
            failure = self.failure(name)
            if failure is not None:
                yield name, failure

    def missing(self, done: Mapping[str, Record]) -> dict[str, list[str]]:
        """The files that were written and are gone, by the id of their recording."""
        there = set(self.place.below("")) if done else set()
        gone = {name: [file for file in record.sizes if file not in there] for name, record in done.items()}
        return {name: files for name, files in gone.items() if files}

    def check(self) -> None:
        """Refuse a folder of a later version.

        Raises:
            OptionError: it is of one.
        """
        content = self.place.read(f"{_RECORDS}.json")
        found = None if content is None else _json(content)
        version = found.get("version") if isinstance(found, dict) else None
        if isinstance(version, int) and version > _VERSION:
            raise OptionError(
                f"{self.place.name} was written by a later version of this program: update it, or choose another -o."
            )

    def begin(self) -> None:
        """Make it a folder of results, and show that it can be written to.

        Raises:
            OutputError: it cannot.
        """
        self.place.write(f"{_RECORDS}.json", _line({"version": _VERSION}))

    @property
    def there(self) -> bool:
        """Whether a batch ever wrote here."""
        return self.place.has(f"{_RECORDS}.json")

    @property
    def folds(self) -> bool:
        """Whether the place takes names that differ only in case for one; asked once it is begun."""
        return self.place.has(f"{_RECORDS}.json".upper())

    def _ids(self, folder: str) -> Iterator[str]:
        for name in self.place.below(folder):
            yield name.removeprefix(f"{folder}/").removesuffix(".json")


def is_ours(content: bytes, source: str) -> bool:
    """Whether a file is a transcript of this program."""
    from ...fusion.document import parse_document

    try:
        parse_document(content, source)
    except TranscriptError:
        return False
    return True


def is_json(content: bytes) -> bool:
    """Whether a file is JSON, of whatever kind."""
    return _json(content) is not None


def _read(content: bytes | None, kind: type[Kind]) -> Kind | None:
    """A record or a failure; None where it is neither: then the work is done again."""
    row = None if content is None else _json(content)
    try:
        found = kind(**row) if isinstance(row, dict) else None
    except TypeError:
        return None
    return found if found is not None and found.sound else None


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _written(what: Record | Failure) -> bytes:
    return _line(asdict(what))


def _line(row: Mapping[str, Any]) -> bytes:
    return (json.dumps(row, sort_keys=True, indent=1) + "\n").encode()
