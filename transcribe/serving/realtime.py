"""``/v1/realtime``: audio in over a WebSocket, words and anonymous speakers out while they are spoken.

The events are OpenAI's for realtime transcription where those exist; who
speaks when comes as ``diarization.`` and the kind of the diarizer's own event
(docs/live.md). One connection is one recording, which
``input_audio_buffer.commit`` ends. Audio is kept in memory until then, and
nothing on a disk.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Sequence
from typing import Any

from .answers import Json
from .connection import Connection
from .recordings import RATE, RefusedMessageError, checked_rate, error_of

PATH = "/v1/realtime"
MOST_BYTES = 1 << 20
"""Of one message: ten seconds and more of any rate."""
COMMITTED: Json = {"type": "input_audio_buffer.committed", "item_id": "item_0", "previous_item_id": None}
"""The recording is over, and is heard as a whole."""


class Realtime(Connection):
    """OpenAI's realtime events, and the diarizer's own."""

    @staticmethod
    def error(kind: str, why: str) -> Json:
        """As OpenAI has it."""
        return error_of(kind, why)

    async def greet(self) -> None:
        """Tell the session, with its longest recording."""
        await self.tell([{"type": "session.created", "session": self._session()}])

    def told(self, item: Json) -> Sequence[Json]:
        """Every event, under an id of its own."""
        return [{**item, "event_id": f"event_{secrets.token_hex(8)}"}]

    async def take(self, asked: Json) -> bool:
        """Do what one message asks for; whether the recording goes on."""
        kind = asked["type"]
        if kind == "input_audio_buffer.append":
            await self.hear(_decoded(asked.get("audio")))
        elif kind in ("session.update", "transcription_session.update"):
            self._update(asked.get("session"))
            await self.tell([{"type": kind.replace("update", "updated"), "session": self._session()}])
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
        await self.tell([COMMITTED])
        await self.tell(await self.recording.finish())
        await self.close()

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


def _decoded(audio: Any) -> bytes:
    try:
        return base64.b64decode(audio, validate=True)
    except (TypeError, ValueError, binascii.Error):
        raise RefusedMessageError("'audio' must be base64 of 16-bit samples.") from None
