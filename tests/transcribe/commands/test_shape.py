"""What every help begins with, and the headings that options stand under."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import click
import pytest

from diarfuse.transcribe.__main__ import run
from diarfuse.transcribe.cli import all_commands
from diarfuse.transcribe.commands.shape import PLAIN, Command, examples


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command, those of groups included, by the words that call it."""
    for name, command in all_commands().items():
        yield name, command
        for inner, one in getattr(command, "commands", {}).items():
            yield f"{name} {inner}", one


ALL = dict(commands())


@pytest.mark.parametrize("name", ALL)
def test_every_help_begins_with_commands_to_paste_that_parse(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*name.split(), "--help"]) == 0
    shown = capsys.readouterr().out
    lines = examples(ALL[name])
    assert shown.startswith("".join(f"  {line}\n" for line in lines) + "\nUsage: transcribe ")
    assert lines
    for line in lines:
        program, *words = shlex.split(line.rpartition(" | ")[2])
        assert program == "transcribe"
        called = name.removesuffix("run").split()  # the word `run` can be left out
        if not isinstance(ALL[name], click.Group):
            assert words[: len(called)] == called
        given = {word.partition("=")[0] for word in words if word.startswith("-") and word != "-"}
        known = {option for one in ALL[name].params for option in one.opts}
        assert given <= known or isinstance(ALL[name], click.Group)


def test_options_stand_under_headings_each_once(capsys: pytest.CaptureFixture[str]) -> None:
    command = ALL["run"]
    assert isinstance(command, Command)
    assert run(["help", "run"]) == 0
    shown = capsys.readouterr().out
    headings = re.findall(r"^(\S.*):$", shown, re.MULTILINE)
    assert headings[-1] == PLAIN
    assert len(headings) == len(set(headings)) > 4
    for option in (one for one in command.params if isinstance(one, click.Option)):
        names = ", ".join(option.opts)
        assert len(re.findall(rf"^  {re.escape(names)}(?![\w-])", shown, re.MULTILINE)) == 1
        assert option.name in command.headings
        assert command.headings[str(option.name)] != PLAIN
