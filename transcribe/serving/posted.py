"""``POST /v1/realtime``: a body that streams audio, answered with server-sent events while it still comes.

The events, limits and promises are those of the WebSocket (`realtime`). The end of the body ends the recording.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ...fusion.errors import AudioError, OptionError
from .answers import Json, sse
from .limits import Deadline
from .log import Stopwatch, error_event, event
from .realtime import COMMITTED
from .recordings import (
    RATE,
    EndingError,
    Recording,
    RefusedMessageError,
    Sessions,
    StuckError,
    checked_language,
    error_of,
    rate_in,
    with_id,
)

_HEADERS = ((b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-store"))
_HEARTBEAT = 10.0
_PIECE = 1 << 16
"""Bytes heard before the next are read: one that sends faster than they are heard waits."""


@dataclass(frozen=True, slots=True)
class Posted:
    """The endpoint."""

    sessions: Sessions

    async def __call__(self, request: Request) -> Response:
        """Begin a session.

        Raises:
            HTTPException: 400 for a rate that is none, 429 where all sessions are taken.
        """
        try:
            rate = rate_in(request.query_params.get("rate", str(RATE)))
            language = checked_language(request.query_params.get("language"))
        except RefusedMessageError as error:
            raise HTTPException(400, str(error)) from None
        if self.sessions.are_taken:
            raise HTTPException(429, self.sessions.taken, {"retry-after": "60"})
        return _Answer(Recording(self.sessions, rate, language))


class _Answer(Response):
    """Reads the body and writes the events, both at once; whoever leaves, or does not read, ends it."""

    def __init__(self, recording: Recording) -> None:
        super().__init__()
        self._sessions, self._recording = recording.sessions, recording

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the session."""
        clock, outcome = Stopwatch(), "failed"
        with self._sessions.place():
            try:
                await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
                outcome = await self._talk(Request(scope, receive), send)
            except (ClientDisconnect, OSError):
                outcome = "left"
            except Exception as error:  # noqa: BLE001 - any failure of the work: its words stay here
                error_event("live session failed", error)
                await self._send(send, error_of("server_error", "The server failed: tell its operator."))
            finally:
                await self._recording.forget()
                self._sessions.metrics.add("live_total", outcome=outcome)
                event("live", outcome=outcome, seconds=clock.seconds(), audio_seconds=round(self._recording.seconds, 1))
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _talk(self, request: Request, send: Send) -> str:
        """Until the recording ends; how it did."""
        await self._send(send, {"type": "session.created", "session": self._recording.described()})
        try:
            async for piece in self._pieces(request):
                await self._send(send, *await self._recording.feed(piece))
            if self._recording.has_begun:
                await self._send(send, COMMITTED)
            await self._send(send, *await self._finish(send))
        except (RefusedMessageError, AudioError, OptionError) as error:
            await self._send(send, error_of("invalid_request_error", str(error)))
            return "refused"
        except (EndingError, StuckError) as error:
            await self._send(send, error_of("server_error", str(error)))
            return "stopped" if isinstance(error, EndingError) else "stuck"
        return "done"

    async def _finish(self, send: Send) -> Sequence[Json]:
        """The last events; until they are there comments keep the connection open."""
        work = asyncio.ensure_future(self._recording.finish())
        while not (await asyncio.wait({work}, timeout=_HEARTBEAT))[0]:
            await send({"type": "http.response.body", "body": b": working\n\n", "more_body": True})
        return work.result()

    async def _pieces(self, request: Request) -> AsyncIterator[bytes]:
        """The body in whole samples, as it comes.

        Raises:
            RefusedMessageError: it ends in half a sample, or stands still for too long.
            EndingError: the server is to end before it does.
        """
        limits, rest = self._sessions.limits, b""
        deadline, chunks = Deadline(limits.live_seconds), aiter(request.stream())
        while True:
            left = deadline.left(limits.live_idle)
            try:
                rest += await self._sessions.in_time(anext(chunks), left)
            except StopAsyncIteration:
                break
            except TimeoutError:
                why = f"Nothing came for {left:g} s." if deadline.left() else self._recording.too_long
                raise RefusedMessageError(why) from None
            while len(rest) > 1:
                piece, rest = rest[: min(len(rest) // 2 * 2, _PIECE)], rest[min(len(rest) // 2 * 2, _PIECE) :]
                yield piece
        if rest:
            raise RefusedMessageError("The audio ends in the middle of a sample: send whole 16-bit samples.")

    @staticmethod
    async def _send(send: Send, *events: Json) -> None:
        """Send all; the connection's own clock lets go of a client that does not read."""
        if events:
            body = b"".join(map(sse, map(with_id, events)))
            await send({"type": "http.response.body", "body": body, "more_body": True})
