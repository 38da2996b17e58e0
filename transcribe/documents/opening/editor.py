"""The file behind the page: read, edited by one page at a time, and told apart from what a page has seen."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ....exporters import registry
from ....fusion.document import Document, parse_document
from ....fusion.editing.operations import read_operation, write_operation
from ....fusion.errors import DiarfuseError, OptionError, TranscriptError
from ....fusion.given import read_bytes
from ..editing import alone, tag_of, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ....fusion.editing.operations import Operation
    from ....fusion.records import Json

_MARKUP = re.compile(r" ?\(?\[[^\]]*\]\([^)]*\)\)?|`")
"""What Markdown adds to a line about a format: places in the documents, and how code is set."""
CHANGED = "The file was changed elsewhere and is shown as it is now: your last edit was not made, so do it again."


@dataclass(frozen=True, slots=True)
class State:
    """What a file holds. tag: of these very bytes, as an HTTP entity tag."""

    document: Document
    tag: str

    def to_json(self) -> Json:
        """What the page is told: all but the history, of which it needs the length."""
        return {"document": self.document.to_json() | {"history": []}, "tag": self.tag, "edits": self.edits}

    @property
    def edits(self) -> int:
        """How many edits can be undone."""
        return len(self.document.history)


class StaleError(OptionError):
    """A page edits what it has not seen; `state` is what there is."""

    def __init__(self, state: State) -> None:
        self.state = state
        super().__init__(CHANGED)


class Editor:
    """One document's file.

    Args:
        path: the file, of which links are followed once.

    Raises:
        TranscriptError: it is no document of ours, damaged, or of a newer version.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.resolve() if path.is_file() else path
        self._known: State | None = None
        self._one_by_one = threading.Lock()
        self.state()

    def state(self) -> State:
        """What the file holds now.

        Raises:
            TranscriptError: it cannot be read, or is damaged.
        """
        data, known = self._bytes(), self._known
        if known is None or known.tag != tag_of(data):
            known = self._known = State(parse_document(data, str(self.path), self.path.stem), tag_of(data))
        return known

    def edit(self, row: Any, seen: str) -> Json:
        """Do the edit that a page asks for; what the page is told.

        Raises:
            StaleError: the file is not the one with the tag `seen`.
            DiarfuseError: it is no edit, not possible, or cannot be written; the file stays as it was.
        """
        operation = read_operation(row)
        return self._changed(lambda before: before.edited(operation), seen).to_json()

    def undo(self, seen: str) -> Json:
        """Take the last edit back; ``undone`` is what it was.

        Raises:
            StaleError, DiarfuseError: see `edit`.
        """
        undone: list[Operation] = []

        def change(before: Document) -> Document:
            after = before.undo()
            undone.append(before.history[-1].operation)
            return after

        return self._changed(change, seen).to_json() | {"undone": write_operation(undone[0])}

    def export(self, name: str) -> bytes:
        """The document in a format, clean: without history, notes and names of files.

        Raises:
            DiarfuseError: no such format, one that this document does not fit, or an extra that it needs is missing.
        """
        document = self.state().document.clean()
        if why := registry.empty(document, name):
            raise OptionError(f"{self.path.name} {why}.")
        content = registry.dumps(document, name)
        return content if isinstance(content, bytes) else content.encode("utf-8", "replace")

    def finish(self) -> None:
        """Wait for the edit that is being written, if one is."""
        with self._one_by_one:
            pass

    def _changed(self, change: Callable[[Document], Document], seen: str) -> State:
        with self._one_by_one, alone(self.path):
            before = self.state()
            if before.tag != seen:
                raise StaleError(before)
            after = change(before.document)
            if not write(self.path, after, seen):
                raise StaleError(self.state())
            self._known = State(after, tag_of(self._bytes()))  # which reading it would give, and takes longer
            return self._known

    def _bytes(self) -> bytes:
        if self.path.exists() and not self.path.is_file():  # a pipe would be waited for, by all who edit
            raise TranscriptError(f"{self.path} is no regular file, which edits could be written into: copy it to one.")
        return read_bytes(self.path)


def formats() -> list[Json]:
    """Every format for the page's list; ``missing`` is the sentence of what is not installed."""
    found = []
    for name in registry.names():
        try:
            exporter = registry.exporter(name)
        except DiarfuseError:  # another package's, and damaged: `--format NAME` tells why
            continue
        about = _MARKUP.sub("", exporter.ABOUT).strip()
        found.append({"name": name, "ending": exporter.ENDING, "about": about, "missing": _missing(name)})
    return found


def _missing(name: str) -> str:
    try:
        registry.require(name)
    except DiarfuseError as error:
        return str(error)
    return ""
