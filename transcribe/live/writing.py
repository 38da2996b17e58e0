"""Files that hold, at any instant, all that was said to be committed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self

from ...fusion.errors import OutputError
from .. import output

if TYPE_CHECKING:
    from ...fusion.document import Document
    from ...fusion.types import Seconds

_SHARE = 20
"""Writing takes at most the twentieth part of the time."""


@dataclass(slots=True)
class Files:
    """The outputs, written anew as more is committed: each whole, under its name at once.

    targets: where. render: a document as one target has it.
    """

    targets: Sequence[output.Target]
    render: Callable[[Document, output.Target], str | bytes]
    _next: Seconds = 0.0

    @property
    def are_due(self) -> bool:
        """Whether it is time to write."""
        return time.monotonic() >= self._next

    def write(self, document: Document, *, last: bool = False) -> None:
        """Write all targets; stdout, pipes and devices get only what is `last`.

        Raises:
            OutputError: one cannot be written.
        """
        began = time.monotonic()
        for target in self.targets:
            if last or not output.is_stream(target):
                output.write(target, self.render(document, target))
        now = time.monotonic()
        self._next = now + _SHARE * (now - began)


@dataclass(slots=True)
class EventLines:
    """Events as JSON lines, each flushed before the next is made. path: None keeps none."""

    path: Path | None
    _file: IO[str] | None = field(default=None, init=False)

    def __enter__(self) -> Self:
        if self.path is not None:
            try:
                self._file = self.path.open("w", encoding="utf-8")
            except OSError as error:
                raise OutputError(
                    f"{self.path} cannot be written: {error.strerror}. Choose another --events."
                ) from error
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def write(self, events: Iterable[dict[str, Any]]) -> None:
        """Add `events`.

        Raises:
            OutputError: the disk is full, or the folder is gone.
        """
        if self._file is None:
            return
        try:
            for event in events:
                self._file.write(json.dumps(event, ensure_ascii=False) + "\n")
            self._file.flush()
        except OSError as error:
            raise OutputError(f"{self.path} cannot be written: {error.strerror}. Choose another --events.") from error
