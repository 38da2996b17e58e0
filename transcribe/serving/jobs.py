"""One job from the event loop: started in a thread, watched, and stopped when nobody waits for it any more."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeVar

from starlette.exceptions import HTTPException

from ...fusion.errors import AudioError, CancelledError, DiarfuseError, OptionError
from ...fusion.types import Diarization, OnSegment, Seconds, Transcript
from ..options import Wish
from .limits import SHUTTING_DOWN, Admission, Draining, Limits, Ticket
from .log import Metrics, Stopwatch, error_event, event

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class JobRequest:
    """What the server asks of the rest of the program; nothing in it says who sent it.

    path: the upload, under a name of ours. cancel: set when nobody waits any more. on_segment: hears, in the job's
    thread, of segments that are sure before the job is done.
    """

    path: Path
    wish: Wish
    max_duration: Seconds
    cancel: threading.Event = field(default_factory=threading.Event)
    on_segment: OnSegment | None = None


class JobAnswer(Protocol):
    """What comes back; `transcribe.job.Result` is one."""

    @property
    def transcript(self) -> Transcript:
        """The words, with anonymous speakers if asked for."""
        ...

    @property
    def diarization(self) -> Diarization | None:
        """Who spoke when, if asked for."""
        ...


RunJob = Callable[[JobRequest], JobAnswer]


class Jobs:
    """Runs jobs in `limits.concurrency` threads. A place is free again when the thread is, not when the client left.

    Once `draining` begins no job starts any more; those that wait are refused, and those that run have
    `limits.grace` seconds.
    """

    def __init__(
        self, run_job: RunJob, limits: Limits, admission: Admission, metrics: Metrics, draining: Draining
    ) -> None:
        self._run_job = run_job
        self._limits = limits
        self._admission = admission
        self._metrics = metrics
        self._pool = ThreadPoolExecutor(limits.concurrency, thread_name_prefix="job")
        self._running: set[threading.Event] = set()
        self._draining = draining

    @contextmanager
    def start(self, request: JobRequest, ticket: Ticket) -> Iterator[Future[JobAnswer]]:
        """Start one job, or queue it; leaving the block in any way stops it.

        The place stays taken until the job's thread has ended.

        Raises:
            HTTPException: 503 the server is shutting down.
        """
        if self._draining.has_begun:
            raise shutting_down()
        future = self._pool.submit(self._work, request)
        ticket.keep()
        future.add_done_callback(lambda _: ticket.release())
        self._running.add(request.cancel)
        try:
            yield future
        finally:
            self._running.discard(request.cancel)
            request.cancel.set()
            future.cancel()

    async def result(self, future: Future[JobAnswer], request: JobRequest) -> JobAnswer:
        """Wait for a started job.

        Raises:
            HTTPException: 400 the audio or a value is unusable, 500 the job
                failed, 503 the server is to end before the job does, 504 it
                took longer than `limits.timeout`.
        """
        waiting = asyncio.wrap_future(future)
        # An error that nobody took would be logged with all its words, also after the client has left.
        waiting.add_done_callback(lambda done: done.cancelled() or done.exception())
        if not await self._draining.done(waiting, self._limits.timeout) and self._draining.has_begun:
            if not future.cancel():  # it has begun
                await asyncio.wait({waiting}, timeout=self._limits.grace)
            if not future.done() or future.cancelled():
                raise shutting_down()
        if future.done():
            return _result(future, request)
        raise HTTPException(
            504,
            f"The job took longer than {self._limits.timeout:g} s and was stopped: send a shorter recording.",
            {"x-should-retry": "false"},
        )

    async def unless_draining(self, work: Awaitable[T]) -> T:
        """What `work` gives.

        Raises:
            HTTPException: 503 the server is to end before `work` does.
        """
        task = asyncio.ensure_future(work)
        try:
            if not await self._draining.done(task):
                raise shutting_down()
            return task.result()
        finally:
            task.cancel()

    def stop(self) -> None:
        """Ask every job to stop, and start no more."""
        for cancel in tuple(self._running):
            cancel.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _work(self, request: JobRequest) -> JobAnswer:
        clock, outcome, duration = Stopwatch(), "failed", 0.0
        try:
            answer = self._run_job(request)
            outcome, duration = "done", answer.transcript.duration
        except CancelledError:
            outcome = "cancelled"
            raise
        except (AudioError, OptionError):
            outcome = "refused"
            raise
        finally:
            self._report(outcome, clock.seconds(), duration)
        return answer

    def _report(self, outcome: str, seconds: Seconds, duration: Seconds) -> None:
        self._admission.finished(seconds)
        self._metrics.add("jobs_total", outcome=outcome)
        self._metrics.add("job_seconds_total", seconds)
        self._metrics.add("audio_seconds_total", duration)
        event("job", outcome=outcome, seconds=seconds, audio_seconds=round(duration, 1))


def shutting_down() -> HTTPException:
    """The answer to whoever asks too late."""
    return HTTPException(503, SHUTTING_DOWN, {"retry-after": "30"})


def _result(future: Future[JobAnswer], request: JobRequest) -> JobAnswer:
    error = future.exception()
    if error is None:
        return future.result()
    if isinstance(error, (AudioError, OptionError)):
        raise HTTPException(400, _without_path(str(error), request.path))
    error_event("job failed", error)
    # A failure of the server is told without its details: they are in the log, as a class and a place.
    kind = type(error).__name__ if isinstance(error, DiarfuseError) else "an unexpected error"
    raise HTTPException(500, f"The transcription failed on the server ({kind}): tell its operator.")


def _without_path(message: str, path: Path) -> str:
    """`message` about the client's file, not about a place on our disk."""
    whole, name, folder = (re.escape(known) for known in (str(path), path.name, str(path.parent)))
    # At once, so that nothing is replaced within a replacement; the name may be a plain word, and part of another.
    return re.sub(rf"{whole}|{folder}|(?<![\w-]){name}(?![\w-])", "the uploaded file", message)
