"""`transcribe open`: listen, name, correct and export in the browser; or choose there what is transcribed."""

from __future__ import annotations

import contextlib
import webbrowser
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ...fusion.errors import TranscriptError
from ..inputs.paths import InputPath
from ..screen.interrupt import take_for_ctrl_c
from ..screen.terminal import note, reporter
from .numbers import WholeRange
from .options import TERMINAL_OPTIONS
from .shape import command

if TYPE_CHECKING:
    from ...fusion.types import Note
    from ..documents.opening.server import SiteServer

_OF_TERMINALS = frozenset(("www-browser", "links", "elinks", "lynx", "w3m"))
"""Browsers that would take this very terminal, and know no scripts."""

OPEN_OPTIONS = (
    click.option(
        "--audio",
        type=InputPath(),
        metavar="FILE",
        help="The recording, or a copy of it in another format. [default: the file that DOCUMENT names, beside it]",
    ),
    click.option("--no-browser", is_flag=True, help="Only print the address."),
    click.option(
        "--port",
        type=WholeRange(0, 65535),
        default=0,
        metavar="N",
        help="Port to listen on, of this machine only. [default: any that is free]",
    ),
)


WHAT = click.argument(
    "document", type=InputPath("either", TranscriptError), required=False, default=".", metavar="[DOCUMENT|FOLDER]"
)


@command((WHAT,), OPEN_OPTIONS, TERMINAL_OPTIONS, name="open", epilog="transcribe open meeting.json\ntranscribe open")
def open_(document: Path, audio: Path | None, port: int, *, no_browser: bool) -> None:
    """Listen to, name, correct and export DOCUMENT (the .json that transcribe wrote) in the browser.

    Every edit is saved into the file at once and can be undone, there and with
    `transcribe undo`. Only this machine's browser is served, at an address that
    nobody can guess, and nothing is sent anywhere. It ends when the page is
    closed, or with Ctrl-C.

    Of a FOLDER, by default this one, the page lists the recordings and
    transcripts: a button has a recording transcribed, with its speakers, and
    what is dropped on the page is copied into the folder.
    """
    screen = reporter(bar=False)
    server = _folder(document, audio, port) if document.is_dir() else _document(document, audio, port, screen.note)

    def show(address: str) -> None:
        tell = screen.last if no_browser else screen.note
        tell(f"{document}: {address} (ends when the page is closed, or with Ctrl-C)")
        if not (no_browser or _shown(address)):
            screen.last(f"No browser could be started: copy {address} into one.")

    with contextlib.suppress(KeyboardInterrupt):
        server.run(show)


def _document(document: Path, audio: Path | None, port: int, tell: Note) -> SiteServer:
    from ..batch.finding import AUDIO
    from ..documents.opening.editor import Editor
    from ..documents.opening.server import PageServer
    from ..documents.opening.shown import Shown, sound_of

    if document.suffix.lower() in AUDIO:
        raise TranscriptError(f"{document} is a recording: open its folder to have it transcribed there.")

    def tell_of(recording: str) -> None:
        tell(f"{recording}: not the very bytes that {document} was made from, so its times may differ.")

    editor = Editor(document)
    return PageServer(Shown(editor, sound_of(editor, audio, tell_of)), port)


def _folder(folder: Path, audio: Path | None, port: int) -> SiteServer:
    from ..documents.desk.handler import DeskHandler
    from ..documents.desk.site import LIVE, OPTIONS, Desk
    from ..documents.desk.work import Work
    from ..documents.opening.server import SiteServer

    if audio is not None:
        raise click.UsageError("--audio is for a DOCUMENT, and a folder was given: leave it out.")
    take_for_ctrl_c()
    desk = Desk(folder.resolve(), Work(), note, OPTIONS if _is_remote() else (*OPTIONS, LIVE))
    desk.told()  # a folder that cannot be read is told at once
    return SiteServer(desk, partial(DeskHandler, desk), port)


def _is_remote() -> bool:
    """Whether the settings have a server do the work, which tells the words at the end."""
    from ..cli import all_commands
    from .run import run
    from .settings import read_files, settings

    return settings("run", run, read_files(all_commands))["remote"].value is not None


def _shown(address: str) -> bool:
    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        return False
    return getattr(browser, "name", "") not in _OF_TERMINALS and browser.open(address)
