"""`transcribe help [COMMAND]`: what ``--help`` shows, for those who ask in this order."""

from __future__ import annotations

import click

from ...fusion.errors import UnknownNameError
from .shape import command


@command((click.argument("words", nargs=-1, metavar="[COMMAND]..."),), name="help", epilog="transcribe help diarize")
@click.pass_context
def help_(ctx: click.Context, words: tuple[str, ...]) -> None:
    """Show the help of COMMAND, or of all commands."""
    where = ctx.find_root()
    for word in words:
        group = where.command
        known = group.list_commands(where) if isinstance(group, click.Group) else []
        found = group.get_command(where, word) if isinstance(group, click.Group) else None
        if found is None:
            raise UnknownNameError("command", word, known)
        where = click.Context(found, where, word)
    click.echo(where.command.get_help(where))
