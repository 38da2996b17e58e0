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
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from ...fusion.errors import AudioError, DiarfuseError, OptionError
from ...fusion.types import Seconds
from .answers import Json
from .limits import Deadline, Limits
from .log import Metrics, Stopwatch, error_event, event

PATH = "/v1/realtime"
MOST_BYTES = 1 << 20
"""Of one message: ten seconds and more of any rate."""
_MOST_ERRORS = 10
_RATE, _LOWEST, _HIGHEST = 24_000, 8_000, 48_000
_NORMAL, _TRY_LATER, _VIOLATION, _FAILED = 1000, 1013, 1008, 1011


class LiveWork(Protocol):
    """What a connection asks of the rest of the program. Called from one thread at a time."""

    def feed(self, samples: bytes, rate: int) -> Sequence[Json]:
        """Take signed 16-bit samples; the events that follow."""
        ...

    def finish(self) -> Sequence[Json]:
        """End the recording; the last events."""
        ...

    def abandon(self) -> None:
        """Nobody listens any more."""
        ...


OpenLive = Callable[[str | None], LiveWork]
"""``open_live(language)`` begins a recording."""


class RefusedMessageError(Exception):
    """A message that cannot be used, with a sentence for its sender."""


@dataclass(slots=True)
class Realtime:
    """The endpoint: so many connections as `Limits.live` says, each with deadlines."""

    open_live: OpenLive
    limits: Limits
    metrics: Metrics
    inside: int = 0

    async def __call__(self, socket: WebSocket) -> None:
        """Serve one connection."""
        if self.inside >= self.limits.live:
            await _decline(socket, f"The {self.limits.live} live sessions of this server are taken: try again later.")
            return
        self.inside += 1
        clock, outcome = Stopwatch(), "failed"
        connection = _Connection(socket, self.limits)
        try:
            outcome = await connection.serve(self.open_live)
        except WebSocketDisconnect:
            outcome = "left"
        except Exception as error:  # noqa: BLE001 - any failure of the work: its words stay here
            error_event("live session failed", error)
            await connection.end("server_error", "The server failed: tell its operator.", _FAILED)
        finally:
            self.inside -= 1
            await connection.forget()
            self.metrics.add("live_total", outcome=outcome)
            event("live", outcome=outcome, seconds=clock.seconds(), audio_seconds=round(connection.seconds, 1))


async def _decline(socket: WebSocket, why: str) -> None:
    await socket.accept()
    await socket.send_text(json.dumps(_error("rate_limit_error", why)))
    await socket.close(_TRY_LATER)


