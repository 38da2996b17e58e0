"""The server's jobs: an upload's length is checked, then `transcribe.job` does what the command line does."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ...diarize.options import Execution
from ...fusion.audio.decode import decode
from ...fusion.errors import AudioError, CancelledError
from ...fusion.types import Seconds
from ...fusion.watch import unheard, usable_cores
from ..job import Job, Result
from ..options import Setup
from .jobs import JobRequest


def make_run_job(setup: Setup, concurrency: int = 1, lender: Job | None = None) -> Callable[[JobRequest], Result]:
    """Do jobs with `setup`, `concurrency` at once.

    Each thread keeps its own recogniser with its share of the cores; all find turns with the networks of one diarizer,
    that of `lender` if given. A job that is alone does its work with `lender` itself.
    """
    local, lender = threading.local(), lender or Job(setup)
    setup = replace(setup, execution=share(setup.execution, concurrency))

    def run_job(request: JobRequest) -> Result:
        check_duration(request.path, request.max_duration, request.cancel)
        if not hasattr(local, "job"):
            local.job = lender if concurrency == 1 else Job(setup, lender)
        job: Job = local.job
        job.choose()  # not by what the first client asks for, which would hold for all others
        return job.transcribe(request.path, request.wish, cancel=request.cancel, on_segment=request.on_segment)

    return run_job


def share(execution: Execution, concurrency: int) -> Execution:
    """How one of `concurrency` jobs computes: with its part of the cores, unless threads were asked for.

    >>> share(Execution(threads=3), 2).threads
    3
    """
    if execution.threads or concurrency == 1:
        return execution
    return replace(execution, threads=max(1, usable_cores() // concurrency))


def check_duration(path: Path, limit: Seconds, cancel: threading.Event) -> Seconds:
    """Decode a recording block by block, keeping nothing, and refuse it beyond `limit` seconds.

    A header may lie and a compressed file unpack to a thousand times its size;
    counting what really comes out costs a few seconds an hour of audio.

    Raises:
        AudioError: too long, or no audio.
        CancelledError: nobody waits any more.
    """
    seconds = 0.0
    for block in decode(path, unheard):  # what is wrong with the file is said by the job itself
        seconds += len(block.samples) / block.rate
        if seconds > limit:
            raise AudioError(f"The audio is longer than {limit / 60:g} minutes: send it in parts.")
        if cancel.is_set():
            raise CancelledError("Stopped, as asked.")
    return seconds
