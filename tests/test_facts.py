"""One fact in one place: what a command promises by default is what the library does by default."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import diarfuse
from diarfuse.diarize.models.pack_file import PACKS
from diarfuse.diarize.options import Execution, Options
from diarfuse.exporters.style import Style
from diarfuse.fusion.layout import Layout
from diarfuse.transcribe.cli import COMMANDS, cli
from diarfuse.transcribe.options import Setup, Wish
from diarfuse.transcribe.serving.limits import Limits

ROOT = Path(diarfuse.__file__).resolve().parent
FOLDERS = ("fusion", "diarize", "asr_adapters", "exporters", "transcribe")
HOMES = (Execution, Options, Style, Layout, Setup, Wish, Limits)
SCALED = {"max_body": 2**20, "max_duration": 60.0, "timeout": 60.0}
"""Options that a person gives in another unit: MiB and minutes."""


def defaults() -> dict[str, object]:
    """Field -> its default, of all the dataclasses whose fields are options."""
    return {
        field.name: field.default
        for home in HOMES
        for field in dataclasses.fields(home)
        if field.default is not dataclasses.MISSING
    }


def options(command: click.Command) -> Iterator[click.Option]:
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            yield from options(inner)
    yield from (parameter for parameter in command.params if isinstance(parameter, click.Option))


@pytest.mark.parametrize("name", COMMANDS)
def test_defaults_of_options_are_those_of_the_library(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    known = defaults()
    for option in options(command):
        field, default = str(option.name), option.default
        if f"--{field.replace('_', '-')}" in option.opts and field in known and isinstance(default, str | int | float):
            given = default * SCALED[field] if field in SCALED else default
            is_off = option.is_flag and not given  # None or False, as click has it
            assert given == known[field] or (is_off and not known[field]), f"{name} --{field}"


def test_a_packs_name_stands_in_its_own_files_only() -> None:
    """Which pack comes first, and which is for voices, is derived. A recipe may be called as the pack it began with."""
    own = ("diarize/models/", "diarize/recipes.py", "diarize/options.py")
    files = {path: path.read_text(encoding="utf-8") for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")}
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path, text in files.items()
        if any(pack in text for pack in PACKS) and not path.relative_to(ROOT).as_posix().startswith(own)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Constant) and node.value in PACKS
    ]
    assert files
    assert wrong == []
