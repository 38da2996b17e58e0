"""HTTP over one connection, with a deadline for the headers: uvicorn itself waits for them for ever.

It builds on uvicorn's own protocol class, which is no public interface: pyproject.toml bounds the version.
"""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from ...fusion.types import Seconds


class PatientProtocol(H11Protocol):
    """uvicorn's h11 protocol that hangs up on a client whose headers do not arrive in time.

    Bodies have their own deadlines, and idle connections uvicorn's keep-alive.
    A body that was refused is read and thrown away for a while: closing at
    once would reset the connection before the client has read why.
    """

    header_seconds: ClassVar[Seconds] = 20.0
    linger_seconds: ClassVar[Seconds] = 30.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """Start waiting for the first request."""
        super().connection_made(transport)
        self._header_timer = self.loop.call_later(self.header_seconds, self._hang_up)

    def data_received(self, data: bytes) -> None:
        """Pass `data` on, and stop the clock once the headers are complete."""
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._header_timer.cancel()
        elif self._header_timer.cancelled():
            self._header_timer = self.loop.call_later(self.header_seconds, self._hang_up)

    def on_response_complete(self) -> None:
        """After the answer: wait for the rest of an unread body, but not for ever."""
        if self.conn.their_state is h11.SEND_BODY:
            self.loop.call_later(self.linger_seconds, self.transport.close)
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the clock."""
        self._header_timer.cancel()
        super().connection_lost(exc)

    def _hang_up(self) -> None:
        if self.conn.their_state is h11.IDLE:
            self.transport.close()


def with_header_timeout(seconds: Seconds) -> type[Any]:
    """The protocol class for uvicorn's ``http`` option, waiting `seconds` for headers."""
    return type("Protocol", (PatientProtocol,), {"header_seconds": seconds})
