"""One connection, with deadlines for what uvicorn itself would wait for for ever.

It builds on uvicorn's own protocol classes, which are no public interface: pyproject.toml bounds the version.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from ...fusion.types import Seconds

SLOWEST = 1024
"""Bytes a second that a client must read of an answer that waits for it."""
_NO_HANDSHAKE = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
"""What is said to a WebSocket's request that cannot be one."""


class _Reading:
    """The clock of a client that must read what waits for it."""

    def __init__(self, loop: asyncio.AbstractEventLoop, transport: asyncio.Transport, seconds: Seconds) -> None:
        self._loop, self._transport, self._seconds = loop, transport, seconds
        self._timer: asyncio.TimerHandle | None = None

    def expect(self) -> None:
        """Give it a while, if anything waits."""
        if self._timer is None and (unread := self._transport.get_write_buffer_size()):
            self._timer = self._loop.call_later(self._seconds, self._drop, unread)

    def forget(self) -> None:
        """It reads, or is gone."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _drop(self, unread: int) -> None:
        """Let go of a client that has read too little meanwhile; closing would wait for it."""
        self._timer = None
        if self._transport.get_write_buffer_size() > max(0, unread - SLOWEST * self._seconds):
            self._transport.abort()
        else:
            self.expect()


class PatientProtocol(H11Protocol):
    """uvicorn's h11 protocol that hangs up on a client whose headers do not arrive, or that does not read, in time.

    Bodies have their own deadlines, and idle connections uvicorn's keep-alive.
    A body that was refused is read and thrown away for a while: closing at
    once would reset the connection before the client has read why.

    client_seconds: until the headers are complete, and until the client has read some of what waits for it.
    on_shutdown: called, at least once where there are connections, when the server is to end.
    """

    client_seconds: ClassVar[Seconds] = 20.0
    linger_seconds: ClassVar[Seconds] = 30.0
    on_shutdown: ClassVar[Callable[[], None]]

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """Start waiting for the first request."""
        super().connection_made(transport)
        self._header_timer = self.loop.call_later(self.client_seconds, self._hang_up)
        self._reading = _Reading(self.loop, transport, self.client_seconds)

    def data_received(self, data: bytes) -> None:
        """Pass `data` on, and stop the clock once the headers are complete."""
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._header_timer.cancel()
        elif self._header_timer.cancelled():
            self._header_timer = self.loop.call_later(self.client_seconds, self._hang_up)

    def on_response_complete(self) -> None:
        """After the answer: wait for the rest of an unread body, but not for ever."""
        if self.conn.their_state is h11.SEND_BODY:
            self.loop.call_later(self.linger_seconds, self.transport.close)
        super().on_response_complete()
        self._reading.expect()

    def pause_writing(self) -> None:
        """Much waits to be read: give the client a while."""
        super().pause_writing()
        self._reading.expect()

    def resume_writing(self) -> None:
        """The client reads."""
        super().resume_writing()
        self._reading.forget()

    def shutdown(self) -> None:
        """The server is to end: let it tell those who wait."""
        type(self).on_shutdown()
        super().shutdown()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the clocks."""
        self._header_timer.cancel()
        self._reading.forget()
        super().connection_lost(exc)

    def _hang_up(self) -> None:
        if self.conn.their_state is h11.IDLE:
            self.transport.close()


class PatientSocket(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket that hears nothing more of a client that does not read, and soon hangs up on it.

    Else each ping would add an answer to what waits for it. A session ends by itself when the server is to end.
    Whatever cannot open one is answered, and nobody has to be told of it but the client.

    client_seconds, on_shutdown: as `PatientProtocol` has them.
    """

    client_seconds: ClassVar[Seconds] = 20.0
    on_shutdown: ClassVar[Callable[[], None]]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Know whom to wait for."""
        super().connection_made(transport)
        self._reading = _Reading(self.loop, self.transport, self.client_seconds)

    def data_received(self, data: bytes) -> None:
        """Pass `data` on; no more is read while its answers are not."""
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.handshake_initiated:
            self._refuse()
        if not self.writable.is_set():
            self.transport.pause_reading()

    async def receive(self) -> Any:
        """The next message, once the client reads: this is what lets the next be heard."""
        await self.writable.wait()
        return await super().receive()

    def pause_writing(self) -> None:
        """Much waits to be read: give the client a while."""
        super().pause_writing()
        self._reading.expect()

    def resume_writing(self) -> None:
        """The client reads, and may be heard again."""
        super().resume_writing()
        self._reading.forget()
        if not self.read_paused:
            self.transport.resume_reading()

    async def send(self, message: Any) -> None:
        """Pass `message` on; with an answer in the place of a WebSocket the handshake is over, too."""
        await super().send(message)
        if self.initial_response is not None and self.close_sent:
            self.handshake_complete = True  # else uvicorn would log an error, for whoever knocks

    async def run_asgi(self) -> None:
        """Serve it; the last words are not waited for for ever."""
        await super().run_asgi()
        self._reading.expect()

    def shutdown(self) -> None:
        """The server is to end: the session says so itself, after what it has to finish."""
        type(self).on_shutdown()
        if self.close_sent or not self.handshake_complete:
            super().shutdown()

    def _refuse(self) -> None:
        """Answer a request that websockets cannot read, with its reason where it tells one: uvicorn leaves it open."""
        self.close_sent = self.handshake_complete = True
        self.transport.write(b"".join(self.conn.data_to_send()) or _NO_HANDSHAKE)
        self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the clock."""
        self._reading.forget()
        super().connection_lost(exc)


def patient(seconds: Seconds, on_shutdown: Callable[[], None]) -> type[Any]:
    """The protocol class for uvicorn's ``http`` option, waiting `seconds` for headers and for readers."""
    return type("Protocol", (PatientProtocol,), {"client_seconds": seconds, "on_shutdown": staticmethod(on_shutdown)})


def patient_socket(seconds: Seconds, on_shutdown: Callable[[], None]) -> type[Any]:
    """The protocol class for uvicorn's ``ws`` option, waiting `seconds` for readers."""
    own = {"client_seconds": seconds, "on_shutdown": staticmethod(on_shutdown)}
    return type("Socket", (PatientSocket,), own)
