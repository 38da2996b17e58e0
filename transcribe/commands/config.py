"""``transcribe config show``: which settings hold, and where each comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ..output import show_json
from .shape import Group

if TYPE_CHECKING:
    from .settings import Setting


@click.group(cls=Group, epilog="transcribe config show")
def config() -> None:
    """Settings from diarfuse.toml, beside the work and in your own folder."""


@config.command(epilog="transcribe config show")
@click.argument("command", default="run", metavar="[COMMAND]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(command: str, as_json: bool) -> None:
    """Show the settings of COMMAND (run, if left out) and where each comes from.

    A file beside the work sets how results look, how many speak and what they
    are called; your own file sets everything.
    """
    import json
    import os

    from ...fusion.errors import UnknownNameError
    from ..cli import all_commands
    from .settings import places, read_files, settings

    commands = all_commands()
    if command not in commands:
        raise UnknownNameError("command", command, commands)
    found = settings(command, commands[command], read_files(all_commands))
    if as_json:
        rows = {key: {"value": _shown(key, one), "from": one.source} for key, one in sorted(found.items())}
        show_json(rows)
        return
    for where, path in zip(("beside the work", "your own"), places(), strict=True):
        click.echo(f"# {where}: {path}{'' if os.path.lexists(path) else ' (none)'}")
    for key, one in sorted(found.items()):
        click.echo(f"{key} = {json.dumps(_shown(key, one), ensure_ascii=False)}  # {one.source}")


def _shown(key: str, one: Setting) -> Any:
    """The value; of a token only that there is one."""
    from .settings import SECRET

    return "***" if key == SECRET and one.value is not None else one.value
