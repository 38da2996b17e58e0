"""``/v1/listen``: the same live session in Deepgram's field names, for programs that are written for those.

Deepgram has no message that takes a speaker back, so a word keeps the one it was committed with; who wants the
corrections takes ``/v1/realtime``. Words come once, as final; interim results, endpointing and the like are not made.
"""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence

from starlette.websockets import WebSocket

from .answers import Json
from .connection import Connection
from .recordings import RefusedMessageError, Sessions, checked_language, rate_in

_CHANNEL = [0, 1]
_ANY = "multi"
"""Deepgram's word for a language that is found out."""
_UNKNOWN = 0.0
"""In the place of a confidence, which Deepgram's types need and live words do not have."""


class Listen(Connection):
    """Deepgram's messages."""

    def __init__(self, socket: WebSocket, sessions: Sessions) -> None:
        super().__init__(socket, sessions)
        self._query: Mapping[str, str] = socket.query_params
        self._diarize = self._query.get("diarize", "false").lower() == "true"
        self._numbers: dict[str, int] = {}

    @staticmethod
    def error(kind: str, why: str, cause: str | None = None) -> Json:
        """As Deepgram has it, whose messages have no ids."""
        del cause
        return {"type": "Error", "variant": kind, "description": why, "message": why}

    async def greet(self) -> None:
        """Take the form of the audio from the address; nothing is said."""
        form, channels = self._query.get("encoding", "linear16"), self._query.get("channels", "1")
        if form != "linear16" or channels != "1":
            raise RefusedMessageError("Only encoding=linear16 and channels=1 are taken: signed 16-bit samples, mono.")
        self.recording.rate = rate_in(self._query.get("sample_rate", str(self.recording.rate)))
        language = self._query.get("language")
        self.recording.language = checked_language(None if language == _ANY else language)

    def told(self, item: Json) -> Sequence[Json]:
        """Of our events, the words."""
        return [self._results([item])] if item["type"] == "diarization.word.said" else []

    async def tell(self, events: Sequence[Json]) -> None:
        """All words of a step in one message."""
        words = [item for item in events if item["type"] == "diarization.word.said"]
        await self.send([self._results(words)] if words else [])

    async def take(self, asked: Json) -> bool:
        """Do what one message asks for; whether the recording goes on."""
        kind = asked["type"]
        if kind == "Finalize":
            await self.send([{**self._results([]), "from_finalize": True}])
        elif kind == "CloseStream":
            await self._finish()
            return False
        elif kind != "KeepAlive":
            raise RefusedMessageError("Unknown message type: the known ones are KeepAlive, Finalize and CloseStream.")
        return True

    async def _finish(self) -> None:
        if self.recording.has_begun:
            await self.tell(await self.recording.finish())
        await self.send([{"type": "Metadata", "duration": self.recording.seconds, "channels": 1}])
        await self.close()

    def _results(self, said: Sequence[Json]) -> Json:
        words = [self._word(each) for each in said]
        start = words[0]["start"] if words else self.recording.seconds
        text = "".join(each["text"] for each in said).strip()
        return {
            "type": "Results",
            "channel_index": _CHANNEL,
            "start": start,
            "duration": words[-1]["end"] - start if words else 0.0,
            "is_final": True,
            "speech_final": False,
            "from_finalize": False,
            "channel": {"alternatives": [{"transcript": text, "confidence": _UNKNOWN, "words": words}]},
        }

    def _word(self, said: Json) -> Json:
        text = said["text"].strip()
        word = {
            "word": text.strip(string.punctuation).lower() or text,
            "start": said["start"],
            "end": said["end"],
            "confidence": _UNKNOWN,
            "punctuated_word": text,
        }
        if self._diarize and said["speaker"] is not None:
            word["speaker"] = self._numbers.setdefault(said["speaker"], len(self._numbers))
        return word
