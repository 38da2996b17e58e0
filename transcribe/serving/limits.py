"""How much one client, and all of them together, may ask of the server."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.exceptions import HTTPException

from ...fusion.errors import OptionError
from ...fusion.types import Seconds

MiB = 1 << 20
_FILES = 512
"""Besides connections: uploads, models and what is imported."""
SHUTTING_DOWN = "The server is shutting down: try again later."


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Every bound of the server; each answer beyond one says which.

    max_body: bytes of one request. max_duration: seconds of audio in it.
    concurrency: jobs at once. queue: requests that may wait or upload besides
    (more get 429). timeout: seconds from the end of the upload to the answer,
    and those in which a live session's audio, or its end, is to be heard.
    idle: seconds without a byte from the client, also before the headers are
    complete. upload: seconds for the whole body. grace: seconds that running
    jobs get at shutdown. live: live sessions at once, besides the jobs; live_seconds: the longest one;
    live_idle: seconds after which one ends in which nothing comes.
    """

    max_body: int = 512 * MiB
    max_duration: Seconds = 4 * 3600.0
    concurrency: int = 1
    queue: int = 16
    timeout: Seconds = 3600.0
    idle: Seconds = 20.0
    upload: Seconds = 900.0
    grace: Seconds = 30.0
    live: int = 1
    live_seconds: Seconds = 2 * 3600.0
    live_idle: Seconds = 60.0
    max_connections: int = 2048
    max_header_bytes: int = 32 << 10

    def __post_init__(self) -> None:
        for name in self.__dataclass_fields__:
            least = 0 if name in ("queue", "live") else 1e-3
            if not least <= getattr(self, name) < float("inf"):
                raise OptionError(f"{name}={getattr(self, name)} must be a number above {'or at ' * (not least)}0.")


def allow_files(limits: Limits) -> None:
    """Let this process open as many files as connections are taken and work needs, as far as the system lets it.

    Usual bounds are 256 and 1024, at which new connections would wait without an answer.
    """
    if sys.platform == "win32":
        return
    import resource

    wanted = limits.max_connections + _FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


class Ticket:
    """One admitted request; `release` may be called from any thread, and twice.

    `keep` hands it to a job's thread, which then releases it.
    """

    def __init__(self, admission: Admission) -> None:
        self._admission: Admission | None = admission
        self._lock = threading.Lock()
        self.kept = False

    def keep(self) -> None:
        """Leave the releasing to somebody else."""
        self.kept = True

    def release(self) -> None:
        """Make room for the next request."""
        with self._lock:
            admission, self._admission = self._admission, None
        if admission is not None:
            admission._leave()  # noqa: SLF001  (a ticket is the admission's own half)


class Admission:
    """Counts the requests inside, and says how long the others should wait.

    A request is inside from its headers on, so that a thousand uploads at once
    fill neither memory nor disk.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._mean_seconds = 10.0
        self.inside = 0

    @contextmanager
    def enter(self) -> Iterator[Ticket]:
        """Admit one request, until the block ends or the job that took the ticket does.

        Raises:
            HTTPException: 429 with Retry-After where the queue is full.
        """
        with self._lock:
            if self.inside >= self._limits.concurrency + self._limits.queue:
                raise HTTPException(
                    429,
                    f"The queue of {self._limits.queue} requests is full: try again later.",
                    {"retry-after": str(self.retry_after())},
                )
            self.inside += 1
        ticket = Ticket(self)
        try:
            yield ticket
        finally:
            if not ticket.kept:
                ticket.release()

    def retry_after(self) -> int:
        """Whole seconds until a place is likely to be free, 1 to 600."""
        return int(min(max(self._mean_seconds / self._limits.concurrency, 1.0), 600.0))

    def finished(self, seconds: Seconds) -> None:
        """Learn from a finished job how long one takes."""
        with self._lock:
            self._mean_seconds += 0.2 * (seconds - self._mean_seconds)

    def _leave(self) -> None:
        with self._lock:
            self.inside -= 1


class Bucket:
    """Lets through a burst, and after that so many a second."""

    def __init__(self, burst: int, per_second: float) -> None:
        self._burst, self._rate = burst, per_second
        self._left, self._seen = float(burst), time.monotonic()

    def take(self) -> bool:
        """Whether one more may pass; whoever may not costs nothing."""
        now = time.monotonic()
        self._left = min(self._burst, self._left + self._rate * (now - self._seen))
        self._seen = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class Deadline:
    """A point in time, asked for what is left until it."""

    def __init__(self, seconds: Seconds) -> None:
        self._end = time.monotonic() + seconds

    def left(self, at_most: Seconds = float("inf")) -> Seconds:
        """Seconds left, from 0 to `at_most`."""
        return min(max(self._end - time.monotonic(), 0.0), at_most)


@dataclass(frozen=True, slots=True)
class Draining:
    """Whether the server is to end; and waiting that ends with it."""

    _begun: asyncio.Event = field(default_factory=asyncio.Event)

    def begin(self) -> None:
        """From now on nothing new is to be begun."""
        self._begun.set()

    @property
    def has_begun(self) -> bool:
        """Whether it is to end."""
        return self._begun.is_set()

    async def done(self, work: asyncio.Future[Any], seconds: Seconds | None = None) -> bool:
        """Whether `work` ends within so many seconds, and before the server is to end."""
        begun = asyncio.ensure_future(self._begun.wait())
        try:
            await asyncio.wait({work, begun}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            begun.cancel()
        return work.done()
