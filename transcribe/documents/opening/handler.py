"""What the page asks for, and nobody else: one address with a token, this host, this origin."""

from __future__ import annotations

import hmac
import json
from contextlib import suppress
from email.utils import formatdate
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote

from ....exporters import html
from ....fusion.errors import DiarfuseError, OptionError
from ....fusion.records import DamagedError
from .editor import StaleError
from .ranges import parse_range
from .shown import hosts

if TYPE_CHECKING:
    from collections.abc import Callable

    from ....fusion.records import Json
    from .shown import Shown

MOST = 2**20
"""Bytes of an edit."""
_CHUNK = 2**16
_LOOK = 0.5
"""Seconds between two looks whether the program is ending."""
_NOTHING = "There is nothing at this address."
_SHUT = "default-src 'none'; frame-ancestors 'none'"
_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class _Refused(Exception):  # noqa: N818 - an answer, not a failure of ours
    """An answer other than what was asked for."""

    def __init__(self, status: HTTPStatus, sentence: str) -> None:
        self.status, self.sentence = status, sentence
        super().__init__(sentence)


class Handler(BaseHTTPRequestHandler):
    """One connection of the browser. shown: what it may ask for; the rest is the server's."""

    protocol_version = "HTTP/1.1"
    timeout = 60  # seconds that a connection may do nothing; a player that is paused asks again

    def __init__(self, shown: Shown, *given: Any) -> None:
        self._shown = shown
        super().__init__(*given)

    def do_GET(self) -> None:
        """The page, its recording, a format; and `alive`, which lasts as long as the page."""
        fixed = {"": self._page, "audio": self._audio, "alive": self._alive}
        self._reply(lambda path: fixed.get(path) or self._exporting(path))

    do_HEAD = do_GET  # noqa: N815 - the name that the base class looks for

    def do_POST(self) -> None:
        """An edit, or its undo."""
        self._reply({"edit": self._edit, "undo": self._undo}.get)

    def version_string(self) -> str:
        """Who answers, without versions."""
        return "diarfuse"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing: addresses hold the token."""

    def _reply(self, route: Callable[[str], Callable[[], None] | None]) -> None:
        try:
            act = route(self._checked_path()) or self._nothing
            act()
        except _Refused as refused:
            self._refuse(refused.status, {"error": refused.sentence})
        except StaleError as error:
            self._refuse(HTTPStatus.PRECONDITION_FAILED, error.state.to_json() | {"error": str(error)})
        except DiarfuseError as error:
            asked = isinstance(error, OptionError | DamagedError)
            status = HTTPStatus.UNPROCESSABLE_ENTITY if asked else HTTPStatus.INTERNAL_SERVER_ERROR
            self._refuse(status, {"error": str(error)})

    def _checked_path(self) -> str:
        """The path below the token.

        A page of another site reaches this port too, by its own name for it (DNS
        rebinding) or across origins: its Host or its Origin gives it away.
        """
        known = hosts(cast("HTTPServer", self.server).server_port)
        if self.headers.get_all("Host", []) not in [[host] for host in known]:
            raise _Refused(HTTPStatus.FORBIDDEN, f"Ask for this page as http://{known[0]}, by no other name.")
        if self.headers.get("Origin", f"http://{self.headers['Host']}") != f"http://{self.headers['Host']}":
            raise _Refused(HTTPStatus.FORBIDDEN, "Only the page itself may ask.")
        _, _, rest = self.path.partition("/")
        token, slash, path = rest.partition("/")
        if not slash or not hmac.compare_digest(token.encode("utf-8", "replace"), self._shown.token.encode()):
            raise _Refused(HTTPStatus.NOT_FOUND, _NOTHING)
        return path.partition("?")[0]

    def _nothing(self) -> None:
        raise _Refused(HTTPStatus.NOT_FOUND, _NOTHING)

    def _page(self) -> None:
        body = html.page(self._shown.told()).encode("utf-8", "replace")
        written = formatdate(self._shown.editor.path.stat().st_mtime, usegmt=True)
        headers = {"Content-Type": "text/html; charset=utf-8", "Last-Modified": written}
        self._send(HTTPStatus.OK, body, headers | {"Content-Security-Policy": "frame-ancestors 'none'"})

    def _audio(self) -> None:
        sound = self._shown.sound
        if sound is None:
            raise _Refused(HTTPStatus.NOT_FOUND, "There is no recording.")
        if sound.path.exists() and not sound.path.is_file():  # a pipe would be waited for
            raise _Refused(HTTPStatus.NOT_FOUND, f"{sound.path.name} cannot be read: it is no regular file.")
        try:
            opened = sound.path.open("rb")
        except OSError as error:
            raise _Refused(HTTPStatus.NOT_FOUND, f"{sound.path.name} cannot be read: {error.strerror}.") from error
        with opened as file:
            size = file.seek(0, 2)
            asked = None if self.headers.get("If-Range") else parse_range(self.headers.get("Range"), size)
            part = range(size) if asked is None else asked
            headers = {"Content-Type": sound.media_type, "Accept-Ranges": "bytes"}
            if asked is not None:
                place = f"{part[0]}-{part[-1]}" if part else "*"
                headers["Content-Range"] = f"bytes {place}/{size}"
            ranged = HTTPStatus.PARTIAL_CONTENT if part else HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
            self._head(HTTPStatus.OK if asked is None else ranged, len(part), headers)
            file.seek(part.start)
            left = 0 if self.command == "HEAD" else len(part)
            while left and (chunk := file.read(min(_CHUNK, left))):
                self.wfile.write(chunk)
                left -= len(chunk)
            self.close_connection |= left > 0  # the file became shorter

    def _exporting(self, path: str) -> Callable[[], None] | None:
        folder, slash, name = path.partition("/")
        return (lambda: self._export(unquote(name))) if folder == "export" and slash else None

    def _export(self, name: str) -> None:
        headers = {"Content-Type": "application/octet-stream", "Content-Disposition": "attachment"}
        self._send(HTTPStatus.OK, self._shown.editor.export(name), headers)

    def _edit(self) -> None:
        seen, row = self._asked()
        self._json(HTTPStatus.OK, self._shown.editor.edit(row, seen))

    def _undo(self) -> None:
        seen, _ = self._asked()
        self._json(HTTPStatus.OK, self._shown.editor.undo(seen))

    def _asked(self) -> tuple[str, Any]:
        """The state that the page has seen, and what it sends."""
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()):
            raise _Refused(HTTPStatus.LENGTH_REQUIRED, "Tell the length of the edit.")
        if len(length) > len(str(MOST)) or int(length) > MOST:
            raise _Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"An edit has {MOST} bytes at most.")
        if self.headers.get_content_type() != "application/json":
            raise _Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "An edit is JSON.")
        seen = self.headers.get("If-Match")
        if seen is None:
            raise _Refused(HTTPStatus.PRECONDITION_REQUIRED, "Tell which state of the file you edit (If-Match).")
        try:
            return seen, json.loads(self.rfile.read(int(length)))
        except (ValueError, RecursionError):
            raise _Refused(HTTPStatus.BAD_REQUEST, "That is no JSON.") from None

    def _alive(self) -> None:
        """Hold the connection until the page, or the program, ends."""
        self.close_connection = True
        with self._shown.presence.page():
            self._head(HTTPStatus.OK, None, {"Content-Type": "text/plain"})
            self.connection.settimeout(_LOOK)  # not select, which knows no handle from 1024 on
            while self.command == "GET" and not self._shown.ending.is_set():
                with suppress(TimeoutError):
                    if not self.connection.recv(_CHUNK):
                        return

    def _refuse(self, status: HTTPStatus, told: Json) -> None:
        self.close_connection = True  # what it sent may not have been read
        self._json(status, told)

    def _json(self, status: HTTPStatus, told: Json) -> None:
        self._send(status, json.dumps(told).encode(), {"Content-Type": "application/json"})

    def _send(self, status: HTTPStatus, body: bytes, headers: dict[str, str]) -> None:
        self._head(status, len(body), headers)
        if self.command != "HEAD":
            self.wfile.write(body)

    def _head(self, status: HTTPStatus, length: int | None, headers: dict[str, str]) -> None:
        """`length` None: until the connection closes."""
        self.send_response(status)
        sizes = {} if length is None else {"Content-Length": str(length)}
        closing = {"Connection": "close"} if self.close_connection else {}
        for key, value in ({"Content-Security-Policy": _SHUT} | _HEADERS | sizes | closing | headers).items():
            self.send_header(key, value)
        self.end_headers()
