"""A job of the desk's ends with whoever began it, however that ended."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from diarfuse.transcribe.documents.desk.work import COMMAND
from tests.programs import started


@pytest.mark.skipif(sys.platform == "win32", reason="signals are ignored there in another way")
def test_it_ends_with_its_stdin_whatever_signals_its_starter_ignores(tmp_path: Path) -> None:
    ignored = (signal.SIGINT, signal.SIGTERM)  # as a shell has it with what it starts in the background
    before = [signal.signal(number, signal.SIG_IGN) for number in ignored]
    with ExitStack() as stack:
        try:
            line = [*COMMAND, "open", str(tmp_path), "--no-browser"]
            process = stack.enter_context(started(line, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        finally:
            for number, handler in zip(ignored, before, strict=True):
                signal.signal(number, handler)
        assert process.stdin is not None
        assert process.stderr is not None
        assert "http://127.0.0.1:" in process.stderr.readline()
        process.stdin.close()  # as the system does when whoever holds it is killed
        assert "Traceback" not in process.stderr.read()
        assert process.wait(60) == 0
