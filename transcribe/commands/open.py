"""`transcribe open DOCUMENT`: listen, name, correct and export in the browser; saved into the file."""

from __future__ import annotations

import contextlib
import webbrowser
from pathlib import Path

import click

from ..inputs.paths import InputPath
from ..screen.terminal import reporter
from .edit import DOCUMENT
from .numbers import WholeRange
from .options import TERMINAL_OPTIONS
from .shape import command

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


@command((DOCUMENT,), OPEN_OPTIONS, TERMINAL_OPTIONS, name="open", epilog="transcribe open meeting.json")
def open_(document: Path, audio: Path | None, port: int, *, no_browser: bool) -> None:
    """Listen to, name, correct and export DOCUMENT (the .json that transcribe wrote) in the browser.

    Every edit is saved into the file at once and can be undone, there and with
    `transcribe undo`. Only this machine's browser is served, at an address that
    nobody can guess, and nothing is sent anywhere. It ends when the page is
    closed, or with Ctrl-C.
    """
    from ..documents.opening.editor import Editor
    from ..documents.opening.server import PageServer
    from ..documents.opening.shown import Shown, sound_of

    screen, editor = reporter(bar=False), Editor(document)
    sound = sound_of(editor, audio)
    if sound is not None and sound.other:
        screen.note(f"{sound.path} is not the very file that {document} was made from: its times may differ.")
    server = PageServer(Shown(editor, sound), port)

    def show(address: str) -> None:
        tell = screen.last if no_browser else screen.note
        tell(f"{document}: {address} (ends when the page is closed, or with Ctrl-C)")
        if not (no_browser or _shown(address)):
            screen.last(f"No browser could be started: copy {address} into one.")

    with contextlib.suppress(KeyboardInterrupt):
        server.run(show)


def _shown(address: str) -> bool:
    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        return False
    return getattr(browser, "name", "") not in _OF_TERMINALS and browser.open(address)
