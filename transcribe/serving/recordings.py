"""One live recording on the server, however its audio comes: the work behind it, its limits, and its end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from ...fusion.errors import AudioError, DiarfuseError, OptionError
from ...fusion.types import Seconds
from ..live.sources import no_samples
from .answers import Json
from .limits import Limits
from .log import Metrics

RATE, LOWEST, HIGHEST = 24_000, 8_000, 48_000
_OTHER = {
    "a file": "The audio is a file with a header, or a browser's recording: open another session and send bare 16-bit "
    "samples, as `ffmpeg -i FILE -f s16le -ac 1 -ar {rate} -` writes them.",
    "text": "The audio is text: open another session and send 16-bit samples.",
}


class LiveWork(Protocol):
    """What a live session asks of the rest of the program. Called from one thread at a time."""

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
    """Something that cannot be used, with a sentence for its sender."""


@dataclass(slots=True)
class Sessions:
    """All live sessions of a server: so many at once as `Limits.live` says, over WebSockets and posts together."""

    open_live: OpenLive
    limits: Limits
    metrics: Metrics
    inside: int = 0

    @property
    def are_taken(self) -> bool:
        """Whether no other session can begin now."""
        return self.inside >= self.limits.live

    @property
    def taken(self) -> str:
        """What is said to one too many."""
        return f"The {self.limits.live} live sessions of this server are taken: try again later."

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold one place."""
        self.inside += 1
        try:
            yield
        finally:
            self.inside -= 1


class Recording:
    """The audio of one session, fed piece by piece in a thread.

    Args:
        sessions: whose one it is.
        rate: samples a second; may be set until audio came.
    """

    def __init__(self, sessions: Sessions, rate: int = RATE) -> None:
        self._sessions, self.rate, self.seconds = sessions, rate, 0.0
        self._work: LiveWork | None = None
        self._other: str | None = None
        self._busy: asyncio.Future[Any] | None = None

    @property
    def has_begun(self) -> bool:
        """Whether audio came."""
        return self._work is not None

    @property
    def too_long(self) -> str:
        """What is said where the longest session is over."""
        return f"A live session lasts {self._sessions.limits.live_seconds / 3600:g} h at most: open another one."

    def described(self, name: str) -> Json:
        """The session as OpenAI describes one, with the longest recording in seconds."""
        form = {"type": "audio/pcm", "rate": self.rate}
        return {
            "id": name,
            "object": "realtime.session",
            "type": "transcription",
            "audio": {"input": {"format": form}},
            "max_duration": self._sessions.limits.live_seconds,
        }

    async def feed(self, data: bytes) -> Sequence[Json]:
        """Take whole 16-bit samples; the events that follow.

        Raises:
            RefusedMessageError: the recording is too long, began as a file or text, or `data` holds half a sample.
        """
        if not data:
            return []
        if self._work is None:
            self._other = self._other or no_samples(data)  # what follows a file's header looks like samples
        if self._other is not None:
            raise RefusedMessageError(_OTHER[self._other].format(rate=self.rate))
        if len(data) % 2:
            raise RefusedMessageError("The audio has an odd number of bytes: send whole 16-bit samples.")
        seconds: Seconds = len(data) / 2 / self.rate
        if self.seconds + seconds > self._sessions.limits.live_seconds:
            raise RefusedMessageError(self.too_long)
        if self._work is None:
            self._work = await self._thread(self._sessions.open_live, None)
        events: Sequence[Json] = await self._thread(self._work.feed, data, self.rate)
        self.seconds += seconds
        return events

    async def finish(self) -> Sequence[Json]:
        """The last events.

        Raises:
            RefusedMessageError: no audio came.
        """
        if self._work is None:
            raise RefusedMessageError("The buffer is empty: append audio before the commit.")
        try:
            events: Sequence[Json] = await self._thread(self._work.finish)
        except (AudioError, OptionError):  # too little came to be a recording: the next audio begins another
            self._work.abandon()
            self._work = None
            raise
        self._work = None
        return events

    async def forget(self) -> None:
        """Drop the recording, once nothing works on it any more."""
        if self._busy is not None and not self._busy.done():
            await asyncio.wait({self._busy})
        if self._work is not None:
            self._work.abandon()

    async def _thread(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """What `work` gives, from a thread; whatever happens here, it is waited for before it is dropped."""
        self._busy = asyncio.ensure_future(asyncio.to_thread(work, *arguments))
        try:
            return await asyncio.shield(self._busy)
        except DiarfuseError as error:
            if isinstance(error, (AudioError, OptionError)):
                raise
            raise RuntimeError(type(error).__name__) from None


def checked_rate(rate: object) -> int:
    """A rate that a session can have.

    Raises:
        RefusedMessageError: it is none.
    """
    if isinstance(rate, bool) or not isinstance(rate, int) or not LOWEST <= rate <= HIGHEST:
        raise RefusedMessageError(f"The rate must be a whole number from {LOWEST} to {HIGHEST}.")
    return rate


def rate_in(query: str) -> int:
    """The rate that an address gives as text.

    Raises:
        RefusedMessageError: it is none.
    """
    longest = 9
    return checked_rate(int(query) if query.isascii() and query.isdecimal() and len(query) < longest else None)


def error_of(kind: str, why: str) -> Json:
    """An event that says what went wrong."""
    return {"type": "error", "error": {"type": kind, "code": None, "message": why, "param": None}}
