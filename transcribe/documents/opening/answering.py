"""Who may ask: this machine's own browser, at an address with a token, this host, this origin; and what it is told."""

from __future__ import annotations

import hmac
import json
import secrets
import socket
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any, Protocol, cast

from ....fusion.errors import DiarfuseError, OptionError
from ....fusion.records import DamagedError

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from ....fusion.records import Json
    from .presence import Presence

LOOPBACK = "127.0.0.1"
MOST = 2**20
"""Bytes of what a page sends as JSON."""
CHUNK = 2**16
_TOKEN = 24
"""Random bytes in the address."""
_LOOK = 0.5
"""Seconds between two looks whether the program is ending."""
_LINGER = 2.0
"""Seconds that whoever was refused may be silent before the connection is closed."""
_NOTHING = "There is nothing at this address."
_SHUT = "default-src 'none'; frame-ancestors 'none'"
_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Site(Protocol):
    """What is served."""

    @property
    def token(self) -> str:
        """What its address holds."""
        ...

    @property
    def presence(self) -> Presence:
        """Whether its pages are open."""
        ...

    @property
    def ending(self) -> threading.Event:
        """Set when the program ends."""
        ...

    def wait(self) -> None:
        """Until nobody needs it any more."""
        ...

    def finish(self) -> None:
        """Wait for what must not be cut off."""
        ...


def new_token() -> str:
    """What nobody can guess."""
    return secrets.token_urlsafe(_TOKEN)


def hosts(port: int) -> tuple[str, ...]:
    """The names by which a browser may ask at a port, as its Host header has them."""
    ending = "" if port == 80 else f":{port}"  # noqa: PLR2004 - which browsers leave out
    return f"{LOOPBACK}{ending}", f"localhost{ending}"


class Refused(Exception):  # noqa: N818 - an answer, not a failure of ours
    """An answer other than what was asked for."""

    def __init__(self, status: HTTPStatus, sentence: str) -> None:
        self.status, self.sentence = status, sentence
        super().__init__(sentence)


class Answering(BaseHTTPRequestHandler):
    """One connection of the browser. site: what it may ask for; the rest is the server's."""

    protocol_version = "HTTP/1.1"
    timeout = 60  # seconds that a connection may do nothing; a player that is paused asks again

    def __init__(self, site: Site, *given: Any) -> None:
        self._site = site
        super().__init__(*given)

    def version_string(self) -> str:
        """Who answers, without versions."""
        return "diarfuse"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing: addresses hold the token."""

    def reply(self, route: Callable[[str], Callable[[], None] | None]) -> None:
        """Answer with what `route` gives for the path below the token; None is nothing."""
        try:
            act = route(self._checked_path()) or self._nothing
            act()
        except Refused as refused:
            self._refuse(refused.status, {"error": refused.sentence})
        except DiarfuseError as error:
            self._refuse(*self.told(error))

    def told(self, error: DiarfuseError) -> tuple[HTTPStatus, Json]:
        """The answer to what cannot be done."""
        asked = isinstance(error, OptionError | DamagedError)
        return HTTPStatus.UNPROCESSABLE_ENTITY if asked else HTTPStatus.INTERNAL_SERVER_ERROR, {"error": str(error)}

    def _checked_path(self) -> str:
        """The path below the token.

        A page of another site reaches this port too, by its own name for it (DNS
        rebinding) or across origins: its Host or its Origin gives it away.
        """
        known = hosts(cast("HTTPServer", self.server).server_port)
        if self.headers.get_all("Host", []) not in [[host] for host in known]:
            raise Refused(HTTPStatus.FORBIDDEN, f"Ask for this page as http://{known[0]}, by no other name.")
        if self.headers.get("Origin", f"http://{self.headers['Host']}") != f"http://{self.headers['Host']}":
            raise Refused(HTTPStatus.FORBIDDEN, "Only the page itself may ask.")
        _, _, rest = self.path.partition("/")
        token, slash, path = rest.partition("/")
        if not slash or not hmac.compare_digest(token.encode("utf-8", "replace"), self._site.token.encode()):
            raise Refused(HTTPStatus.NOT_FOUND, _NOTHING)
        return path.partition("?")[0]

    def _nothing(self) -> None:
        raise Refused(HTTPStatus.NOT_FOUND, _NOTHING)

    def length(self, most: int = MOST) -> int:
        """Bytes of what the page sends, which may be `most`."""
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()) or "Transfer-Encoding" in self.headers:
            raise Refused(HTTPStatus.LENGTH_REQUIRED, "Tell the length of what you send.")
        if len(length) > len(str(most)) or int(length) > most:
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"What is sent has {most} bytes at most.")
        return int(length)

    def sent(self) -> Any:
        """What the page sends, which is JSON."""
        length = self.length()
        if self.headers.get_content_type() != "application/json":
            raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "What is sent is JSON.")
        try:
            return json.loads(self.rfile.read(length))
        except (ValueError, RecursionError):
            raise Refused(HTTPStatus.BAD_REQUEST, "That is no JSON.") from None

    def alive(self) -> None:
        """Hold the connection until the page, or the program, ends."""
        self.close_connection = True
        with self._site.presence.page():
            self.head(HTTPStatus.OK, None, {"Content-Type": "text/plain"})
            self.connection.settimeout(_LOOK)  # not select, which knows no handle from 1024 on
            while self.command == "GET" and not self._site.ending.is_set():
                with suppress(TimeoutError):
                    if not self.connection.recv(CHUNK):
                        return

    def _refuse(self, status: HTTPStatus, told: Json) -> None:
        self.close_connection = True  # what it sent may not have been read
        if self.headers.get("Sec-Fetch-Mode") == "navigate":  # a person reads it, in the place of a page
            text = f"{told['error']}\n".encode("utf-8", "replace")
            self.send(status, text, {"Content-Type": "text/plain; charset=utf-8"})
        else:
            self.json(status, told)
        self._drain()

    def _drain(self) -> None:
        """Drop what is still being sent: a connection that is closed on it is reset, and takes the answer along."""
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(_LINGER)
            while self.connection.recv(CHUNK):
                pass

    def json(self, status: HTTPStatus, told: Json) -> None:
        """Answer with JSON."""
        self.send(status, json.dumps(told).encode(), {"Content-Type": "application/json"})

    def send(self, status: HTTPStatus, body: bytes, headers: dict[str, str]) -> None:
        """Answer with `body`."""
        self.head(status, len(body), headers)
        if self.command != "HEAD":
            self.wfile.write(body)

    def head(self, status: HTTPStatus, length: int | None, headers: dict[str, str]) -> None:
        """Begin an answer; `length` None: until the connection closes."""
        self.send_response(status)
        sizes = {} if length is None else {"Content-Length": str(length)}
        closing = {"Connection": "close"} if self.close_connection else {}
        for key, value in ({"Content-Security-Policy": _SHUT} | _HEADERS | sizes | closing | headers).items():
            self.send_header(key, value)
        self.end_headers()
