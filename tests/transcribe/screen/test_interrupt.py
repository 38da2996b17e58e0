"""Signals that end a job."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from diarfuse.transcribe.screen.interrupt import run_interruptible

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def handled(number: signal.Signals, handler: Any) -> Iterator[None]:
    before = signal.signal(number, handler)
    try:
        yield
    finally:
        signal.signal(number, before)


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has no such signal")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGQUIT"])
def test_a_signal_that_ends_a_process_is_taken_for_ctrl_c_unless_it_is_ignored(name: str) -> None:
    number = getattr(signal, name)
    with handled(number, signal.SIG_DFL):
        with pytest.raises(KeyboardInterrupt):
            run_interruptible(lambda cancel: (signal.raise_signal(number), cancel.wait(60)))
        assert (signal.getsignal(number) == signal.SIG_DFL) == (name == "SIGQUIT")  # which ends it the second time
    with handled(number, signal.SIG_IGN):  # as nohup does
        assert run_interruptible(lambda _: signal.getsignal(number)) == signal.SIG_IGN


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no signal to itself alone")
def test_interrupted_work_has_time_to_tidy_up() -> None:
    tidied = threading.Event()

    def work(cancel: threading.Event) -> None:
        time.sleep(0.05)  # until the main thread waits, in the middle of which `raise_signal` here would not come
        os.kill(os.getpid(), signal.SIGINT)
        cancel.wait(60)
        time.sleep(0.05)
        tidied.set()

    with handled(signal.SIGINT, signal.default_int_handler), pytest.raises(KeyboardInterrupt):
        run_interruptible(work)
    assert tidied.is_set()
