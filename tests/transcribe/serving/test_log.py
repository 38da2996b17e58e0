"""What the operator sees: JSON, and not a word of anybody's."""

from __future__ import annotations

import json
import logging
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from diarfuse.transcribe.serving.log import JsonFormatter
from tests import asking
from tests.programs import started
from tests.transcribe.serving.wire import BOUND, HEAD, WHOLE


def test_logs_are_json_and_know_nothing(serving, caplog) -> None:
    caplog.set_level(logging.INFO)
    with serving() as live:
        live.job.error = ValueError("Ana said hello")
        live.job.go.set()
        live.post(file=("ana_doctor_visit.wav", b"RIFF"), language="en")
        asking.get(f"{live.url}/ana_doctor_visit")
    lines = [JsonFormatter().format(record) for record in caplog.records]
    entries = [json.loads(line) for line in lines]
    assert {"request", "job", "job failed"} <= {entry["event"] for entry in entries}
    failed = next(entry for entry in entries if entry["event"] == "job failed")
    assert failed["error"] == "ValueError"
    assert all("ana" not in line.lower() and "127.0.0.1" not in line for line in lines)


TALKATIVE = """
import logging, signal, threading, warnings
from diarfuse.fusion.errors import CancelledError
from diarfuse.transcribe.serving.app import serve

def run_job(request):
    logging.getLogger("some.engine").warning("heard: Ana said hello")
    warnings.warn("Ana said hello", stacklevel=1)
    if request.wish.language == "en":
        raise ValueError("Ana said hello")
    request.cancel.wait(60)
    raise CancelledError("Ana left")

serve(run_job, port=0)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGTERM")
def test_nothing_but_json_without_words_is_ever_printed(tmp_path: Path) -> None:
    """A process of its own, with a talkative engine: a job that fails, a client that leaves, and the end."""
    alone = os.environ | {"TMPDIR": str(tmp_path)}  # what a killed server left elsewhere would be told of first
    with started(
        [sys.executable, "-c", TALKATIVE],
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).resolve().parents[3],
        env=alone,
    ) as process:
        assert process.stderr is not None
        lines = [process.stderr.readline()]
        url = f"http://127.0.0.1:{json.loads(lines[0])['port']}/v1/audio/transcriptions"
        form = {"files": {"file": ("ana.wav", b"RIFF")}}
        assert asking.post(url, data={"language": "en"}, **form).status_code == 500
        with socket.create_connection(("127.0.0.1", json.loads(lines[0])["port"]), timeout=60) as leaves:
            leaves.sendall(HEAD + BOUND + b"Content-Length: %d\r\n\r\n" % len(WHOLE) + WHOLE)
            while sum('"some.engine"' in line for line in lines) < 2:  # the job is at work
                lines.append(process.stderr.readline() or pytest.fail(f"it ended after {lines}"))
        while not any('"cancelled"' in line for line in lines):
            lines.append(process.stderr.readline() or pytest.fail(f"it ended after {lines}"))
        process.terminate()
        lines += process.stderr.readlines()
    events = [json.loads(line)["event"] for line in lines]
    assert {"listening", "job failed", "job", "request", "some.engine", "py.warnings"} <= set(events)
    assert "asyncio" not in events  # it complains of errors that nobody took
    assert "ana" not in "".join(lines).lower()
