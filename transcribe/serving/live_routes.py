"""Where live sessions are to be had, in whose words."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from .connection import Connection, Endpoint
from .guard import LISTEN, REALTIME
from .listen import Listen
from .posted import Posted
from .realtime import Realtime
from .recordings import Sessions


def live_routes(sessions: Sessions) -> list[BaseRoute]:
    """All endpoints of live sessions, which share their number."""
    posted = Posted(sessions)

    async def post(request: Request) -> Response:
        return await posted(request)

    return [
        WebSocketRoute(REALTIME, _talking(sessions, Realtime)),
        WebSocketRoute(LISTEN, _talking(sessions, Listen)),
        Route(REALTIME, post, methods=["POST"]),
    ]


def _talking(sessions: Sessions, kind: type[Connection]) -> Callable[[WebSocket], Awaitable[None]]:
    endpoint = Endpoint(sessions, kind)

    async def live(socket: WebSocket) -> None:
        await endpoint(socket)

    return live
