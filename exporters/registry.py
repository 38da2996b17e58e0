"""Which exporter writes which file: by format name, or by the ending of the file.

Exporters are imported when asked for, so that listing the formats costs nothing.
"""

from __future__ import annotations

import importlib
from pathlib import PurePath
from typing import TYPE_CHECKING

from ..fusion.errors import OptionError, UnknownNameError

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

    from ..fusion.cues import Cue
    from ..fusion.types import Transcript

SUBTITLES = ("srt", "vtt")
"""Formats that can also be written from cues."""
ENDINGS = {
    ".srt": "srt",
    ".vtt": "vtt",
    ".txt": "txt",
    ".json": "json",
    ".rttm": "rttm",
    ".csv": "csv",
    ".tsv": "tsv",
    ".whisperx.json": "whisperx",
    ".seglst.json": "seglst",
}
"""File ending -> format; the longest ending that fits decides."""


def names() -> tuple[str, ...]:
    """Every format, sorted."""
    return tuple(sorted(set(ENDINGS.values())))


def ending(format_name: str) -> str:
    """The file ending of a format: ``"whisperx"`` -> ``".whisperx.json"``.

    Raises:
        UnknownNameError: no such format.
    """
    for suffix, name in ENDINGS.items():
        if name == format_name:
            return suffix
    raise UnknownNameError("format", format_name, names())


def format_of(path: str | os.PathLike[str]) -> str:
    """The format that a file's ending asks for; case does not matter.

    Raises:
        UnknownNameError: the ending belongs to no format.
        OptionError: there is no ending.
    """
    name = PurePath(path).name.lower()
    for suffix in sorted(ENDINGS, key=len, reverse=True):
        if name.endswith(suffix) and name != suffix:
            return ENDINGS[suffix]
    suffix = PurePath(name).suffix
    if not suffix:
        raise OptionError(
            f"{str(path)!r} has no file ending: end it in one of {', '.join(ENDINGS)}, or name its format (--format)."
        )
    raise UnknownNameError("file ending", suffix, ENDINGS)


def dumps(transcript: Transcript, format_name: str) -> str:
    """Write `transcript` in a format by its name.

    Raises:
        UnknownNameError: no such format.
    """
    if format_name not in names():
        raise UnknownNameError("format", format_name, names())
    text: str = importlib.import_module(f".{format_name}", __package__).dumps(transcript)
    return text


def dumps_cues(cues: Iterable[Cue], format_name: str) -> str:
    """Write readable cues in a subtitle format.

    Raises:
        UnknownNameError: no such subtitle format.
    """
    if format_name not in SUBTITLES:
        raise UnknownNameError("subtitle format", format_name, SUBTITLES)
    text: str = importlib.import_module(f".{format_name}", __package__).dumps_cues(cues)
    return text
