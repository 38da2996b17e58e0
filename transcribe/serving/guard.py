"""The door: who may ask at all, and one log line an answer. Plain ASGI, so that it sees every request."""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from ...fusion.errors import OptionError
from .limits import Bucket, Limits
from .log import Metrics, Stopwatch, event

REALTIME, LISTEN, PAGE = "/v1/realtime", "/v1/listen", "/live"
OPEN_PATHS = ("/healthz",)
ROUTES = ("/v1/audio/transcriptions", REALTIME, LISTEN, "/v1/models", "/healthz", "/metrics", PAGE)
PRINTABLE = re.compile("[ -~]+")
DELAY = 1.0
"""Seconds until the answer to a wrong token, once there were many."""
MOST_DELAYED = 32
"""So many answers may wait for that at once; a connection held open has its price too."""
ERROR_KINDS = {401: "authentication_error", 403: "permission_error", 404: "not_found_error", 429: "rate_limit_error"}


def check_listen(host: str, token: str | None, *, page: bool = False) -> None:
    """Refuse to listen where others can reach us without a token, and to show the `page` to others at all.

    Raises:
        OptionError: `host` is not this machine alone and there is no token, or
            the token is short enough to be guessed, or none that a header can hold.
    """
    if page and (token is not None or not is_loopback(host)):
        raise OptionError(
            "--live-page is for who sits at this machine: leave --host, --token-file and the token's variable out."
        )
    if token is not None and not PRINTABLE.fullmatch(token):
        raise OptionError(
            "The token holds a line break or another character that is not printable ASCII, which no client can send: "
            "make one with `openssl rand -hex 32`."
        )
    if token is not None and len(token) < 16:  # noqa: PLR2004
        raise OptionError("The token is shorter than 16 characters: make one with `openssl rand -hex 32`.")
    if token is None and not is_loopback(host):
        raise OptionError(
            f"Listening on {host} lets others use this server: set a token with --token-file, or listen on 127.0.0.1."
        )


