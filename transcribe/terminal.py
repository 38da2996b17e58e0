"""What a person sees while the work is going on: bars on a terminal, only sentences elsewhere."""

from __future__ import annotations

import sys
import threading
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

import click

from ..fusion.errors import printable

if TYPE_CHECKING:
    from types import TracebackType

    from rich.progress import Progress as Bars
    from rich.progress import TaskID


class Reporter(AbstractContextManager["Reporter"], Protocol):
    """Receives the job's progress and sentences."""

    def on_progress(self, stage: str, done: int, total: int) -> None:
        """A stage has come to `done` of `total`."""

    def note(self, sentence: str) -> None:
        """Something the user should read."""

    def problem(self, sentence: str) -> None:
        """A recording failed; the sentence names it."""

    def start(self, title: str) -> None:
        """A new recording begins."""


def reporter(*, named: bool = False) -> Reporter:
    """Bars where stderr is a terminal; else sentences, with the recording's name in front if `named`."""
    return Terminal() if sys.stderr is not None and sys.stderr.isatty() else Sentences(named=named)


class Sentences(Reporter):
    """Notes on stderr, each once a recording; no bars."""

    def __init__(self, *, named: bool = False) -> None:
        self._named = named
        self._prefix = ""
        self._said: set[str] = set()

    def __exit__(self, *_: object) -> None:
        """Nothing to close."""

    def on_progress(self, stage: str, done: int, total: int) -> None:
        """Not shown."""

    def note(self, sentence: str) -> None:
        """Print it, unless it was said before."""
        if sentence not in self._said:
            self._said.add(sentence)
            click.echo(printable(self._prefix + sentence), err=True)

    def problem(self, sentence: str) -> None:
        """Print it as the command's own errors are."""
        click.echo(f"Error: {printable(sentence)}", err=True)

    def start(self, title: str) -> None:
        """The recording's name goes in front of what follows."""
        self._said.clear()
        self._prefix = f"{title}: " if self._named else ""


class Terminal(Reporter):
    """One bar a stage, with the time that is left; notes above the bars."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

        self._bars: Bars = Progress(
            TextColumn("{task.description:<24}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeRemainingColumn(compact=True, elapsed_when_finished=True),
            console=Console(stderr=True),
        )
        self._tasks: dict[str, TaskID] = {}
        self._said: set[str] = set()
        self._lock = threading.Lock()

    def __enter__(self) -> Terminal:  # noqa: PYI034  # typing.Self is younger than Python 3.10
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the bars as they are; the cursor comes back."""
        self._bars.stop()

    def on_progress(self, stage: str, done: int, total: int) -> None:
        """Move the stage's bar, making it first if needed."""
        with self._lock:
            if stage not in self._tasks:
                self._tasks[stage] = self._bars.add_task(stage, total=total)
        self._bars.update(self._tasks[stage], completed=done, total=total)

    def note(self, sentence: str) -> None:
        """Print it above the bars, unless it was said before."""
        if sentence not in self._said:
            self._said.add(sentence)
            self._bars.console.print(printable(sentence), markup=False, highlight=False)

    def problem(self, sentence: str) -> None:
        """Print it in red above the bars."""
        self._bars.console.print(f"Error: {printable(sentence)}", style="red", markup=False, highlight=False)

    def start(self, title: str) -> None:
        """Begin a new set of bars under the recording's name."""
        with self._lock:
            for task in self._tasks.values():
                self._bars.remove_task(task)
            self._tasks.clear()
        self._said.clear()
        self._bars.console.print(printable(title), markup=False, highlight=False)
