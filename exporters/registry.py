"""Which exporter writes which file: by format name, or by the ending of the file.

A format of ours is a file of this folder; its name is the file's, and what else
there is to know stands in it (see `Exporter`). Another package adds one with an
entry point in the group ``diarfuse.exporters`` that leads to such a module::

    [project.entry-points."diarfuse.exporters"]
    my-format = "my_package.my_format"

Exporters are imported when asked for, so that listing our own costs nothing.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias, cast

from ..fusion.errors import OptionError, UnknownNameError
from ..fusion.text import without_steering
from .style import DEFAULT, Style

if TYPE_CHECKING:
    import os

    from ..fusion.document import Document

GROUP = "diarfuse.exporters"
Needs: TypeAlias = Literal["words", "turns", "anything"]

_HELPERS = {
    "colours",
    "frames",
    "lines",
    "marks",
    "nist",
    "openai",
    "picture",
    "registry",
    "style",
    "templates",
    "word_templates",
    "tiers",
}
BUILTIN = tuple(
    module.name
    for module in pkgutil.iter_modules([str(Path(__file__).parent)])
    if not module.ispkg and module.name not in _HELPERS
)
"""The formats of this folder."""


class Exporter(Protocol):
    """A format: a module with three constants and `dumps`.

    ENDING: of its files, such as ``".srt"``; the longest that fits a file decides. NEEDS: what a document must hold.
    ABOUT: the format in one line, for lists. One that needs what is not always installed has a function ``require()``
    besides, which raises `MissingExtraError` where it is missing; it is called before the long work. One whose files
    have speakers in them tells where, so that names which somebody gave are not written over in silence: ``SPEAKERS``
    is a pattern (of lines, in a docx of its text's XML) whose group is a name.
    """

    ENDING: str
    NEEDS: Needs
    ABOUT: str

    def dumps(self, document: Document, style: Style, /) -> str | bytes:
        """The file's content; text is written as UTF-8."""
        ...


def names() -> tuple[str, ...]:
    """Every format: ours, and those of installed packages, each sorted."""
    return (*BUILTIN, *sorted(set(_foreign()) - set(BUILTIN)))


def exporter(format_name: str) -> Exporter:
    """The format of that name.

    Raises:
        UnknownNameError: no such format.
        OptionError: another package brings it, and it is none.
    """
    if format_name in BUILTIN:
        return cast("Exporter", importlib.import_module(f".{format_name}", __package__))
    foreign = _foreign()
    if format_name not in foreign:
        raise UnknownNameError("format", format_name, names())
    try:
        found = foreign[format_name].load()
        _ = found.ENDING, found.NEEDS, found.ABOUT, found.dumps
    except Exception as error:
        home = foreign[format_name].value.partition(":")[0]
        raise OptionError(
            f"The format {format_name!r} that {home} brings cannot be used ({error}): update that package."
        ) from error
    return cast("Exporter", found)


def ending(format_name: str) -> str:
    """The file ending of a format: ``"whisperx"`` -> ``".whisperx.json"``.

    Raises:
        UnknownNameError: no such format.
    """
    return exporter(format_name).ENDING


def require(format_name: str) -> None:
    """See that what the format is written with is installed.

    Raises:
        UnknownNameError: no such format.
        MissingExtraError: it is not.
    """
    getattr(exporter(format_name), "require", lambda: None)()


def of_turns() -> tuple[str, ...]:
    """The formats that can do without words."""
    return tuple(name for name, found in _usable().items() if found.NEEDS != "words")


def empty(document: Document, format_name: str) -> str:
    """Why the document can only be empty in a format, in a few words; nothing where it is not.

    Raises:
        UnknownNameError: no such format.
    """
    if exporter(format_name).NEEDS != "words" or not document.turns or document.transcript.segments:
        return ""
    return f"holds turns and no words, so {format_name} is empty: use rttm or json"


_INSTEAD = {
    ".pdf": "write .html or .docx, and print that",
    ".doc .odt .rtf .pages": "write .docx, which word processors open",
    ".xls .xlsx .ods .numbers": "write .csv, which spreadsheets open",
    ".sbv .sub .ttml .dfxp .itt .scc .stl .lrc": "write .srt or .vtt, which editors of subtitles turn into others",
}
"""Endings of files that people expect, and what serves them."""


def format_of(path: str | os.PathLike[str]) -> str:
    """The format that a file's ending asks for; case does not matter.

    Raises:
        UnknownNameError: the ending belongs to no format.
        OptionError: there is no ending, or one of another program's files, with what to write instead.
    """
    endings = {found.ENDING.lower(): format_name for format_name, found in reversed(_usable().items())}  # ours win
    name = PurePath(path).name.lower()
    for suffix in sorted(endings, key=len, reverse=True):
        if name.endswith(suffix) and name != suffix:
            return endings[suffix]
    suffix = PurePath(name).suffix
    if not suffix:
        known = ", ".join(sorted(endings))
        raise OptionError(f"{str(path)!r} has no file ending: end it in one of {known}, or name its format (--format).")
    for others, instead in _INSTEAD.items():
        if suffix in others.split():
            raise OptionError(f"{str(path)!r}: files that end in {suffix} are not written here: {instead}.")
    raise UnknownNameError("file ending", suffix, sorted(endings))


def dumps(document: Document, format_name: str, style: Style = DEFAULT) -> str | bytes:
    """Write `document` in a format by its name.

    Raises:
        UnknownNameError: no such format.
        OptionError: the format is made of turns, and there are none to write; it is no document.
    """
    found = exporter(format_name)
    if not hasattr(document, "transcript"):
        raise OptionError(f"A {type(document).__name__} is no document: give Document(transcript, diarization).")
    if found.NEEDS == "turns" and document.diarization is None and not document.turns:
        raise OptionError(f"{format_name} holds speaker turns, and {document.name} has none: choose another format.")
    content = found.dumps(document, style)
    return content if isinstance(content, bytes) else without_steering(content)


def _usable() -> dict[str, Exporter]:
    """Every format that can be used; a damaged one of another package is told of when it is named."""
    found = {}
    for name in names():
        try:
            found[name] = exporter(name)
        except OptionError:
            if name in BUILTIN:
                raise
    return found


def _foreign() -> Mapping[str, EntryPoint]:
    return _installed(tuple(sys.path))


@cache
def _installed(path: tuple[str, ...]) -> Mapping[str, EntryPoint]:
    """What packages on Python's path bring; to look takes milliseconds, and every run asks several times."""
    del path  # which is looked at by itself
    return {point.name: point for point in entry_points(group=GROUP)}
