"""Every command that does something, by all words of its name."""

from __future__ import annotations

from collections.abc import Iterator

import click

from diarfuse.transcribe.cli import all_commands


def _leaves(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    if not isinstance(command, click.Group):
        yield name, command
        return
    for word, inner in command.commands.items():
        yield from _leaves(inner, f"{name} {word}")


LEAVES = dict(leaf for name, command in all_commands().items() for leaf in _leaves(command, name))
