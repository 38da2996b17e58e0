"""`transcribe doctor`: print the checks; exit code 1 if one of them failed."""

from __future__ import annotations

from pathlib import Path

import click

from ..screen.terminal import is_quiet
from .options import MODELS_DIR_OPTION, QUIET_OPTION
from .shape import command

ONLINE_OPTION = click.option("--online", is_flag=True, help="Also ask whether the model hub answers.")
OFFLINE_OPTION = click.option(
    "--offline", is_flag=True, help="Also check that a run without a network has all the models it needs."
)
MARKS = {True: "ok  ", False: "FAIL", None: "info"}


@command((MODELS_DIR_OPTION, ONLINE_OPTION, OFFLINE_OPTION, QUIET_OPTION), epilog="transcribe doctor")
def doctor(models_dir: Path | None, *, online: bool, offline: bool) -> int:
    """Check this installation and say how to fix what is wrong."""
    from ...diarize.models.store import Store
    from ..doctor import checks

    failed = 0
    for check in checks(Store(models_dir, offline=offline or None), online=online, offline=offline):
        if check.ok is False or not is_quiet():
            click.echo(f"{MARKS[check.ok]}  {check.name}: {check.detail}")
        if check.ok is False:
            failed += 1
            click.echo(f"      remedy: {check.remedy}")
    return 1 if failed else 0
