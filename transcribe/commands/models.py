"""``transcribe models``: what is on disk, fetching it, checking it, and carrying it to a machine without a network."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, get_args

import click

from ...diarize.models.packs import FrontEndName, Use
from ...fusion.errors import ModelNotFoundError
from ..inputs.paths import InputPath, OutputPath
from ..screen.interrupt import take_for_ctrl_c
from ..screen.terminal import JsonLines, is_quiet, note, outcome, reporter
from .options import STORE_OPTIONS, TERMINAL_OPTIONS
from .shape import Group, with_options

if TYPE_CHECKING:
    from collections.abc import Sequence

if TYPE_CHECKING:
    from ...diarize.models.store import Store
    from ...fusion.types import Progress, Samples, Turn

    Labelled: TypeAlias = tuple[Samples, Sequence[Turn]]

_FOLDER = OutputPath(file_okay=False)
_REPORT_SECONDS = 0.2
_TERMINAL_COLUMNS = 80
_AUDIO = (".wav", ".flac", ".mp3", ".m4a", ".ogg", ".opus", ".mp4", ".mkv", ".webm", ".aac", ".wma")
_BASES = {
    "given": "as given",
    "calibrated": "calibrated on the recordings given",
    "guess": "a guess, halfway between the two: calibrate it with --recordings",
}


_store_options = with_options(STORE_OPTIONS)
_terminal_options = with_options(TERMINAL_OPTIONS)
_asr_option = click.option(
    "--asr",
    multiple=True,
    metavar="NAME[:MODEL]",
    help="The model of this recogniser too, as in faster-whisper:small; may be repeated.",
)


@click.group(cls=Group, epilog="transcribe models list")
def models() -> None:
    """List, fetch, verify and carry the diarization models."""
    take_for_ctrl_c()  # what fetches for us ends with us, and leaves nothing behind


@models.command("list", epilog="transcribe models list")
@_store_options
def list_(models_dir: Path | None, offline: bool | None) -> None:
    """List the packs: whether they are on disk, whose word their files rest on, their size and their licence."""
    from rich.console import Console
    from rich.table import Table

    from ...fusion.errors import CorruptModelError
    from ..doctor import known

    store = _store(models_dir, offline)
    names, problem = known(store)
    table = Table("pack", "on disk", "MB", "files", "what", "licence", box=None, pad_edge=False)
    for name in names:
        try:
            pack, there = store.pack(name), "yes" if store.has(name) else "no"
        except CorruptModelError as error:
            table.add_row(name, "damaged", "", store.origin(name), str(error), "")
            continue
        size = f"{pack.size / 1e6:.0f}" if pack.size else "?"
        table.add_row(name, there, size, store.origin(name), pack.summary, pack.licence)
    # A pipe has no width: rows must stay on one line for whoever reads them there.
    # In less than the usual width of a terminal the names of packs would be cut away.
    width = max(_TERMINAL_COLUMNS, Console().width) if sys.stdout.isatty() else 200
    Console(width=width).print(table)
    click.echo(f"in {store.root}")
    if problem is not None:
        raise problem


@models.command(epilog="transcribe models pull campplus")
@click.argument("pack")
@_store_options
@_terminal_options
def pull(pack: str, models_dir: Path | None, offline: bool | None) -> None:
    """Fetch PACK (its name, or auto for the best in reach) and convert it, anew if it is there, for all modes."""
    store = _store(models_dir, offline)
    found = store.prepare(pack, on_progress=_progress(), on_note=note)
    outcome(f"{found} is ready in {store.root}")


@models.command(epilog="transcribe models verify")
@click.argument("pack", nargs=-1)
@_store_options
@_terminal_options
def verify(pack: tuple[str, ...], models_dir: Path | None, offline: bool | None) -> None:
    """Compare the PACKs on disk (all, if none is named) with their hashes, and their networks with what these give."""
    from ...fusion.errors import CorruptModelError, ModelNotFoundError

    store = _store(models_dir, offline)
    names = pack or tuple(name for name in store.names if store.started(name))
    if not names:
        raise ModelNotFoundError(f"There is no pack in {store.root}: pull one first (transcribe models pull PACK).")
    problems = [problem for name in names for problem in store.verify(name)] + store.verify_graphs()
    if not problems:
        problems = [problem for name in names for problem in store.verify_networks(name)]
    for problem in problems:
        click.echo(problem)
    if problems:
        raise CorruptModelError(
            f"{len(problems)} model file(s) in {store.root} are not as they should be: "
            "run 'transcribe models pull PACK', or add the pack again if it is yours."
        )
    said = []
    for origin, what in (
        ("pinned", "as pinned"),
        ("first use", "as pinned, or as it was when it was first fetched"),
        ("yours", "as it was when you added it"),
    ):
        if these := [name for name in names if store.origin(name) == origin]:
            said.append(f"{', '.join(these)}: every file is {what}")
    outcome(*said)


@models.command(epilog="transcribe models export models/")
@click.argument("folder", type=_FOLDER)
@click.argument("pack", nargs=-1)
@_asr_option
@_store_options
@_terminal_options
def export(
    folder: Path, pack: tuple[str, ...], asr: tuple[str, ...], models_dir: Path | None, offline: bool | None
) -> None:
    """Copy the PACKs (all on disk, if none is named) to FOLDER, for a machine without a network."""
    from ...asr_adapters.carrying import export_model
    from ...diarize.models.carrying import export_packs

    said = [export_model(name, folder) for name in asr]
    copied = export_packs(_store(models_dir, offline), folder, pack or None)
    outcome(f"{', '.join(copied)} copied to {folder}", *said)


@models.command("import", epilog="transcribe models import models/")
@click.argument("folder", type=InputPath("folder", ModelNotFoundError))
@click.argument("pack", nargs=-1)
@_asr_option
@_store_options
@_terminal_options
def import_(
    folder: Path, pack: tuple[str, ...], asr: tuple[str, ...], models_dir: Path | None, offline: bool | None
) -> None:
    """Copy the PACKs in FOLDER into the store and convert them: the pinned ones, if none is named.

    A pack that somebody added, or that has a file which nobody pinned, and a recogniser's model, is taken only by its
    name: nobody here vouches for it.
    """
    from ...asr_adapters.carrying import import_model
    from ...diarize.models.carrying import import_packs

    store = _store(models_dir, offline)
    said = [import_model(name, folder) for name in asr]
    outcome(f"{', '.join(import_packs(store, folder, pack, note))} copied to {store.root}", *said)


@models.command(
    context_settings={"max_content_width": 100},
    epilog="transcribe models add mine --embedding embedding.onnx --segmentation campplus --recordings tuning/",
)
@click.argument("name")
@click.option(
    "--embedding",
    required=True,
    type=InputPath(error=ModelNotFoundError),
    metavar="MODEL.onnx",
    help="A speaker embedding: features in, one vector out.",
)
@click.option("--segmentation", required=True, metavar="PACK", help="The pack whose segmentation it uses.")
@click.option(
    "--front-end",
    type=click.Choice(get_args(FrontEndName)),
    help="The features it takes; by default as its metadata says.",
)
@click.option(
    "--threshold",
    metavar="DISTANCE",
    help="How far apart two speakers are; left out, or auto: found on --recordings, or else guessed.",
)
@click.option(
    "--recordings",
    type=InputPath("either"),
    multiple=True,
    metavar="PATH",
    help="A recording with its turns beside it (NAME.rttm), or a folder of such; may be repeated.",
)
@click.option("--licence", default="unknown", show_default=True, help="The licence of the embedding.")
@click.option(
    "--forbids",
    type=click.Choice(get_args(Use)),
    multiple=True,
    help="What that licence does not allow; may be repeated.",
)
@_store_options
@_terminal_options
def add(
    name: str,
    embedding: Path,
    segmentation: str,
    front_end: FrontEndName | None,
    threshold: str | None,
    recordings: tuple[Path, ...],
    licence: str,
    forbids: tuple[Use, ...],
    models_dir: Path | None,
    offline: bool | None,
) -> None:
    """Make a pack NAME out of a speaker embedding that others exported to ONNX.

    It is added only if it tells the voices of examples/ apart. Its hash is recorded now; nobody else vouches for it.
    """
    from ...diarize.adding import Wanted, add_pack

    store = _store(models_dir, offline)
    wanted = Wanted(segmentation, front_end, _distance(threshold), _labelled(recordings), licence, frozenset(forbids))
    added = add_pack(store, name, embedding, wanted, on_progress=_progress(), on_note=note)
    pack, found = added.pack, added.separation
    how = "named" if front_end else "as its metadata says"
    outcome(
        f"{name} is added to {store.root}: yours, {pack.embedding.dimension} numbers, {pack.size / 1e6:.0f} MB",
        f"front end: {pack.embedding.front_end}, {how}",
        f"voices of examples/: one voice has cosines from {found.same:.2f} on, two have up to {found.different:.2f}",
        f"distance: {pack.distances.alone:.3f}, {_BASES[pack.distances.basis]}",
    )


def _distance(threshold: str | None) -> float | None:
    from ...fusion.errors import OptionError
    from ...fusion.given import is_written_number

    if threshold is None or threshold == "auto":
        return None
    if not is_written_number(threshold):
        raise OptionError(f"--threshold {threshold!r} must be a distance, such as 0.8, or auto.")
    return float(threshold)


def _labelled(paths: tuple[Path, ...]) -> list[Labelled]:
    """Samples and true turns of every recording given, or in a folder given."""
    from ...fusion.audio import load_audio
    from ...fusion.errors import OptionError
    from ...fusion.formats.rttm import read_rttm
    from ...fusion.join.units import check_spans
    from ...fusion.types import SAMPLE_RATE

    found: list[Labelled] = []
    for path in paths:
        files = sorted(path.glob("*.rttm")) if path.is_dir() else [path]
        if not files:
            raise OptionError(f"{path} holds no RTTM: put NAME.rttm beside each recording.")
        for file in files:
            audio, rttm = _pair(file)
            samples, turns = load_audio(audio, on_note=note), read_rttm(rttm)
            spans = ((turn.start, turn.end) for turn in turns)
            check_spans(spans, len(samples) / SAMPLE_RATE, "the recording", str(rttm))
            found.append((samples, turns))
    return found


def _pair(file: Path) -> tuple[Path, Path]:
    """A recording and its RTTM, of which `file` is one."""
    from ...fusion.errors import OptionError

    rttm, names = file.with_suffix(".rttm"), [file.with_suffix(ending) for ending in _AUDIO]
    audio = next((name for name in names if name.is_file()), None) if file == rttm else file
    if audio is None or not rttm.is_file():
        raise OptionError(f"{file} lacks its {'recording' if audio is None else 'RTTM'}: both belong side by side.")
    return audio, rttm


def _store(models_dir: Path | None, offline: bool | None) -> Store:
    from ...diarize.models.store import Store

    return Store(models_dir, offline=offline)


def _progress() -> Progress | None:
    """Bytes so far on one line of the terminal, or JSON lines; nothing where nobody watches."""
    screen = reporter(bar=False)
    if isinstance(screen, JsonLines):
        return screen.on_progress
    if is_quiet() or not sys.stderr.isatty():
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
