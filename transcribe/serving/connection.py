"""One live recording over one WebSocket, in whatever words client and server speak: its deadlines, errors and end."""

from __future__ import annotations

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from ...fusion.errors import AudioError, OptionError
from .answers import Json
from .limits import Deadline
from .log import Stopwatch, error_event, event
from .recordings import EndingError, Recording, RefusedMessageError, Sessions, StuckError

_MOST_ERRORS = 10
_LONGEST_ID = 512
_NORMAL, _VIOLATION, _FAILED, _RESTART, _TRY_LATER = 1000, 1008, 1011, 1012, 1013
FAILED = "The server failed: tell its operator."


class Connection(ABC):
    """One recording over one WebSocket; a language of messages is a subclass."""

    def __init__(self, socket: WebSocket, sessions: Sessions) -> None:
        self._socket, self._limits = socket, sessions.limits
        self.recording = Recording(sessions)
        self._errors = 0
        self._cause: str | None = None

    @staticmethod
    @abstractmethod
    def error(kind: str, why: str, cause: str | None = None) -> Json:
        """The message that says what went wrong.

        kind: OpenAI's name for such errors. cause: the id that the client gave the message at fault, if it did.
        """

    @abstractmethod
    async def greet(self) -> None:
        """Begin, once the connection is accepted.

        Raises:
            RefusedMessageError: it was asked for what there is not; the connection ends.
        """

    @abstractmethod
    async def take(self, asked: Json) -> bool:
        """Do what a text message asks for; whether the recording goes on.

        Raises:
            RefusedMessageError: it cannot be used, and is left out.
        """

    @abstractmethod
    def told(self, item: Json) -> Sequence[Json]:
        """What the client hears of one of our events."""

    async def serve(self) -> str:
        """Until the recording ends, or the server is to; how it did."""
        await self._socket.accept()
        try:
            return await self._talk()
        except EndingError as error:
            await self.end("server_error", str(error), _RESTART)
            return "stopped"
        except StuckError as error:
            await self.end("server_error", str(error), _FAILED)
            return "stuck"

    async def _talk(self) -> str:
        try:
            await self.greet()
        except RefusedMessageError as error:
            await self.end("invalid_request_error", str(error), _VIOLATION)
            return "refused"
        deadline = Deadline(self._limits.live_seconds)
        while True:
            message = await self._next(deadline)
            if message is None:
                return "late"
            try:
                if not await self._handle(message):
                    return "done"
            except (RefusedMessageError, AudioError, OptionError) as error:
                self._errors += 1
                if self._errors >= _MOST_ERRORS:
                    await self.end("invalid_request_error", f"{error} These were too many errors.", _VIOLATION)
                    return "refused"
                await self.send([self.error("invalid_request_error", str(error), self._cause)])

    async def end(self, kind: str, why: str, code: int) -> None:
        """Say why, and close."""
        if self._socket.application_state is WebSocketState.CONNECTED:
            try:
                await self.send([self.error(kind, why, self._cause)])
                await self._socket.close(code)
            except (WebSocketDisconnect, RuntimeError, OSError):  # the client left first
                return

    async def hear(self, data: bytes) -> None:
        """Take samples, and tell what follows."""
        await self.tell(await self.recording.feed(data))

    async def tell(self, events: Sequence[Json]) -> None:
        """Send what the client is to hear of our events."""
        await self.send([message for item in events for message in self.told(item)])

    async def close(self) -> None:
        """Close as usual."""
        await self._socket.close(_NORMAL)

    async def send(self, messages: Sequence[Json]) -> None:
        """Send all; a client that does not read holds up its own audio, and nobody else's, up to the deadline."""
        for message in messages:
            body = json.dumps(message)  # in ASCII, since an id of the client's may hold what no UTF-8 can
            try:
                await asyncio.wait_for(self._socket.send_text(body), self._limits.idle)
            except TimeoutError:
                raise WebSocketDisconnect(_VIOLATION) from None

    async def _next(self, deadline: Deadline) -> dict[str, Any] | None:
        """The next message; None after saying so where it took too long, or the session has."""
        left, self._cause = deadline.left(self._limits.live_idle), None
        try:
            message = dict(await self.recording.sessions.in_time(self._socket.receive(), left))
        except TimeoutError:
            if deadline.left():
                await self.end("invalid_request_error", f"Nothing came for {left:g} s.", _VIOLATION)
            else:
                await self.end("invalid_request_error", self.recording.too_long, _VIOLATION)
            return None
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", _NORMAL))
        return message

    async def _handle(self, message: dict[str, Any]) -> bool:
        """Do what one message asks for; whether the recording goes on."""
        if message.get("bytes") is not None:
            await self.hear(message["bytes"])
            return True
        asked = _parsed(message.get("text") or "")
        self._cause = _id_of(asked)
        if not isinstance(asked.get("type"), str):
            raise _no_message()
        return await self.take(asked)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Serves connections of one kind, each with deadlines."""

    sessions: Sessions
    kind: type[Connection]

    async def __call__(self, socket: WebSocket) -> None:
        """Serve one connection."""
        if self.sessions.are_taken:
            await self._decline(socket)
            return
        clock, outcome = Stopwatch(), "failed"
        connection = self.kind(socket, self.sessions)
        with self.sessions.place():
            try:
                outcome = await connection.serve()
            except WebSocketDisconnect:
                outcome = "left"
            except Exception as error:  # noqa: BLE001 - any failure of the work: its words stay here
                error_event("live session failed", error)
                await connection.end("server_error", FAILED, _FAILED)
            finally:
                await connection.recording.forget()
                self.sessions.metrics.add("live_total", outcome=outcome)
                seconds = round(connection.recording.seconds, 1)
                event("live", outcome=outcome, seconds=clock.seconds(), audio_seconds=seconds)

    async def _decline(self, socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text(json.dumps(self.kind.error("rate_limit_error", self.sessions.taken)))
        await socket.close(_TRY_LATER)


def _parsed(text: str) -> dict[str, Any]:
    try:
        asked = json.loads(text)
    except (ValueError, RecursionError):
        asked = None
    if not isinstance(asked, dict):
        raise _no_message()
    return asked


def _no_message() -> RefusedMessageError:
    return RefusedMessageError("A text message must be a JSON object with a type; audio comes as binary or base64.")


def _id_of(asked: Json) -> str | None:
    """What the client calls its message, of the length that OpenAI takes."""
    given = asked.get("event_id")
    return given if isinstance(given, str) and len(given) <= _LONGEST_ID else None
