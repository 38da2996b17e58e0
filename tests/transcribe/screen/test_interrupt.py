"""Signals that end a job."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from diarfuse.transcribe.screen.interrupt import run_interruptible

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def handled(number: signal.Signals, handler: signal.Handlers) -> Iterator[None]:
    before = signal.signal(number, handler)
    try:
        yield
    finally:
        signal.signal(number, before)


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has no such signal")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_signal_that_ends_a_process_is_taken_for_ctrl_c_unless_it_is_ignored(name: str) -> None:
    number = getattr(signal, name)
    with handled(number, signal.SIG_DFL), pytest.raises(KeyboardInterrupt):
        run_interruptible(lambda cancel: (signal.raise_signal(number), cancel.wait(60)))
    with handled(number, signal.SIG_IGN):  # as nohup does
        assert run_interruptible(lambda _: signal.getsignal(number)) == signal.SIG_IGN