def is_loopback(host: str) -> bool:
    """Whether `host` can be reached from this machine only; a name other than localhost counts as not."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def error_response(status: int, message: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """An error in OpenAI's shape."""
    kind = ERROR_KINDS.get(status, "server_error" if status >= 500 else "invalid_request_error")  # noqa: PLR2004
    body = {"error": {"message": message, "type": kind, "param": None, "code": None}}
    return JSONResponse(body, status, headers)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is turned away at the door."""

    status: int
    message: str
    headers: Mapping[str, str] | None = None


class Guard:
    """ASGI middleware: token, origin, host, declared size, then the app; counts and logs each answer.

    What anybody can have without a token, refusals and ``/healthz``, is logged once in a while only, and wrong tokens
    are answered slowly once there were many: neither fills a disk or is worth the guessing. The counters of
    ``/metrics`` miss nothing.

    drain: told when the server is to end. page: whether the server's own page may open live sessions.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        token: str | None,
        limits: Limits,
        metrics: Metrics,
        drain: Callable[[], None],
        page: bool = False,
    ) -> None:
        self._app = app
        self.drain, self._page = drain, page
        self._token = token.encode() if token else None
        self._limits = limits
        self._metrics = metrics
        self._guesses = Bucket(burst=10, per_second=1)
        self._delayed = 0
        self._lines = Bucket(burst=20, per_second=0.2)
        self._unlogged = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (or pass the server's lifespan on)."""
        if scope["type"] == "websocket":
            await self._connect(scope, receive, send)
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        clock, status = Stopwatch(), 0

        async def note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        refusal = self._refusal(scope)
        if refusal is not None and refusal.status == 401:  # noqa: PLR2004
            refusal = await self._slowed(refusal)
        app = self._app if refusal is None else error_response(refusal.status, refusal.message, refusal.headers)
        try:
            await app(scope, receive, note)
        finally:
            if refusal is not None or scope["path"] in OPEN_PATHS:
                self._report_rarely(scope, status, clock.seconds())
            else:
                self._report(scope, status, clock.seconds())

    async def _connect(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A WebSocket: refused before it is accepted, with the status that a request would get."""
        refusal = self._refusal(scope)
        if refusal is None and scope["path"] not in (REALTIME, LISTEN):
            refusal = Refusal(404, f"WebSockets are served at {REALTIME} and {LISTEN} only.")
        if refusal is None:
            await self._app(scope, receive, send)
            return
        if refusal.status == 401:  # noqa: PLR2004
            refusal = await self._slowed(refusal)
        await WebSocket(scope, receive, send).send_denial_response(
            error_response(refusal.status, refusal.message, refusal.headers)
        )
        self._report_rarely({**scope, "method": "GET"}, refusal.status, 0.0)

    async def _slowed(self, refusal: Refusal) -> Refusal:
        """A wrong token's answer: at once in a burst, then after a second, and 429 where too many wait for that."""
        if self._guesses.take():
            return refusal
        if self._delayed >= MOST_DELAYED:
            return Refusal(429, "Too many requests had a wrong token: try again later.", {"retry-after": "10"})
        self._delayed += 1
        try:
            await asyncio.sleep(DELAY)
        finally:
            self._delayed -= 1
        return refusal

    def _refusal(self, scope: Scope) -> Refusal | None:
        # uvicorn bounds only what comes in pieces; what one read brings is complete before it is measured.
        if sum(len(name) + len(value) for name, value in scope["headers"]) > self._limits.max_header_bytes:
            return Refusal(431, "The request's headers are too large: send fewer.")
        headers = Headers(scope=scope)
        if self._token is None:
            own = self._page and (scope["type"] == "websocket" or scope["path"].startswith(PAGE))
            return _browser(headers, own=own) or self._unusable(headers)
        scheme, _, given = headers.get("authorization", "").encode("latin-1").partition(b" ")
        schemes = (b"bearer", b"token") if scope["path"] == LISTEN else (b"bearer",)  # the second is Deepgram's
        right = hmac.compare_digest(given, self._token) and scheme.lower() in schemes
        if not right and scope["path"] not in OPEN_PATHS:
            return Refusal(401, "The bearer token is missing or wrong: send the header 'Authorization: Bearer TOKEN'.")
        return self._unusable(headers)

    def _unusable(self, headers: Headers) -> Refusal | None:
        if any(form.strip().lower() != "identity" for form in headers.getlist("content-encoding")):
            return Refusal(415, "A compressed request body is refused: send the form as it is.")
        length = headers.get("content-length", "0")
        if not length.isascii() or not length.isdigit() or int(length[:15]) > self._limits.max_body:
            mebibytes = self._limits.max_body / (1 << 20)
            return Refusal(
                413, f"The request is larger than {mebibytes:g} MiB: send compressed audio or shorter parts."
            )
        return None

    def _report(self, scope: Scope, status: int, seconds: float, **more: str | float | None) -> None:
        route = self._counted(scope, status)
        event("request", level=logging.INFO, route=route, method=_method(scope), status=status, seconds=seconds, **more)

    def _report_rarely(self, scope: Scope, status: int, seconds: float) -> None:
        if self._lines.take():
            before, self._unlogged = self._unlogged, 0
            self._report(scope, status, seconds, unlogged=before)
        else:
            self._unlogged += 1
            self._counted(scope, status)

    def _counted(self, scope: Scope, status: int) -> str:
        """Count an answer; the route as it may be told: a path is a client's free text."""
        path = scope["path"]
        route = next((known for known in ROUTES if path == known or path.startswith(f"{known}/")), "other")
        self._metrics.add("requests_total", route=route, status=str(status))
        return route


def _method(scope: Scope) -> str:
    """The method as it may be told: it, too, is free text."""
    return scope["method"] if scope["method"] in ("GET", "HEAD", "POST") else "other"


def _browser(headers: Headers, *, own: bool) -> Refusal | None:
    """Without a token, web pages must not use the server of whoever visits them (also not by DNS rebinding).

    own: the page that this very server shows may.
    """
    host, origin = headers.get("host", ""), headers.get("origin")
    name = host[: host.rfind("]") + 1] if host.startswith("[") else host.partition(":")[0]
    foreign = origin is not None and not (own and origin.lower() == f"http://{host.lower()}")
    if foreign or not is_loopback(name):
        return Refusal(403, "Requests from web pages or other hosts need a token: start the server with --token-file.")
    return None
