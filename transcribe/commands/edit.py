"""`transcribe rename`, `merge`, `reassign`, `text`, `undo`, `forget`: a saved transcript corrected, without models."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ...fusion.errors import TranscriptError
from ...fusion.given import from_shell
from ..inputs.paths import InputPath
from ..screen.terminal import note
from .options import TERMINAL_OPTIONS
from .shape import command

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...fusion.document import Document

DOCUMENT = click.argument("document", type=InputPath(error=TranscriptError))


def speakers(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """For the shell: who speaks in the document that was named; nobody where it cannot be read."""
    from ...fusion.document import read_document
    from ...fusion.errors import DiarfuseError

    try:
        known = read_document(ctx.params["document"]).speakers
    except (DiarfuseError, KeyError, TypeError):
        return []
    return [name for name in known if name.startswith(incomplete)]


def old_names(ctx: click.Context, argument: click.Parameter, incomplete: str) -> list[str]:
    """`speakers`, with the sign that the new name follows."""
    return [f"{name}=" for name in speakers(ctx, argument, incomplete)]


@command(
    (DOCUMENT, click.argument("names", nargs=-1, required=True, metavar="OLD=NEW...", shell_complete=old_names)),
    TERMINAL_OPTIONS,
    epilog='transcribe rename meeting.json SPEAKER_00=Ana SPEAKER_01="Ben K."',
)
def rename(document: Path, names: tuple[str, ...]) -> None:
    """Give speakers names in DOCUMENT (the .json that transcribe wrote), everywhere at once.

    To make one speaker of two, use `transcribe merge`.
    """
    pairs = [_pair(from_shell(name)) for name in names]
    if len(dict(pairs)) < len(pairs):
        raise click.UsageError("One speaker was given two names: give one.")
    _edit(document, lambda before: before.rename(dict(pairs)))


@command(
    (
        DOCUMENT,
        click.argument("keep", shell_complete=speakers),
        click.argument("others", nargs=-1, required=True, shell_complete=speakers),
    ),
    TERMINAL_OPTIONS,
    epilog="transcribe merge meeting.json SPEAKER_02 SPEAKER_04",
)
def merge(document: Path, keep: str, others: tuple[str, ...]) -> None:
    """Make one speaker of several in DOCUMENT; KEEP is the name that stays."""
    _edit(document, lambda before: before.merge(*map(from_shell, (keep, *others))))


@command(
    (DOCUMENT, click.argument("where"), click.argument("speaker", shell_complete=speakers)),
    TERMINAL_OPTIONS,
    epilog="transcribe reassign meeting.json 00:12:03-00:12:09 Ana",
)
def reassign(document: Path, where: str, speaker: str) -> None:
    """Give words in DOCUMENT to SPEAKER, who may be new, or to `nobody`.

    WHERE is a stretch of time such as 00:12:03-00:12:09.5, or numbers of words
    such as 120-131, as `transcribe review` shows them.
    """
    _edit(document, lambda before: before.reassign(where, from_shell(speaker)))


@command(
    (
        DOCUMENT,
        click.argument("when", required=False),
        click.argument("new", required=False, metavar="TEXT"),
        click.option("--find", metavar="TEXT", help="Instead of one sentence: wherever somebody says this,"),
        click.option("--replace", metavar="TEXT", help="say that."),
    ),
    TERMINAL_OPTIONS,
    epilog="""\b
Examples:
  transcribe text meeting.json 00:12:03 "the corrected sentence"
  transcribe text meeting.json --find Jon --replace John
""",
)
def text(document: Path, when: str | None, new: str | None, find: str | None, replace: str | None) -> None:
    """Correct the sentence that is said in DOCUMENT at the time WHEN, such as 00:12:03.

    Words that stay keep their times, new ones get estimated times. An empty
    TEXT takes the sentence out.
    """
    if find is not None and replace is not None and when is None:
        _edit(document, lambda before: before.replace_text(from_shell(find), from_shell(replace)))
    elif when is not None and new is not None and find is None and replace is None:
        _edit(document, lambda before: before.text(when, from_shell(new)))
    else:
        raise click.UsageError("Give either a time and the sentence's new text, or --find and --replace.")


@command((DOCUMENT,), TERMINAL_OPTIONS, epilog="transcribe undo meeting.json")
def undo(document: Path) -> None:
    """Undo the last edit of DOCUMENT; run it again for the one before."""
    from ..documents.editing import edit

    undone: list[str] = []

    def change(before: Document) -> Document:
        after = before.undo()
        undone.append(before.history[-1].operation.told())
        return after

    after = edit(document, change)
    note(f"{document}: undone: {undone[-1]} (edits left: {len(after.history)})")


@command((DOCUMENT,), TERMINAL_OPTIONS, epilog="transcribe forget meeting.json")
def forget(document: Path) -> None:
    """Empty the history of DOCUMENT: earlier names and texts are gone, and nothing can be undone."""
    from ..documents.editing import edit

    edit(document, lambda before: before.forget())
    note(f"{document}: the history is empty.")


def _edit(path: Path, change: Callable[[Document], Document]) -> None:
    """Edit, and say what was done."""
    from ..documents.editing import edit

    after = edit(path, change)
    note(f"{path}: {after.history[-1].operation.told()}")


def _pair(text: str) -> tuple[str, str]:
    """``SPEAKER_00=Ana`` in two; a name may hold further signs of equality."""
    old, equals, new = text.partition("=")
    if not equals:
        raise click.BadParameter(f"{text!r} must look like OLD=NEW, as in SPEAKER_00=Ana.", param_hint="'OLD=NEW'")
    return old.strip(), new
