"""Names that a person gave are never written over in silence, in whatever file they stand."""

from __future__ import annotations

import html
import re
import zipfile
from typing import TYPE_CHECKING

from ...exporters.registry import exporter
from ...fusion.document import read_document
from ...fusion.editing.content import called
from ...fusion.errors import OptionError, OutputError, TranscriptError
from ...fusion.relabel import is_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from ...fusion.document import Document
    from ..output import Target

_SHOWN = 5
_MOST = 1 << 25
"""Bytes of a file that are looked at: a page may hold its recording."""
_READ = frozenset(("srt", "vtt", "whisperx", "verbose_json", "diarized_json"))
"""Formats that are read as words of others are; of the others their exporters know where the speakers stand."""


def check_outputs(targets: Iterable[Target], *, replace: bool, named: bool = False) -> None:
    """Refuse to write over files in which somebody named speakers or made edits.

    Args:
        targets: where results go.
        replace: the user knows.
        named: this call gives names itself, so that only edits would be lost.

    Raises:
        OptionError: a file holds names or edits.
    """
    for target in targets:
        if replace or target.path is None or not target.path.is_file():
            continue
        names, edits = _held(target.path, target.format)
        if edits or (names and not named):
            what = f"names speakers ({_listed(names)})" if names else "was edited"
            raise OptionError(
                f"{target.path} {what}: write elsewhere (-o), or give --replace; "
                "transcribe redo hears a recording again and keeps names and edits."
            )


def check_words(path: Path, names: Iterable[str], turns: Collection[str], *, replace: bool) -> None:
    """Refuse to put other speakers in the place of names that the words have.

    Args:
        path: of the words.
        names: the speakers that they have.
        turns: the speakers that they will have, as far as is known.
        replace: the user knows.

    Raises:
        OptionError: a name would be lost.
    """
    lost = {name for name in names if is_name(name) and called(name, turns) is None}
    if lost and not replace:
        raise OptionError(
            f"{path} names its speakers already ({_listed(lost)}): give --replace to put others in their place."
        )


def check_edits(targets: Iterable[Target], document: Document, *, replace: bool) -> None:
    """Refuse to write `document` over one that holds edits which `document` does not have.

    Raises:
        OutputError: a file does.
    """
    for target in targets:
        if replace or target.path is None or target.format != "json" or not target.path.is_file():
            continue
        try:
            history = read_document(target.path).history
        except TranscriptError:  # nothing that we, or anybody, could read back
            continue
        if history != document.history[: len(history)]:
            raise OutputError(f"{target.path} was edited otherwise: write elsewhere (-o), or give --replace.")


def _held(path: Path, format_name: str) -> tuple[set[str], bool]:
    """The names in a file that is about to be written over, and whether it was edited; none in what cannot be read."""
    try:
        if format_name == "json":
            document = read_document(path)
            return set(filter(is_name, document.speakers)), bool(document.history)
        return set(filter(is_name, _speakers(path, format_name))), False
    except (TranscriptError, OSError, zipfile.BadZipFile, KeyError):  # nothing that we, or anybody, could read back
        return set(), False


def _speakers(path: Path, format_name: str) -> Iterable[str]:
    """Who speaks in a file of a format; nobody in one that names none, or does not tell where."""
    if format_name == "rttm":
        from ...fusion.formats.rttm import read_rttm

        return [turn.speaker for turn in read_rttm(path)]
    if format_name in _READ:
        from ...fusion.formats.files import read_file
        from ...fusion.formats.reading import speakers_in

        return speakers_in(read_file(path)[1])
    pattern = getattr(exporter(format_name), "SPEAKERS", None)
    if pattern is None:
        return ()
    try:
        found = re.findall(pattern, _text(path, format_name), re.MULTILINE)
    except (re.error, TypeError) as error:
        raise OptionError(
            f"The format {format_name!r} tells in no pattern where its files have speakers ({error}): "
            "update the package that brings it, or give --replace."
        ) from error
    return {html.unescape(name).strip() for name in found if name.strip()}


def _text(path: Path, format_name: str) -> str:
    if format_name != "docx":
        with path.open("rb") as file:
            return file.read(_MOST).decode("utf-8", "replace")
    with zipfile.ZipFile(path) as parts, parts.open("word/document.xml") as file:
        return file.read(_MOST).decode("utf-8", "replace")


def _listed(names: Iterable[str]) -> str:
    shown = sorted(names)
    return ", ".join(shown[:_SHOWN]) + (f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else "")
