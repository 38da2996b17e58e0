"""What the folder's page asks for: itself, the list, to begin, to stop, to take a recording in, to open one."""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from ....exporters import html
from ..opening.answering import Answering

if TYPE_CHECKING:
    from collections.abc import Callable

    from .site import Desk

LARGEST = 2**36
"""Bytes of a recording."""
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


def _source(name: str) -> str:
    return (files(__package__) / "page" / name).read_text(encoding="utf-8")


_PAGE = {
    "": ("text/html", partial(_source, "desk.html")),
    "page.css": ("text/css", partial(html.source, "page.css")),
    "desk.css": ("text/css", partial(_source, "desk.css")),
    "alive.js": ("text/javascript", partial(html.source, "alive.js")),
    "desk.js": ("text/javascript", partial(_source, "desk.js")),
}
"""The page and its parts."""


class DeskHandler(Answering):
    """One connection of the browser. desk: what it may ask for; the rest is the server's."""

    def __init__(self, desk: Desk, *given: Any) -> None:
        self._desk = desk
        super().__init__(desk, *given)

    def do_GET(self) -> None:  # noqa: N802 - the name that the base class looks for
        """The page and its parts; the list; a transcript's page; and `alive`, which lasts as long as the page."""
        fixed = {"list": self._list, "alive": self.alive}
        self.reply(lambda path: fixed.get(path) or self._part(path) or self._under(path, "open", self._open))

    do_HEAD = do_GET  # noqa: N815 - the same

    def do_POST(self) -> None:  # noqa: N802 - the same
        """To begin, to stop, or to take a recording in."""
        desk = self._desk
        fixed = {
            "start": lambda: self.json(HTTPStatus.OK, desk.start(self.sent())),
            "stop": lambda: self.json(HTTPStatus.OK, desk.stop(self.sent())),
        }
        self.reply(lambda path: fixed.get(path) or self._under(path, "add", self._add))

    def _part(self, path: str) -> Callable[[], None] | None:
        return partial(self._send_text, *_PAGE[path]) if path in _PAGE else None

    def _list(self) -> None:
        self.json(HTTPStatus.OK, self._desk.told())

    def _under(self, path: str, folder: str, act: Callable[[str], None]) -> Callable[[], None] | None:
        found, slash, name = path.partition("/")
        return partial(act, unquote(name, errors="surrogateescape")) if found == folder and slash else None

    def _open(self, name: str) -> None:
        self.send(HTTPStatus.SEE_OTHER, b"", {"Location": self._desk.page_of(name)})

    def _add(self, name: str) -> None:
        self.json(HTTPStatus.OK, self._desk.add(name, self.length(LARGEST), self.rfile))

    def _send_text(self, kind: str, text: Callable[[], str]) -> None:
        headers = {"Content-Type": f"{kind}; charset=utf-8", "Content-Security-Policy": _POLICY}
        self.send(HTTPStatus.OK, text().encode(), headers)
