"""SubRip and WebVTT given as words: every cue is a line, whose words are aligned or estimated later."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from ..errors import TranscriptError
from .reading import Line, Reading, make_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..types import Seconds

_LINES = re.compile(r"\r\n|\r|\n")
_TIME = r"(?:(\d+):)?(\d{1,2}):(\d{1,2})(?:[.,](\d{1,3}))?"
_CUE = re.compile(rf"\s*{_TIME}\s*-->\s*{_TIME}(?:\s.*)?", re.ASCII)
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>|<[\d:.]+>|</>|\{\\[^{}]*\}")
"""``<i>``, ``<v Ann>``, ``<00:01.000>`` and ``{\\an8}`` are no text."""

_OWN_LABEL = re.compile(r"^\s*SPEAKER_\d+:\s")
"""What our own subtitles begin with; it is not said."""


def looks_like(text: str) -> bool:
    """Whether one of the lines holds the times of a cue."""
    return "-->" in text and any(_CUE.fullmatch(line) for line in _LINES.split(text))


def read(text: str, name: str) -> Reading:
    """Read cues; those without text are left out.

    Raises:
        TranscriptError: a cue whose times cannot be, by its line.
    """
    family = "WebVTT" if text.lstrip("\ufeff").startswith("WEBVTT") else "SubRip"
    return Reading(family, tuple(_cues(_LINES.split(text), name)))


def _cues(lines: list[str], name: str) -> Iterator[Line]:
    at = 0
    while at < len(lines):
        found = _CUE.fullmatch(lines[at])
        if found is None:
            if "-->" in lines[at]:
                raise TranscriptError(f"{name}, line {at + 1}: {lines[at].strip()[:60]!r} is no time of a cue.")
            at += 1
            continue
        where = f"{name}, line {at + 1}"
        at, first = at + 1, at + 1
        while at < len(lines) and lines[at].strip():
            at += 1
        said = _OWN_LABEL.sub("", html.unescape(_TAG.sub("", " ".join(lines[first:at])))).strip()
        if said:
            fields = found.groups()
            yield make_line(None, where, f" {said}", [], (_seconds(fields[:4]), _seconds(fields[4:])))


def _seconds(fields: tuple[str | None, ...]) -> Seconds:
    """Hours (if any), minutes, seconds and their fraction."""
    hours, minutes, seconds, part = (field or "0" for field in fields)
    return int(hours[:9]) * 3600 + int(minutes) * 60 + float(f"{seconds}.{part}")
