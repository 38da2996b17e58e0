"""What is seen while people speak: who says what, what may still change dim, corrections in place."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Protocol

import click

from ...fusion.errors import printable
from ..screen.terminal import JsonLines, Quiet, json_line

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from ...diarize.live.ledger import Ledger
    from ...fusion.types import Seconds
    from ..screen.terminal import Reporter
    from .words import Words

_COLOURS = ("cyan", "magenta", "green", "yellow", "blue", "red")
_LINES = 12
"""Lines that can still be corrected in place; older ones have scrolled away."""
Line = tuple["Seconds", "str | None", str]


class Screen(Protocol):
    """Shows a session."""

    def show(self, words: Words, ledger: Ledger) -> None:
        """What holds now."""

    def note(self, sentence: str) -> None:
        """Something that a person should read."""

    def stop(self) -> None:
        """Nothing more comes."""


def screen(manner: Reporter) -> Screen:
    """A view in the manner of `manner`: silent, as JSON, or moving where stderr is a terminal, else line by line."""
    if type(manner) is Quiet:
        return Silent()
    if isinstance(manner, JsonLines):
        return Objects()
    return Moving() if sys.stderr is not None and sys.stderr.isatty() else Plain()


def lines_of(words: Words) -> list[Line]:
    """The words behind the commitment, a line for each change of speaker: start, speaker, text."""
    lines: list[Line] = []
    for segment in words.said:
        for word in segment.words:
            if lines and lines[-1][1] == word.speaker:
                start, speaker, text = lines[-1]
                lines[-1] = (start, speaker, text + word.text if word.text[:1].isspace() else f"{text} {word.text}")
            else:
                lines.append((word.start or 0.0, word.speaker, word.text))
    return lines


class Silent:
    """Nothing."""

    def show(self, words: Words, ledger: Ledger) -> None:
        """Show nothing."""

    def note(self, sentence: str) -> None:
        """Say nothing."""

    def stop(self) -> None:
        """Nothing to stop."""


class Plain(Silent):
    """A line on stderr once the next has begun; corrections are in the files and events."""

    def __init__(self) -> None:
        self._shown = 0
        self._rest: list[str] = []

    def show(self, words: Words, ledger: Ledger) -> None:
        """Print the lines that are complete."""
        lines = lines_of(words)
        for line in lines[self._shown : len(lines) - 1]:
            self._print(self._told(line, ledger))
        self._shown = max(self._shown, len(lines) - 1)
        self._rest = [self._told(line, ledger) for line in lines[self._shown :]]

    def note(self, sentence: str) -> None:
        """Print it."""
        self._print(printable(sentence))

    def stop(self) -> None:
        """Print the last line."""
        for line in self._rest:
            self._print(line)
        self._rest = []

    def _told(self, line: Line, ledger: Ledger) -> str:
        return _text(line, ledger)

    def _print(self, line: str) -> None:
        click.echo(line, err=True)


class Objects(Plain):
    """The same as JSON lines; docs/progress.md tells the fields."""

    def note(self, sentence: str) -> None:
        """Print it."""
        self._print(json_line("note", text=sentence))

    def _told(self, line: Line, ledger: Ledger) -> str:
        start, speaker, text = line
        return json_line("text", start=start, speaker=ledger.names.get(speaker or "", speaker), text=text.strip())


class Moving(Silent):
    """The last lines in colours, redrawn as they change."""

    def __init__(self, console: Console | None = None) -> None:
        from rich.console import Console
        from rich.live import Live

        self._live = Live(console=console or Console(stderr=True), auto_refresh=False, vertical_overflow="crop")
        self._live.start()
        self._scrolled = 0

    def show(self, words: Words, ledger: Ledger) -> None:
        """Draw the last lines anew; those that scroll away stay as they are."""
        from rich.text import Text

        lines = lines_of(words)
        for line in lines[self._scrolled : len(lines) - _LINES]:
            self._live.console.print(self._drawn(line, ledger))
        self._scrolled = max(self._scrolled, len(lines) - _LINES)
        speaking = {e.speaker for e in ledger.entries[-8:] if not e.over}
        now = ", ".join(sorted(ledger.names.get(s, s) if s else "somebody" for s in speaking))
        view = [self._drawn(line, ledger) for line in lines[max(self._scrolled, 0) :]]
        waiting = " ".join(segment.text.strip() for segment in words.waiting)
        view += [Text(printable(f"… {waiting}"), style="dim")] if waiting else []
        view += [Text(printable(f"● {now}"), style="dim")] if now else []
        self._live.update(Text("\n").join(view), refresh=True)

    def note(self, sentence: str) -> None:
        """Print it above what moves."""
        self._live.console.print(printable(sentence), markup=False, highlight=False)

    def stop(self) -> None:
        """Leave the cursor where it belongs."""
        self._live.stop()

    def _drawn(self, line: Line, ledger: Ledger) -> Text:
        from rich.text import Text

        place = int(line[1].rpartition("_")[2]) if line[1] else 0
        return Text(_text(line, ledger), style=_COLOURS[place % len(_COLOURS)] if line[1] else "dim")


def _text(line: Line, ledger: Ledger) -> str:
    minutes, seconds = divmod(int(line[0]), 60)
    speaker = "?" if line[1] is None else ledger.names.get(line[1], line[1])
    return printable(f"[{minutes}:{seconds:02d}] {speaker}: {line[2].strip()}")
