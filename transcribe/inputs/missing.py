"""Recordings that are not there, and what was probably meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...fusion.audio.separate import files_of
from ...fusion.errors import AudioError, AudioNotFoundError
from ...fusion.given import only_address
from .paths import CHECK, DASH, check_of, problem_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ...fusion.audio import SeparateFiles


def check_any(audio: Sequence[Path | SeparateFiles]) -> None:
    """Where no recording is there at all, say so before any model is loaded.

    Raises:
        AudioError: what is wrong with the first.
    """
    if all(source != DASH and _problem(source) is not None for source in audio):
        check_file(audio[0])


def check_file(source: Path | SeparateFiles) -> None:
    """Refuse a recording that cannot be read; of separate files each has to be there.

    Raises:
        AudioError: what is wrong with it, and what was meant.
    """
    problem = _problem(source)
    if problem is not None:
        raise problem


def _problem(source: Path | SeparateFiles) -> AudioError | None:
    """What is wrong with the first file that has a problem."""
    return next(filter(None, map(_problem_of, files_of(source))), None)


def _problem_of(path: Path) -> AudioError | None:
    problem = problem_of(path)
    return _missing(path) if isinstance(problem, AudioNotFoundError) and not path.is_symlink() else problem


def _missing(path: Path) -> AudioNotFoundError:
    if (told := only_address(path)) is not None:
        return AudioNotFoundError(told)
    check = check_of(path)
    return AudioNotFoundError(f"There is no file {str(path)!r}: {check}{_meant(path) if check == CHECK else ''}.")


def _meant(path: Path) -> str:
    """The file or the command that was probably meant."""
    import difflib

    from ..cli import COMMANDS

    beside = [file.name for file in path.parent.iterdir()] if path.parent.is_dir() else []
    if near := difflib.get_close_matches(path.name, beside, n=1):
        return f", or did you mean {str(path.with_name(near[0]))!r}"
    if near := difflib.get_close_matches(str(path), COMMANDS, n=1):
        return f", or did you mean the command {near[0]!r}"
    return ""
