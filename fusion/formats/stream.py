"""JSON results one after the other, as recognisers print them while they listen, and JSON lines."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from ..errors import TranscriptError

_BLANK = re.compile(r"\s*")
_LOG = re.compile(r"(LOG|WARNING|INFO|VLOG)\b[^\n]*(\n|$)")
"""What Kaldi and its kin print among the results."""
_RECORDING = "audio_filepath"


def read(text: str, name: str) -> list[Any] | None:
    """Every value, without lines of a log; None if the text is not two or more objects or lists.

    Raises:
        TranscriptError: they are the results of several recordings.
    """
    values: list[Any] = []
    decoder = json.JSONDecoder()
    at = _skip(text, 0)
    while at < len(text):
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            return None
        if not isinstance(value, dict | list):
            return None
        values.append(value)
        at = _skip(text, at)
    files = {value[_RECORDING] for value in values if isinstance(value, Mapping) and _is_name(value.get(_RECORDING))}
    if len(files) > 1:
        some = ", ".join(sorted(files)[:3])
        raise TranscriptError(f"{name} holds {len(files)} recordings ({some} ...): give the lines of one.")
    return values or None


def _is_name(value: Any) -> bool:
    return isinstance(value, str)


def _skip(text: str, at: int) -> int:
    """The next place where a value can begin."""
    while True:
        blank = _BLANK.match(text, at)
        at = blank.end() if blank else at
        log = _LOG.match(text, at)
        if log is None:
            return at
        at = log.end()
