"""HTTP over one connection, with deadlines for what uvicorn itself would wait for for ever.

It builds on uvicorn's own protocol class, which is no public interface: pyproject.toml bounds the version.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from ...fusion.types import Seconds

SLOWEST = 1024
"""Bytes a second that a client must read of an answer that waits for it."""


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
        self._read_timer: asyncio.TimerHandle | None = None

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
        self._expect_reading()

    def pause_writing(self) -> None:
        """Much waits to be read: give the client a while."""
        super().pause_writing()
        self._expect_reading()

    def resume_writing(self) -> None:
        """The client reads."""
        super().resume_writing()
        self._forget_reading()

    def shutdown(self) -> None:
        """The server is to end: let it tell those who wait."""
        type(self).on_shutdown()
        super().shutdown()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the clocks."""
        self._header_timer.cancel()
        self._forget_reading()
        super().connection_lost(exc)

    def _expect_reading(self) -> None:
        if self._read_timer is None and self.transport.get_write_buffer_size():
            unread = self.transport.get_write_buffer_size()
            self._read_timer = self.loop.call_later(self.client_seconds, self._drop_unread, unread)

    def _forget_reading(self) -> None:
        if self._read_timer is not None:
            self._read_timer.cancel()
            self._read_timer = None

    def _drop_unread(self, unread: int) -> None:
        """Let go of a client that has read too little meanwhile; closing would wait for it."""
        self._read_timer = None
        if self.transport.get_write_buffer_size() > max(0, unread - SLOWEST * self.client_seconds):
            self.transport.abort()
        else:
            self._expect_reading()

    def _hang_up(self) -> None:
        if self.conn.their_state is h11.IDLE:
            self.transport.close()


def patient(seconds: Seconds, on_shutdown: Callable[[], None]) -> type[Any]:
    """The protocol class for uvicorn's ``http`` option, waiting `seconds` for headers and for readers."""
    return type("Protocol", (PatientProtocol,), {"client_seconds": seconds, "on_shutdown": staticmethod(on_shutdown)})
