"""``/v1/realtime``: audio in over a WebSocket, words and anonymous speakers out while they are spoken.

The events are OpenAI's for realtime transcription where those exist; who
speaks when comes as ``diarization.`` and the kind of the diarizer's own event
(docs/live.md). One connection is one recording, which
``input_audio_buffer.commit`` ends. Audio is kept in memory until then, and
nothing on a disk.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from ...fusion.errors import AudioError, OptionError
from .answers import Json
from .limits import Deadline
from .log import Stopwatch, error_event, event
from .recordings import RATE, Recording, RefusedMessageError, Sessions, checked_rate, error_of

PATH = "/v1/realtime"
MOST_BYTES = 1 << 20
"""Of one message: ten seconds and more of any rate."""
_MOST_ERRORS = 10
COMMITTED: Json = {"type": "input_audio_buffer.committed", "item_id": "item_0", "previous_item_id": None}
"""The recording is over, and is heard as a whole."""
_NORMAL, _TRY_LATER, _VIOLATION, _FAILED = 1000, 1013, 1008, 1011


@dataclass(frozen=True, slots=True)
class Realtime:
    """The endpoint: each connection has deadlines."""

    sessions: Sessions

    async def __call__(self, socket: WebSocket) -> None:
        """Serve one connection."""
        if self.sessions.are_taken:
            await _decline(socket, self.sessions.taken)
            return
        clock, outcome = Stopwatch(), "failed"
        connection = _Connection(socket, self.sessions)
        with self.sessions.place():
            try:
                outcome = await connection.serve()
            except WebSocketDisconnect:
                outcome = "left"
            except Exception as error:  # noqa: BLE001 - any failure of the work: its words stay here
                error_event("live session failed", error)
                await connection.end("server_error", "The server failed: tell its operator.", _FAILED)
            finally:
                await connection.recording.forget()
                self.sessions.metrics.add("live_total", outcome=outcome)
                seconds = round(connection.recording.seconds, 1)
                event("live", outcome=outcome, seconds=clock.seconds(), audio_seconds=seconds)


async def _decline(socket: WebSocket, why: str) -> None:
    await socket.accept()
    await socket.send_text(json.dumps(error_of("rate_limit_error", why)))
    await socket.close(_TRY_LATER)


class _Connection:
    """One recording over one WebSocket."""

    def __init__(self, socket: WebSocket, sessions: Sessions) -> None:
        self._socket, self._limits = socket, sessions.limits
        self.recording = Recording(sessions)
        self._errors = 0

    async def serve(self) -> str:
        """Until the recording ends; how it did."""
        await self._socket.accept()
        await self._send([{"type": "session.created", "session": self._session()}])
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
                await self._send([error_of("invalid_request_error", str(error))])

    async def end(self, kind: str, why: str, code: int) -> None:
        """Say why, and close."""
        if self._socket.application_state is WebSocketState.CONNECTED:
            try:
                await self._send([error_of(kind, why)])
                await self._socket.close(code)
            except (WebSocketDisconnect, RuntimeError, OSError):  # the client left first
                return

    async def _next(self, deadline: Deadline) -> dict[str, Any] | None:
        """The next message; None after saying so where it took too long, or the session has."""
        left = deadline.left(self._limits.live_idle)
        try:
            message: dict[str, Any] = dict(await asyncio.wait_for(self._socket.receive(), left))
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
            await self._send(await self.recording.feed(message["bytes"]))
            return True
        asked = _parsed(message.get("text") or "")
        kind = asked["type"]
        if kind == "input_audio_buffer.append":
            await self._send(await self.recording.feed(_decoded(asked.get("audio"))))
        elif kind in ("session.update", "transcription_session.update"):
            self._update(asked.get("session"))
            await self._send([{"type": kind.replace("update", "updated"), "session": self._session()}])
        elif kind == "input_audio_buffer.commit":
            await self._finish()
            return False
        else:
            raise RefusedMessageError(
                "Unknown event type: the known ones are session.update, input_audio_buffer.append and "
                "input_audio_buffer.commit."
            )
        return True

    async def _finish(self) -> None:
        if not self.recording.has_begun:
            raise RefusedMessageError("The buffer is empty: append audio before the commit.")
        await self._send([COMMITTED])
        await self._send(await self.recording.finish())
        await self._socket.close(_NORMAL)

    def _update(self, session: Any) -> None:
        if not isinstance(session, dict):
            raise RefusedMessageError("session.update needs an object 'session'.")
        given = session.get("audio")
        audio = given.get("input") if isinstance(given, dict) else None
        form = audio.get("format") if isinstance(audio, dict) else session.get("input_audio_format", "pcm16")
        rate = form.get("rate", RATE) if isinstance(form, dict) else session.get("rate", self.recording.rate)
        kind = form.get("type") if isinstance(form, dict) else form
        if kind not in ("pcm16", "audio/pcm", None):
            raise RefusedMessageError("Only pcm16 (audio/pcm) is taken: signed 16-bit samples, mono.")
        rate = checked_rate(rate)
        if self.recording.has_begun and rate != self.recording.rate:
            raise RefusedMessageError("The rate cannot change once audio has come: open another connection.")
        self.recording.rate = rate

    def _session(self) -> Json:
        return self.recording.described(f"sess_{secrets.token_hex(8)}")

    async def _send(self, events: Sequence[Json]) -> None:
        """Send all; a client that does not read holds up its own audio, and nobody else's, up to the deadline."""
        for item in events:
            body = json.dumps({**item, "event_id": f"event_{secrets.token_hex(8)}"}, ensure_ascii=False)
            try:
                await asyncio.wait_for(self._socket.send_text(body), self._limits.idle)
            except TimeoutError:
                raise WebSocketDisconnect(_VIOLATION) from None


def _parsed(text: str) -> dict[str, Any]:
    try:
        asked = json.loads(text)
    except (ValueError, RecursionError):
        asked = None
    if not isinstance(asked, dict) or not isinstance(asked.get("type"), str):
        raise RefusedMessageError("A text message must be a JSON object with a type; audio comes as binary or base64.")
    return asked


def _decoded(audio: Any) -> bytes:
    try:
        return base64.b64decode(audio, validate=True)
    except (TypeError, ValueError, binascii.Error):
        raise RefusedMessageError("'audio' must be base64 of 16-bit samples.") from None
