"""Recordings that are transcribed one after the other, each by a command of its own, as a person would type it.

So a job can be stopped at once, its memory goes back, and whatever the command refuses or keeps it does here as well.
"""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import threading
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from ....fusion.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ....fusion.records import Json

State: TypeAlias = Literal["waiting", "running", "done", "failed", "stopped"]

COMMAND = (sys.executable, "-P", "-m", __name__.partition(".")[0])
"""This very program, whatever lies in the folder that it is started in."""
_LAST_WORDS = 240
"""Characters of what was heard last."""
_GRACE = 5.0
"""Seconds that a stopped job has to tidy up."""


@dataclass(slots=True, eq=False)
class Task:
    """A recording in work. given: the command's options and files. notes: what a person should know of the result."""

    recording: str
    given: Sequence[str]
    state: State = "waiting"
    doing: str = ""
    fraction: float = 0.0
    left: float | None = None
    words: str = ""
    notes: list[str] = field(default_factory=list)
    error: str = ""

    def to_json(self) -> Json:
        """What the page is told."""
        told: Json = {"state": self.state, "doing": self.doing, "fraction": self.fraction, "left": self.left}
        return told | {"words": self.words, "notes": list(self.notes), "error": self.error}

    def hear(self, event: Json) -> None:
        """Take in a line of ``--json-progress`` (docs/progress.md)."""
        kind, text = event.get("event"), str(event.get("text", ""))
        if kind == "progress":
            self.doing, self.fraction = str(event.get("doing", "")), float(event.get("fraction", 0.0))
            self.left = event.get("seconds_left")
        elif kind == "text":
            self.words = f"{self.words} {text}".strip()[-_LAST_WORDS:]
        elif kind == "note":
            self.notes.append(text)
        elif kind == "error":
            self.error = text


class Work:
    """What is to be done.

    Args:
        command: what stands before a task's options.
    """

    def __init__(self, command: Sequence[str] = COMMAND) -> None:
        self._command = command
        self._tasks: dict[str, Task] = {}
        self._waiting: deque[Task] = deque()
        self._process: subprocess.Popen[bytes] | None = None
        self._changed = threading.Condition()
        self._ended = False
        self._thread = threading.Thread(target=self._serve, name="desk", daemon=True)
        self._thread.start()

    def start(self, recording: str, given: Sequence[str]) -> None:
        """Have it done when its turn comes.

        Raises:
            OptionError: it is in work.
        """
        with self._changed:
            known = self._tasks.get(recording)
            if known is not None and known.state in ("waiting", "running"):
                raise OptionError(f"{recording} is in work already.")
            task = self._tasks[recording] = Task(recording, given)
            self._waiting.append(task)
            self._changed.notify_all()

    def stop(self, recording: str) -> None:
        """Give it up, if it is not done."""
        with self._changed:
            task = self._tasks.get(recording)
            if task is None or task.state not in ("waiting", "running"):
                return
            if task.state == "waiting":
                self._waiting.remove(task)
            elif self._process is not None:
                _interrupt(self._process)
            task.state = "stopped"

    def task(self, recording: str) -> Task | None:
        """What became of it."""
        return self._tasks.get(recording)

    def left(self) -> int:
        """How many are waiting or running."""
        return sum(task.state in ("waiting", "running") for task in list(self._tasks.values()))

    def wait(self) -> None:
        """Until nothing is in work."""
        with self._changed:
            while self._waiting or self._process is not None:
                self._changed.wait(0.5)  # so that Ctrl-C is heard on every system

    def end(self) -> None:
        """Give up all that is left, and take no more."""
        with self._changed:
            self._ended = True
            for task in list(self._tasks.values()):
                self.stop(task.recording)
            self._changed.notify_all()
        self._thread.join(_GRACE)
        if self._process is not None:
            self._process.kill()

    def _serve(self) -> None:
        while True:
            with self._changed:
                while not self._waiting and not self._ended:
                    self._changed.wait()
                if self._ended:
                    return
                task = self._waiting.popleft()
                task.state = "running"
                process = self._process = self._begun(task)
            if process is not None:
                self._follow(task, process)
            with self._changed:
                self._process = None
                self._changed.notify_all()

    def _begun(self, task: Task) -> subprocess.Popen[bytes] | None:
        line = [*self._command, *task.given]
        try:
            return subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        except OSError as error:
            task.state, task.error = "failed", f"The job could not be started ({error.strerror or error})."
            return None

    def _follow(self, task: Task, process: subprocess.Popen[bytes]) -> None:
        with process:
            for line in process.stderr or ():
                with contextlib.suppress(ValueError):  # what a library prints is no line of ours
                    event: Any = json.loads(line)
                    if isinstance(event, dict):
                        task.hear(event)
            status = process.wait()
        if task.state == "stopped":
            return
        task.state = "failed" if status else "done"
        if status and not task.error:
            task.error = f"The job ended without a word (exit code {status}): try it on the command line."


def _interrupt(process: subprocess.Popen[bytes]) -> None:
    """As Ctrl-C does, so that it tidies up; on Windows it is ended."""
    with contextlib.suppress(OSError):
        if sys.platform == "win32":
            process.terminate()
        else:
            process.send_signal(signal.SIGINT)
