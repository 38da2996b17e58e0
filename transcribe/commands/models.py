"""``transcribe models``: what is on disk, fetching it, checking it, and carrying it to a machine without a network."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .options import STORE_OPTIONS, with_options

if TYPE_CHECKING:
    from ...diarize.models.store import Store
    from ...fusion.types import Progress

_FOLDER = click.Path(file_okay=False, path_type=Path)
_REPORT_SECONDS = 0.2


_store_options = with_options(STORE_OPTIONS)


@click.group()
def models() -> None:
    """List, fetch, verify and carry the diarization models."""


@models.command("list")
@_store_options
def list_(models_dir: Path | None, offline: bool | None) -> None:
    """List the packs: whether they are on disk, their size and their licence."""
    from rich.console import Console
    from rich.table import Table

    store = _store(models_dir, offline)
    table = Table("pack", "on disk", "MB", "what", "licence", box=None, pad_edge=False)
    for name, pack in store.packs.items():
        table.add_row(name, "yes" if store.has(name) else "no", f"{pack.size / 1e6:.0f}", pack.summary, pack.licence)
    # A pipe has no width: rows must stay on one line for whoever reads them there.
    console = Console() if sys.stdout.isatty() else Console(width=200)
    console.print(table)
    click.echo(f"in {store.root}")


@models.command()
@click.argument("pack")
@_store_options
def pull(pack: str, models_dir: Path | None, offline: bool | None) -> None:
    """Fetch PACK (community-1, campplus, or auto for the best that can be reached) and convert it."""
    store = _store(models_dir, offline)
    found = store.load(pack, on_progress=_progress(), on_note=_note)
    click.echo(f"{found.name} is ready in {store.root}")


@models.command()
@click.argument("pack", nargs=-1)
@_store_options
def verify(pack: tuple[str, ...], models_dir: Path | None, offline: bool | None) -> None:
    """Compare the files of the PACKs on disk (of all, if none is named) with their pinned sha256."""
    from ...fusion.errors import CorruptModelError, ModelNotFoundError

    store = _store(models_dir, offline)
    names = pack or tuple(name for name in store.packs if store.started(name))
    if not names:
        raise ModelNotFoundError(f"There is no pack in {store.root}: pull one first (transcribe models pull PACK).")
    problems = [problem for name in names for problem in store.verify(name)] + store.verify_graphs()
    for problem in problems:
        click.echo(problem)
    if problems:
        raise CorruptModelError(
            f"{len(problems)} model file(s) in {store.root} are not as pinned: run 'transcribe models pull PACK'."
        )
    click.echo(f"{', '.join(names)}: every file is as pinned")


@models.command()
@click.argument("folder", type=_FOLDER)
@click.argument("pack", nargs=-1)
@_store_options
def export(folder: Path, pack: tuple[str, ...], models_dir: Path | None, offline: bool | None) -> None:
    """Copy the PACKs (all on disk, if none is named) to FOLDER, for a machine without a network."""
    copied = _store(models_dir, offline).export(folder, pack or None)
    click.echo(f"{', '.join(copied)} copied to {folder}")


@models.command("import")
@click.argument("folder", type=_FOLDER)
@_store_options
def import_(folder: Path, models_dir: Path | None, offline: bool | None) -> None:
    """Copy the packs in FOLDER, which 'models export' wrote, into the store."""
    store = _store(models_dir, offline)
    click.echo(f"{', '.join(store.import_(folder))} copied to {store.root}")


def _store(models_dir: Path | None, offline: bool | None) -> Store:
    from ...diarize.models.store import Store

    return Store(models_dir, offline=offline)


def _note(sentence: str) -> None:
    click.echo(sentence, err=True)


def _progress() -> Progress | None:
    """Bytes so far on one line of the terminal; nothing where nobody watches."""
    if not sys.stderr.isatty():
        return None
    last = 0.0

    def show(stage: str, done: int, total: int) -> None:
        nonlocal last
        if done < total and time.monotonic() - last < _REPORT_SECONDS:
            return
        last = time.monotonic()
        end = "\n" if done == total else ""
        click.echo(f"\r{stage}: {done / 1e6:.0f} of {total / 1e6:.0f} MB{end}", nl=False, err=True)

    return show
