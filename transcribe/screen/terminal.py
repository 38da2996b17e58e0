"""What a person sees while the work is going on: a bar on a terminal, only sentences elsewhere, or JSON lines."""

from __future__ import annotations

import json
import sys
import threading
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Self

import click

from ...fusion.errors import printable
from .progress import Meter
from .unfailing import silence_stdout

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ...fusion.audio import AudioSource
    from ...fusion.types import Segment
    from .progress import Progress

MANNER = f"{__name__}.manner"
"""Where click keeps which of ``--quiet`` and ``--json-progress`` were given."""
PENDING = f"{__name__}.pending"
"""Where click keeps sentences that are to be read once the call is seen to be one that can be done."""


class Reporter(AbstractContextManager["Reporter"]):
    """Receives the job's progress and sentences, and tells nobody; what is to be told, others override."""

    def __exit__(self, *_: object) -> None:
        """Nothing to close."""

    def on_progress(self, stage: str, done: int, total: int) -> None:
        """A stage has come to `done` of `total`."""

    def note(self, sentence: str) -> None:
        """Something the user should read."""

    def problem(self, sentence: str) -> None:
        """A recording failed; the sentence names it."""

    def start(self, title: str) -> None:
        """A new recording begins."""

    def heard(self, segment: Segment) -> None:
        """A segment was recognised, whose speaker is not known yet."""

    def about(self, title: str) -> None:
        """What is told from here on is of an earlier recording."""

    def wrote(self, path: Path, what: str) -> None:
        """A file was written, which holds `what`."""

    def last(self, sentence: str) -> None:
        """What is to be said after all recordings."""

    def rest(self) -> None:
        """The result follows on stdout: what moves makes room."""


def reporter(
    recordings: Sequence[AudioSource] = (), expect: Sequence[str] = (), *, bar: bool = True, checked: bool = True
) -> Reporter:
    """What was asked for; usually a bar where stderr is a terminal, and sentences elsewhere.

    Args:
        recordings: all that will be worked on, for the bar; sentences name them where there are several.
        expect: the stages of each, see `progress.expected`.
        bar: whether there may be one: work of a second has none.
        checked: whether the call was, so that what is pending can be told; else it is at the end.
    """
    context = click.get_current_context(silent=True)
    manner = () if context is None else _manner(context)
    meter = Meter(expect, [_size(path) for path in recordings] or [1.0])
    found = _of_manner(manner, meter, bar=bar, named=len(recordings) > 1)
    for sentence in context.meta.pop(PENDING, ()) if context is not None and checked else ():
        found.note(sentence)
    return found


def _of_manner(manner: tuple[str, ...], meter: Meter, *, bar: bool, named: bool) -> Reporter:
    if "quiet" in manner:
        return Quiet()
    if "json_progress" in manner:
        return JsonLines(meter)
    if bar and sys.stderr is not None and sys.stderr.isatty():
        return Terminal(meter)
    return Sentences(named=named)


def is_quiet() -> bool:
    """Whether nothing but errors was asked for."""
    context = click.get_current_context(silent=True)
    return context is not None and "quiet" in _manner(context)


def note(sentence: str) -> None:
    """Something the user should read, of a command without a bar."""
    reporter(bar=False).note(sentence)


def outcome(*sentences: str) -> None:
    """What came of a command whose result is no text: lines on stdout, for whoever did not ask for silence.

    Where stdout takes none they go to stderr: what was done is done, and no failure.
    """
    if is_quiet():
        return
    told = "\n".join(sentences)
    try:
        click.echo(told)
    except OSError:
        silence_stdout()
        click.echo(told, err=True)


def _manner(context: click.Context) -> tuple[str, ...]:
    """What was asked for.

    Raises:
        UsageError: silence, and something that breaks it.
    """
    manner: tuple[str, ...] = context.meta.get(MANNER, ())
    loud = [name for name in ("json_progress", "live_text", "verbose") if name in manner or context.params.get(name)]
    if "quiet" in manner and loud:
        raise click.UsageError(f"--quiet and --{loud[0].replace('_', '-')} do not go together: leave one out.", context)
    return manner


def _size(recording: AudioSource) -> float:
    from ...fusion.audio.separate import files_of

    try:
        return max(sum(file.stat().st_size for file in files_of(recording)), 1.0)
    except OSError:  # it fails when its turn comes
        return 1.0


class Quiet(Reporter):
    """Errors, and nothing else."""

    def problem(self, sentence: str) -> None:
        """Print it as the command's own errors are."""
        click.echo(f"Error: {printable(sentence)}", err=True)

    def last(self, sentence: str) -> None:
        """Print it: some recordings failed."""
        click.echo(printable(sentence), err=True)


