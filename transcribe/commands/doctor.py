"""`transcribe doctor`: print the checks; exit code 1 if one of them failed."""

from __future__ import annotations

from pathlib import Path

import click

MARKS = {True: "ok  ", False: "FAIL", None: "info"}


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--models-dir", type=click.Path(path_type=Path), metavar="DIR", help="The model store ($DIARFUSE_MODELS_DIR)."
)
@click.option("--online", is_flag=True, help="Also ask whether the model hub answers.")
def doctor(models_dir: Path | None, *, online: bool) -> int:
    """Check this installation and say how to mend what is wrong."""
    from ...diarize.models.store import Store
    from ..doctor import checks

    failed = 0
    for check in checks(Store(models_dir), online=online):
        click.echo(f"{MARKS[check.ok]}  {check.name}: {check.detail}")
        if check.ok is False:
            failed += 1
            click.echo(f"      remedy: {check.remedy}")
    return 1 if failed else 0
