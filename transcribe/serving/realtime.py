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
from collections.abc import Sequence
from typing import Any

from .answers import Json
from .connection import Connection
from .recordings import RATE, RefusedMessageError, checked_language, checked_rate, error_of, with_id

MOST_BYTES = 1 << 20
"""Of one message: ten seconds and more of any rate."""
COMMITTED: Json = {"type": "input_audio_buffer.committed", "item_id": "item_0", "previous_item_id": None}
"""The recording is over, and is heard as a whole."""


class Realtime(Connection):
    """OpenAI's realtime events, and the diarizer's own."""

    @staticmethod
    def error(kind: str, why: str, cause: str | None = None) -> Json:
        """As OpenAI has it."""
        told = error_of(kind, why)
        return with_id({**told, "error": {**told["error"], "event_id": cause}})

    async def greet(self) -> None:
        """Tell the session, with its longest recording."""
        await self.tell([{"type": "session.created", "session": self.recording.described()}])

    def told(self, item: Json) -> Sequence[Json]:
        """Every event, under an id of its own."""
        return [with_id(item)]

    async def take(self, asked: Json) -> bool:
        """Do what one message asks for; whether the recording goes on."""
        kind = asked["type"]
        if kind == "input_audio_buffer.append":
            await self.hear(_decoded(asked.get("audio")))
        elif kind in ("session.update", "transcription_session.update"):
            self._update(asked.get("session"))
            await self.tell([{"type": kind.replace("update", "updated"), "session": self.recording.described()}])
        elif kind == "input_audio_buffer.commit":
            await self._finish()
            return False
        elif kind == "input_audio_buffer.clear":
            self.recording.clear()
            await self.tell([{"type": "input_audio_buffer.cleared"}])
        else:
            raise RefusedMessageError(
                "Unknown event type: the known ones are session.update, and append, commit and clear of "
                "input_audio_buffer."
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
        recording, heard = self.recording, _within(_within(session, "audio"), "input")
        form = heard.get("format", session.get("input_audio_format"))
        form = form if isinstance(form, dict) else {"type": form, "rate": session.get("rate", recording.rate)}
        if form.get("type") not in ("pcm16", "audio/pcm", None) or form.get("channels", 1) != 1:
            raise RefusedMessageError("Only pcm16 (audio/pcm) is taken: signed 16-bit samples, mono.")
        words = _within(heard, "transcription") or _within(session, "input_audio_transcription")
        wish = checked_rate(form.get("rate", RATE)), checked_language(words.get("language", recording.language))
        if recording.has_begun and wish != (recording.rate, recording.language):
            raise RefusedMessageError("Rate and language cannot change once audio has come: open another connection.")
        recording.rate, recording.language = wish


def _within(given: Json, name: str) -> Json:
    """The object of this name; an empty one where it is left out."""
    found = given.get(name)
    if found is not None and not isinstance(found, dict):
        raise RefusedMessageError(f"session.update needs an object {name!r}, or none.")
    return found or {}


def _decoded(audio: Any) -> bytes:
    try:
        return base64.b64decode(audio, validate=True)
    except (TypeError, ValueError, binascii.Error):
        raise RefusedMessageError("'audio' must be base64 of 16-bit samples.") from None
