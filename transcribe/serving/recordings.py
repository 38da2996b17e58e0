"""One live recording on the server, however its audio comes: the work behind it, its limits, and its end."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from ...fusion.errors import AudioError, DiarfuseError, OptionError
from ...fusion.text.languages import wanted
from ...fusion.types import Seconds
from ..live.beginning import Beginning
from .answers import Json
from .limits import SHUTTING_DOWN, Draining, Limits
from .log import Metrics

T = TypeVar("T")

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


class EndingError(Exception):
    """The server is to end."""

    def __init__(self) -> None:
        super().__init__(SHUTTING_DOWN)


class StuckError(Exception):
    """The recogniser does not answer; the thread that waits for it cannot be ended."""

    def __init__(self, seconds: Seconds) -> None:
        super().__init__(
            f"The recogniser has not answered for {seconds:g} s, so the session ends: tell the server's operator."
        )


@dataclass(slots=True)
class Sessions:
    """All live sessions of a server: so many at once as `Limits.live` says, over WebSockets and posts together."""

    open_live: OpenLive
    limits: Limits
    metrics: Metrics
    draining: Draining = field(default_factory=Draining)
    inside: int = 0

    @property
    def are_taken(self) -> bool:
        """Whether no other session can begin now."""
        return self.inside >= self.limits.live

    @property
    def taken(self) -> str:
        """What is said to one too many."""
        return f"The {self.limits.live} live sessions of this server are taken: try again later."

    async def in_time(self, work: Awaitable[T], seconds: Seconds) -> T:
        """What `work` gives.

        Raises:
            TimeoutError: it takes longer than so many seconds.
            EndingError: the server is to end before it does.
        """
        task = asyncio.ensure_future(work)
        try:
            if await self.draining.done(task, seconds):
                return task.result()
            raise EndingError if self.draining.has_begun else TimeoutError
        finally:
            task.cancel()

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
        rate: samples a second. language: that is spoken, None: it is found out. Both may be set until audio came.
    """

    def __init__(self, sessions: Sessions, rate: int = RATE, language: str | None = None) -> None:
        self.sessions, self.rate, self.language, self.seconds = sessions, rate, language, 0.0
        self._name = f"sess_{secrets.token_hex(8)}"
        self._work: LiveWork | None = None
        self._beginning = Beginning()
        self._busy: asyncio.Future[Any] | None = None

    @property
    def has_begun(self) -> bool:
        """Whether audio came."""
        return self._work is not None

    @property
    def too_long(self) -> str:
        """What is said where the longest session is over."""
        return f"A live session lasts {self.sessions.limits.live_seconds / 3600:g} h at most: open another one."

    def described(self) -> Json:
        """The session as OpenAI describes one, with the longest recording in seconds."""
        heard: Json = {"format": {"type": "audio/pcm", "rate": self.rate}}
        if self.language is not None:
            heard["transcription"] = {"language": self.language}
        return {
            "id": self._name,
            "object": "realtime.session",
            "type": "transcription",
            "audio": {"input": heard},
            "max_duration": self.sessions.limits.live_seconds,
        }

    async def feed(self, data: bytes) -> Sequence[Json]:
        """Take whole 16-bit samples; the events that follow.

        Raises:
            RefusedMessageError: the recording is too long, began as a file or text, or `data` holds half a sample.
            StuckError: it is not heard within `Limits.timeout`, in which others that share the recogniser may end.
        """
        if not data:
            return []
        if (other := self._beginning.take(data)) is not None:  # what follows a file's header looks like samples
            self._drop()
            raise RefusedMessageError(_OTHER[other].format(rate=self.rate))
        if len(data) % 2:
            raise RefusedMessageError("The audio has an odd number of bytes: send whole 16-bit samples.")
        seconds: Seconds = len(data) / 2 / self.rate
        if self.seconds + seconds > self.sessions.limits.live_seconds:
            raise RefusedMessageError(self.too_long)
        if self._work is None:
            self._work = await self._thread(self.sessions.open_live, self.language)
        allowed = self.sessions.limits.timeout
        hearing = asyncio.ensure_future(self._thread(self._work.feed, data, self.rate))
        if not (await asyncio.wait({hearing}, timeout=allowed))[0]:
            hearing.cancel()
            raise StuckError(allowed)
        events: Sequence[Json] = hearing.result()
        self.seconds += seconds
        return events

    async def finish(self) -> Sequence[Json]:
        """The last events.

        Raises:
            RefusedMessageError: no audio came.
            EndingError: the server is to end, and they were not there within `Limits.grace` then.
            StuckError: they are not there within `Limits.timeout`.
        """
        if self._work is None:
            raise RefusedMessageError("The buffer is empty: append audio before the commit.")
        try:
            events: Sequence[Json] = await self._in_time(asyncio.ensure_future(self._thread(self._work.finish)))
        except (AudioError, OptionError):  # too little came to be a recording: the next audio begins another
            self.clear()
            raise
        self._work = None
        return events

    def clear(self) -> None:
        """Leave out all that came; the next audio begins another recording."""
        self._drop()
        self._beginning = Beginning()

    async def forget(self) -> None:
        """Drop the recording, once nothing works on it any more."""
        if self._busy is None or await self.sessions.draining.done(self._busy):
            self._drop()  # else the process ends, and all of this with it

    async def _in_time(self, work: asyncio.Future[Sequence[Json]]) -> Sequence[Json]:
        draining, limits = self.sessions.draining, self.sessions.limits
        if not await draining.done(work, limits.timeout) and draining.has_begun:
            await asyncio.wait({work}, timeout=limits.grace)
        if work.cancel():
            raise EndingError if draining.has_begun else StuckError(limits.timeout)
        return work.result()

    def _drop(self) -> None:
        if self._work is not None:
            self._work.abandon()
            self._work = None

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


def checked_language(language: object) -> str | None:
    """The code of a language that a session can have; None where it is to be found out.

    Raises:
        RefusedMessageError: it is none that is known.
    """
    if language is not None and not isinstance(language, str):
        raise RefusedMessageError("The language must be text: its ISO 639-1 code, or its English name.")
    try:
        return wanted(language)
    except OptionError as error:
        raise RefusedMessageError(str(error)) from None


def error_of(kind: str, why: str) -> Json:
    """An event that says what went wrong."""
    return {"type": "error", "error": {"type": kind, "code": None, "message": why, "param": None}}


def with_id(item: Json) -> Json:
    """An event of ours as OpenAI sends it, under an id of its own."""
    return {**item, "event_id": f"event_{secrets.token_hex(8)}"}