class _Connection:
    """One recording over one WebSocket."""

    def __init__(self, socket: WebSocket, limits: Limits) -> None:
        self._socket, self._limits = socket, limits
        self._rate, self._language = _RATE, None
        self._work: LiveWork | None = None
        self._errors = 0
        self._busy: asyncio.Future[Any] | None = None
        self.seconds: Seconds = 0.0

    async def serve(self, open_live: OpenLive) -> str:
        """Until the recording ends; how it did."""
        await self._socket.accept()
        await self._send([{"type": "session.created", "session": self._session()}])
        deadline = Deadline(self._limits.live_seconds)
        while True:
            message = await self._next(deadline)
            if message is None:
                return "late"
            try:
                if not await self._handle(message, open_live):
                    return "done"
            except (RefusedMessageError, AudioError, OptionError) as error:
                self._errors += 1
                if self._errors >= _MOST_ERRORS:
                    await self.end("invalid_request_error", f"{error} These were too many errors.", _VIOLATION)
                    return "refused"
                await self._send([_error("invalid_request_error", str(error))])

    async def end(self, kind: str, why: str, code: int) -> None:
        """Say why, and close."""
        if self._socket.application_state is WebSocketState.CONNECTED:
            try:
                await self._send([_error(kind, why)])
                await self._socket.close(code)
            except (WebSocketDisconnect, RuntimeError, OSError):  # the client left first
                return

    async def forget(self) -> None:
        """Drop the recording, once nothing works on it any more."""
        if self._busy is not None and not self._busy.done():
            await asyncio.wait({self._busy})
        if self._work is not None:
            self._work.abandon()

    async def _next(self, deadline: Deadline) -> dict[str, Any] | None:
        """The next message; None after saying so where it took too long, or the session has."""
        left = deadline.left(self._limits.live_idle)
        try:
            message: dict[str, Any] = dict(await asyncio.wait_for(self._socket.receive(), left))
        except TimeoutError:
            if deadline.left():
                await self.end("invalid_request_error", f"Nothing came for {left:g} s.", _VIOLATION)
            else:
                await self.end("invalid_request_error", self._too_long(), _VIOLATION)
            return None
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", _NORMAL))
        return message

    async def _handle(self, message: dict[str, Any], open_live: OpenLive) -> bool:
        """Do what one message asks for; whether the recording goes on."""
        if message.get("bytes") is not None:
            await self._feed(message["bytes"], open_live)
            return True
        asked = _parsed(message.get("text") or "")
        kind = asked["type"]
        if kind == "input_audio_buffer.append":
            await self._feed(_decoded(asked.get("audio")), open_live)
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

    async def _feed(self, data: bytes, open_live: OpenLive) -> None:
        if len(data) % 2:
            raise RefusedMessageError("The audio has an odd number of bytes: send whole 16-bit samples.")
        seconds = len(data) / 2 / self._rate
        if self.seconds + seconds > self._limits.live_seconds:
            raise RefusedMessageError(self._too_long())
        if self._work is None:
            self._work = await self._thread(open_live, self._language)
        events = await self._thread(self._work.feed, data, self._rate)
        self.seconds += seconds
        await self._send(events)

    async def _finish(self) -> None:
        if self._work is None:
            raise RefusedMessageError("The buffer is empty: append audio before the commit.")
        await self._send([{"type": "input_audio_buffer.committed", "item_id": "item_0", "previous_item_id": None}])
        await self._send(await self._thread(self._work.finish))
        self._work = None
        await self._socket.close(_NORMAL)

    async def _thread(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """What `work` gives, from a thread; whatever happens here, it is waited for before it is dropped."""
        self._busy = asyncio.ensure_future(asyncio.to_thread(work, *arguments))
        try:
            return await asyncio.shield(self._busy)
        except DiarfuseError as error:
            if isinstance(error, (AudioError, OptionError)):
                raise
            raise RuntimeError(type(error).__name__) from None

    def _update(self, session: Any) -> None:
        if not isinstance(session, dict):
            raise RefusedMessageError("session.update needs an object 'session'.")
        given = session.get("audio")
        audio = given.get("input") if isinstance(given, dict) else None
        form = audio.get("format") if isinstance(audio, dict) else session.get("input_audio_format", "pcm16")
        rate = form.get("rate", _RATE) if isinstance(form, dict) else session.get("rate", self._rate)
        kind = form.get("type") if isinstance(form, dict) else form
        if kind not in ("pcm16", "audio/pcm", None):
            raise RefusedMessageError("Only pcm16 (audio/pcm) is taken: signed 16-bit samples, mono.")
        if isinstance(rate, bool) or not isinstance(rate, int) or not _LOWEST <= rate <= _HIGHEST:
            raise RefusedMessageError(f"The rate must be a whole number from {_LOWEST} to {_HIGHEST}.")
        if self._work is not None and rate != self._rate:
            raise RefusedMessageError("The rate cannot change once audio has come: open another connection.")
        self._rate = rate

    def _session(self) -> Json:
        form = {"type": "audio/pcm", "rate": self._rate}
        return {
            "id": f"sess_{secrets.token_hex(8)}",
            "object": "realtime.session",
            "type": "transcription",
            "audio": {"input": {"format": form}},
            "max_duration": self._limits.live_seconds,
        }

    def _too_long(self) -> str:
        return f"A live session lasts {self._limits.live_seconds / 3600:g} h at most: open another one."

    async def _send(self, events: Sequence[Json]) -> None:
        """Send all; a client that does not read holds up its own audio, and nobody else's, up to the deadline."""
        for item in events:
            body = json.dumps({**item, "event_id": f"event_{secrets.token_hex(8)}"}, ensure_ascii=False)
            try:
                await asyncio.wait_for(self._socket.send_text(body), self._limits.idle)
            except TimeoutError:
                raise WebSocketDisconnect(_VIOLATION) from None


def _error(kind: str, why: str) -> Json:
    return {"type": "error", "error": {"type": kind, "code": None, "message": why, "param": None}}


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
