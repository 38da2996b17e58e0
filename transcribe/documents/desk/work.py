"""Recordings that are transcribed one after the other, each by a command of its own, as a person would type it.

So a job can be stopped at once, its memory goes back, and whatever the command refuses or keeps it does here as well.
It lasts as long as its stdin is held open (`job`): to stop it is to close that, and a program that is killed leaves
none behind.
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

from ....fusion.errors import DiarfuseError, OptionError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ....fusion.records import Json

State: TypeAlias = Literal["waiting", "running", "done", "failed", "stopped"]
UNDER_WAY: frozenset[State] = frozenset({"waiting", "running"})

Given: TypeAlias = "Callable[[], Sequence[str]]"
"""A command's options and files, as they are once its turn has come; raises `DiarfuseError` where it cannot be."""

COMMAND = (sys.executable, "-P", "-m", f"{__package__}.job")
"""This very program, whatever lies in the folder that it is started in."""
_WINDOWS_GROUP: int = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
_LAST_WORDS = 240
"""Characters of what was heard last."""
_GRACE = 10.0
"""Seconds that a stopped job has to tidy up, and to keep what it has heard, on however busy a machine."""


@dataclass(slots=True, eq=False)
class Task:
    """A recording in work. notes: what a person should know of the result."""

    recording: str
    given: Given
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
            self.error = f"{self.error} {text}".strip()  # where what was heard is kept, and then why
        elif kind == "stopped":  # by somebody else, as with kill
            self.state = "stopped"


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
        self._now: str | None = None
        self._changed = threading.Condition()
        self._ended = False
        self._thread = threading.Thread(target=self._serve, name="desk", daemon=True)
        self._thread.start()

    def start(self, recording: str, given: Given) -> None:
        """Have it done when its turn comes.

        Raises:
            OptionError: it is in work.
        """
        with self._changed:
            known = self._tasks.get(recording)
            if known is not None and known.state in UNDER_WAY:
                raise OptionError(f"{recording} is in work already.")
            task = self._tasks[recording] = Task(recording, given)
            self._waiting.append(task)
            self._changed.notify_all()

    def stop(self, recording: str) -> None:
        """Give it up, if it is not done."""
        with self._changed:
            task = self._tasks.get(recording)
            if task is None or task.state not in UNDER_WAY:
                return
            if task.state == "waiting":
                self._waiting.remove(task)
            elif self._process is not None:
                _end(self._process)
            task.state = "stopped"

    def told(self) -> dict[str | None, Json]:
        """What became of each recording, as the page is told."""
        return {name: task.to_json() for name, task in list(self._tasks.items())}

    def left(self) -> int:
        """How many are waiting or running."""
        return sum(task.state in UNDER_WAY for task in list(self._tasks.values()))

    @property
    def now(self) -> str | None:
        """The recording that a command is at work on, be it one that was stopped and is about to end."""
        return self._now

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
        self._thread.join(2 * _GRACE)

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
                self._now = task.recording if process is not None else None
            if process is not None:
                self._follow(task, process)
            with self._changed:
                self._process = self._now = None
                self._changed.notify_all()

    def _begun(self, task: Task) -> subprocess.Popen[bytes] | None:
        try:
            line = [*self._command, *task.given()]
            return subprocess.Popen(
                line,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                process_group=0,  # a terminal's Ctrl-C would be heard twice, once while the job tidies up
                creationflags=_WINDOWS_GROUP,
            )
        except DiarfuseError as error:
            task.error = str(error)
        except OSError as error:
            task.error = f"The job could not be started ({error.strerror or error})."
        task.state = "failed"
        return None

    def _follow(self, task: Task, process: subprocess.Popen[bytes]) -> None:
        with process:
            for line in process.stderr or ():
                # What a library prints is no line of ours.
                with contextlib.suppress(ValueError, TypeError, RecursionError):
                    event: Any = json.loads(line)
                    if isinstance(event, dict):
                        task.hear(event)
            status = process.wait()
        if not status:
            task.state = "done"  # also where somebody stopped it too late
        elif task.state != "stopped":
            task.state, task.error = "failed", task.error or _wordless(status)


def _wordless(status: int) -> str:
    """What to say of a job that said nothing."""
    if status == -getattr(signal, "SIGKILL", 0):
        return "The job was killed, as the system does when memory runs out: free some, or take shorter recordings."
    return f"The job ended without a word (exit code {status}): try it on the command line."


def _end(process: subprocess.Popen[bytes]) -> None:
    """Have it tidy up and end; after the grace it is killed."""
    if process.stdin is not None:
        process.stdin.close()
    late = threading.Timer(_GRACE, process.kill)
    late.daemon = True
    late.start()
