"""The door: who may ask at all, and one log line an answer. Plain ASGI, so that it sees every request."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ...fusion.errors import OptionError
from .limits import Limits
from .log import Metrics, Stopwatch, event

OPEN_PATHS = ("/healthz",)
ROUTES = ("/v1/audio/transcriptions", "/v1/models", "/healthz", "/metrics")
ERROR_KINDS = {401: "authentication_error", 403: "permission_error", 404: "not_found_error", 429: "rate_limit_error"}


def check_listen(host: str, token: str | None) -> None:
    """Refuse to listen where others can reach us without a token.

    Raises:
        OptionError: `host` is not this machine alone and there is no token, or
            the token is short enough to be guessed.
    """
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
        return host == "localhost"


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


class Guard:
    """ASGI middleware: token, origin, host, declared size, then the app; counts and logs each answer."""

    def __init__(self, app: ASGIApp, *, token: str | None, limits: Limits, metrics: Metrics) -> None:
        self._app = app
        self._token = token.encode() if token else None
        self._limits = limits
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (or pass the server's lifespan on)."""
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
        app = self._app if refusal is None else error_response(refusal.status, refusal.message)
        try:
            await app(scope, receive, note)
        finally:
            self._report(scope["path"], scope["method"], status, clock.seconds())

    def _refusal(self, scope: Scope) -> Refusal | None:
        # uvicorn bounds only what comes in pieces; what one read brings is complete before it is measured.
        if sum(len(name) + len(value) for name, value in scope["headers"]) > self._limits.max_header_bytes:
            return Refusal(431, "The request's headers are too large: send fewer.")
        headers = Headers(scope=scope)
        if self._token is None:
            return _browser(headers) or self._unusable(headers)
        given = headers.get("authorization", "").encode("latin-1")
        right = hmac.compare_digest(given, b"Bearer " + self._token)
        if not right and scope["path"] not in OPEN_PATHS:
            return Refusal(401, "The bearer token is missing or wrong: send the header 'Authorization: Bearer TOKEN'.")
        return self._unusable(headers)

    def _unusable(self, headers: Headers) -> Refusal | None:
        if headers.get("content-encoding", "identity").lower() != "identity":
            return Refusal(415, "A compressed request body is refused: send the form as it is.")
        length = headers.get("content-length", "0")
        if not length.isascii() or not length.isdigit() or int(length[:15]) > self._limits.max_body:
            mebibytes = self._limits.max_body / (1 << 20)
            return Refusal(
                413, f"The request is larger than {mebibytes:g} MiB: send compressed audio or shorter parts."
            )
        return None

    def _report(self, path: str, method: str, status: int, seconds: float) -> None:
        # A path is a client's free text; only those that we know are logged.
        route = next((known for known in ROUTES if path == known or path.startswith(f"{known}/")), "other")
        method = method if method in ("GET", "HEAD", "POST") else "other"
        self._metrics.add("requests_total", route=route, status=str(status))
        event("request", route=route, method=method, status=status, seconds=seconds)


def _browser(headers: Headers) -> Refusal | None:
    """Without a token, web pages must not use the server of whoever visits them (also not by DNS rebinding)."""
    host = headers.get("host", "")
    name = host[: host.rfind("]") + 1] if host.startswith("[") else host.partition(":")[0]
    if headers.get("origin") is not None or not is_loopback(name):
        return Refusal(403, "Requests from web pages or other hosts need a token: start the server with --token-file.")
    return None
