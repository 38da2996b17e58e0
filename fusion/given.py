"""What a caller hands over where a list is wanted: told apart from what only looks like one."""

from __future__ import annotations

import errno
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from .errors import DiarfuseError, LowMemoryError, TranscriptError

_NO_MEMORY = (
    "bad_alloc",
    "allocate memory",
    "failed to map segment",
    "can't start new thread",
    "smaller than requested bytes",
    "out of memory",
    "STATUS_ALLOC_FAILED",
)
"""What C++, ONNX Runtime and its arena, the system's loader of libraries, Python, and CUDA with its libraries say."""


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
    except Exception as error:
        if isinstance(error, DiarfuseError) or not ran_out(error):
            raise
        raise LowMemoryError(f"There is not enough memory to {what}: free some, or take shorter recordings.") from error


def why_no_json(error: ValueError | RecursionError) -> str:
    """What is wrong with JSON that cannot be read; Python's own words speak of its settings.

    >>> why_no_json(RecursionError("maximum recursion depth exceeded")), why_no_json(ValueError("Exceeds the limit"))
    ('it is nested too deeply', 'it holds a number of too many digits')
    """
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    is_told = isinstance(error, json.JSONDecodeError | UnicodeError)
    return str(error) if is_told else "it holds a number of too many digits"


def ran_out(error: BaseException) -> bool:
    """Whether an error, of whichever library, says that memory ran out: few have a class for it."""
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        return True
    library = isinstance(error, ImportError | RuntimeError) or type(error).__module__.startswith("onnxruntime")
    return library and not isinstance(error, DiarfuseError) and any(words in str(error) for words in _NO_MEMORY)
