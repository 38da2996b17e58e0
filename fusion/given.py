"""What a caller hands over where a list is wanted: told apart from what only looks like one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from .errors import LowMemoryError, TranscriptError


def check_list(value: Any, name: str) -> None:
    """Refuse what can be walked through but is no list of words, segments or turns.

    Args:
        value: what was given.
        name: what it should be a list of, e.g. ``words``.

    Raises:
        TranscriptError: it is None, text, one object, a dict, or a table.
    """
    kind = type(value).__name__
    if hasattr(value, "to_dict") and hasattr(value, "columns"):
        raise TranscriptError(f"The {name} are a {kind}: give its rows, {name}.to_dict('records').")
    if isinstance(value, str | bytes):
        raise TranscriptError(f"The {name} are the text {value[:40]!r}: give a list; a file is read before.")
    if isinstance(value, Mapping):
        raise TranscriptError(f"The {name} are a {kind}: give the list that is in it, or use attach for a transcript.")
    if hasattr(value, "_fields") or not isinstance(value, Iterable):
        raise TranscriptError(f"The {name} are one {kind}: give a list of them.")


@contextmanager
def enough_memory(what: str) -> Iterator[None]:
    """Say in our own words that memory ran out during `what`.

    Raises:
        LowMemoryError: it did.
    """
    try:
        yield
    except MemoryError as error:
        raise LowMemoryError(f"There is not enough memory to {what}: free some, or take shorter recordings.") from error
