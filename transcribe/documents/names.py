"""Names that a person gave are never written over in silence, in whatever file they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...fusion.document import read_document
from ...fusion.editing.content import called
from ...fusion.errors import OptionError, TranscriptError
from ...fusion.relabel import is_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from ..output import Target

_SHOWN = 5


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


def _held(path: Path, format_name: str) -> tuple[set[str], bool]:
    """The names in a file that is about to be written over, and whether it was edited; none in what cannot be read."""
    from ...fusion.formats.files import read_file
    from ...fusion.formats.reading import speakers_in
    from ...fusion.formats.rttm import read_rttm

    try:
        if format_name == "rttm":
            return {turn.speaker for turn in read_rttm(path) if is_name(turn.speaker)}, False
        if format_name == "whisperx":
            return {speaker for speaker in speakers_in(read_file(path)[1]) if is_name(speaker)}, False
        if format_name == "json":
            document = read_document(path)
            return {speaker for speaker in document.speakers if is_name(speaker)}, bool(document.history)
    except TranscriptError:  # nothing that we, or anybody, could read back
        return set(), False
    return set(), False


def _listed(names: Iterable[str]) -> str:
    shown = sorted(names)
    return ", ".join(shown[:_SHOWN]) + (f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else "")