class Sentences(Quiet):
    """Notes on stderr, each once a recording; no bar."""

    def __init__(self, *, named: bool = False) -> None:
        self._named = named
        self._prefix = ""
        self._said: set[str] = set()

    def note(self, sentence: str) -> None:
        """Print it, unless it was said before."""
        if sentence not in self._said:
            self._said.add(sentence)
            click.echo(printable(self._prefix + sentence), err=True)

    def start(self, title: str) -> None:
        """The recording's name goes in front of what follows."""
        self._said.clear()
        self._prefix = f"{title}: " if self._named else ""

    def heard(self, segment: Segment) -> None:
        """Print its text."""
        click.echo(printable(segment.text.strip()), err=True)

    def wrote(self, path: Path, what: str) -> None:
        """Print it, the file first."""
        click.echo(printable(f"Wrote {path}: {what}."), err=True)


class JsonLines(Reporter):
    """One JSON object a line on stderr; docs/progress.md tells the fields."""

    def __init__(self, meter: Meter) -> None:
        self._meter, self._file = meter, ""
        self._shown: tuple[str, int] = ("", -1)
        self._lock = threading.Lock()

    def on_progress(self, stage: str, done: int, total: int) -> None:
        """Told where the stage, or a hundredth of the whole, is another than before."""
        with self._lock:
            found = self._meter.report(stage, done, total)
            shown = (found.stage, int(100 * found.fraction))
            if shown == self._shown:
                return
            self._shown = shown
        left = None if found.left is None else round(found.left)
        self._say("progress", stage=stage, doing=found.stage, fraction=round(found.fraction, 4), seconds_left=left)

    def note(self, sentence: str) -> None:
        """A sentence for people."""
        self._say("note", text=sentence)

    def problem(self, sentence: str) -> None:
        """The recording failed."""
        self._say("error", text=sentence)

    def start(self, title: str) -> None:
        """The next recording."""
        self._meter.start()
        self._file = title
        self._say("start", of=len(self._meter.sizes))

    def heard(self, segment: Segment) -> None:
        """What was recognised."""
        self._say("text", start=segment.start, end=segment.end, text=segment.text.strip())

    def about(self, title: str) -> None:
        """Another recording, which was begun before."""
        self._file = title

    def wrote(self, path: Path, what: str) -> None:
        """A file that is there now."""
        self._say("written", path=str(path), what=what)

    def last(self, sentence: str) -> None:
        """A sentence about all recordings."""
        self._file = ""
        self.note(sentence)

    def _say(self, event: str, **fields: Any) -> None:
        click.echo(json_line(event, file=self._file, **fields), err=True)


def json_line(event: str, **fields: Any) -> str:
    """One line of ``--json-progress``, in ASCII, so that no encoding of a terminal can spoil it."""
    return json.dumps({"event": event, **fields})


class Terminal(Reporter):
    """One bar for all of the work, with what is being done and the time that is left; notes above it."""

    def __init__(self, meter: Meter) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, TaskProgressColumn, TextColumn
        from rich.progress import Progress as Bars
        from rich.table import Column

        self._meter, self._lock = meter, threading.Lock()
        console = Console(stderr=True)
        words = Column(no_wrap=True, overflow="ellipsis", ratio=1)
        self._bars = Bars(
            TextColumn("{task.description}", markup=False, table_column=words),
            BarColumn(max(5, min(20, console.width // 8))),
            TaskProgressColumn(),
            TextColumn("{task.fields[left]}", table_column=Column(no_wrap=True)),
            console=console,
            transient=True,
            expand=True,
        )
        self._task = self._bars.add_task("", total=1.0, left="")
        self._said: set[str] = set()
        self._title = ""

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Take the bar away; the cursor comes back."""
        self._bars.stop()

    def on_progress(self, stage: str, done: int, total: int) -> None:
        """Move the bar."""
        with self._lock:
            found = self._meter.report(stage, done, total)
        self._bars.update(self._task, completed=found.fraction, description=self._described(found), left=found.told())

    def _described(self, found: Progress) -> str:
        return f"{found.number} of {found.of}  {found.stage}  {self._title}" if found.of > 1 else found.stage

    def note(self, sentence: str) -> None:
        """Print it above the bar, unless it was said before."""
        if sentence not in self._said:
            self._said.add(sentence)
            self._print(sentence)

    def problem(self, sentence: str) -> None:
        """Print it in red above the bar."""
        self._print(f"Error: {sentence}", "red")

    def start(self, title: str) -> None:
        """The bar bears the recording's name; notes may come again."""
        with self._lock:
            self._meter.start()
        self._title = printable(title)
        self._said.clear()
        self._bars.update(self._task, description=self._title)
        self._bars.start()

    def heard(self, segment: Segment) -> None:
        """Its text above the bar."""
        self._print(segment.text.strip(), "dim")

    def wrote(self, path: Path, what: str) -> None:
        """Print it above the bar."""
        self._print(f"Wrote {path}: {what}.")

    def last(self, sentence: str) -> None:
        """Print it."""
        self._print(sentence)

    def rest(self) -> None:
        """Take the bar away."""
        self._bars.stop()

    def _print(self, sentence: str, style: str | None = None) -> None:
        self._bars.console.print(printable(sentence), style=style, markup=False, highlight=False, soft_wrap=True)
