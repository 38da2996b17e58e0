"""Our packs by the left-out protocol beside other systems, on the very same recordings, in one run.

    python -m benchmarks.side_by_side OUT CACHE ANSWERS --local .envs/int8 --system senko --system sherpa

OUT and CACHE are those of `benchmarks.leftout`, which chooses our numbers.
ANSWERS keeps the turns of every other system by the SHA-256 of the recording, so
that an interrupted run goes on and no recording is heard twice; under the table
stands how many answers each system gave in this run. For systems that are too
slow for everything ``--row full:4`` takes only 4 recordings of a kind, for all
systems: those whose names have the smallest hashes, so that nobody chose them.
``--kept`` hears nothing, and has "not run" where answers are missing.

Printed: DER in % at collar 0 with overlap, and in parentheses on how many
recordings the number of speakers is right; the best of each are bold.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.accuracy import file_name
from benchmarks.leftout import KINDS, find_cases, folders_of, left_out
from benchmarks.local_pack import open_store
from benchmarks.rivals import launch
from benchmarks.scoring import ErrorRates, Recording, find_recordings, read_rttm, score, total
from diarfuse.diarize.models.store import Store
from diarfuse.diarize.pipeline import Diarizer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


def main() -> None:
    """Print the table."""
    arguments = _parse()
    shown = dict(_row(row, arguments) for row in arguments.row or (*KINDS, "real", "sim"))
    every = list({one.audio: one for recordings in shown.values() for one in recordings}.values())
    columns, heard = {}, []
    for spec in arguments.system:
        columns[label(spec)], now = _score(spec, every, arguments)
        heard.append(f"{label(spec)}: {now} of {len(every)} recordings heard in this run, the others kept from before")
    ours = {pack: _ours(pack, arguments) for pack in ("campplus", "community-1")}
    print("\n".join(table(shown, {**ours, **columns})))
    print("\n" + "\n".join(heard))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.side_by_side", description=__doc__.split("\n", 1)[0])
    parser.add_argument("generated", type=Path)
    parser.add_argument("cache", type=Path)
    parser.add_argument("answers", type=Path)
    parser.add_argument("--audio", type=Path, default=Path("../shared/audio"), help="folder of real and sim")
    parser.add_argument("--local", type=Path, help="a store that benchmarks.local_pack made, for community-1")
    parser.add_argument("--system", action="append", default=[], help="see benchmarks/README.md; may be repeated")
    parser.add_argument("--envs", type=Path, default=Path(".envs"), help="folder of the rivals' environments")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--row", action="append", metavar="KIND[:K]", help="a row, of K recordings; may be repeated")
    parser.add_argument("--kept", action="store_true", help="hear nothing: only answers that are kept")
    parser.add_argument("--limits", type=float, nargs="+", default=[0.7, 0.75, 0.775, 0.8, 0.825, 0.85, 0.9])
    return parser.parse_args()


def _row(row: str, arguments: argparse.Namespace) -> tuple[str, list[Recording]]:
    """The name of a row, and its recordings."""
    folders = {folder.name: folder for folder in folders_of(arguments.generated, arguments.audio)}
    kind, _, most = row.partition(":")
    if kind not in folders or not re.fullmatch("(:[1-9][0-9]*)?", row.removeprefix(kind)):
        raise SystemExit(f"No row {row!r}: give one of {', '.join(folders)}, or NAME:4 for four of its recordings.")
    recordings = drawn(find_recordings(folders[kind]), int(most) if most else None)
    return f"{kind} ({len(recordings)})", recordings


def drawn(recordings: Sequence[Recording], most: int | None) -> list[Recording]:
    """At most `most` of `recordings`, those with the smallest hashes of their names; None: all."""
    return sorted(recordings, key=lambda one: hashlib.sha256(one.name.encode()).digest())[:most]


def label(spec: str) -> str:
    """A system as it was typed, without the paths.

    >>> label("ours:local=.envs/int8,mode=exact"), label("sherpa:models=/models")
    ('ours:mode=exact', 'sherpa')
    """
    name, _, options = spec.partition(":")
    return ":".join([name, *[option for option in options.split(",") if option and "/" not in option]])


def _ours(pack: str, arguments: argparse.Namespace) -> dict[Path, ErrorRates]:
    """Every recording scored with what was chosen without the fold of its speakers, by its audio."""
    store = open_store(arguments.local) if arguments.local and pack == "community-1" else Store()
    diarizer = Diarizer(store.load(pack))
    folders = folders_of(arguments.generated, arguments.audio)
    cases = find_cases(diarizer, folders, arguments.cache / f"{pack}-default")
    _, rates = left_out(diarizer, cases, arguments.limits)
    return {case.recording.audio: rate for case, rate in zip(cases, rates, strict=True)}


def _score(
    spec: str, recordings: Sequence[Recording], arguments: argparse.Namespace
) -> tuple[dict[Path, ErrorRates], int]:
    """What a system made of those of `recordings` that it answered, and how many it had to hear for it."""
    out = arguments.answers / file_name(spec)
    files = {one.audio: out / f"{hashlib.sha256(one.audio.read_bytes()).hexdigest()}.rttm" for one in recordings}
    missing = [] if arguments.kept else [audio for audio, file in files.items() if not file.is_file()]
    if missing:
        with tempfile.TemporaryDirectory() as folder:
            copies = [_copy(audio, Path(folder, f"{files[audio].stem}.wav")) for audio in missing]
            launch.run(launch.parse(spec, arguments.envs), copies, out, threads=arguments.threads)
    answered = [one for one in recordings if files[one.audio].is_file()]
    return {one.audio: score(one.turns, read_rttm(files[one.audio]), one.uem) for one in answered}, len(missing)


def _copy(audio: Path, copy: Path) -> Path:
    """`audio` as every system gets it, under the name that its answer is to have."""
    return launch.prepare([audio], copy.parent)[0].rename(copy)


def table(shown: Mapping[str, Sequence[Recording]], columns: Mapping[str, Mapping[Path, ErrorRates]]) -> Iterable[str]:
    """The table, a row for each kind of recording; "not run" where a system lacks an answer."""
    yield "| | " + " | ".join(columns) + " |"
    yield "|---|" + "---|" * len(columns)
    for name, recordings in shown.items():
        pooled = [_pooled(recordings, rates) for rates in columns.values()]
        yield f"| {name} | " + " | ".join(_cells(pooled)) + " |"


def _pooled(recordings: Sequence[Recording], rates: Mapping[Path, ErrorRates]) -> ErrorRates | None:
    """All of `recordings` together; None where one is missing."""
    found = [rates.get(one.audio) for one in recordings]
    return None if None in found else total(rate for rate in found if rate)


def _cells(pooled: Sequence[ErrorRates | None]) -> Iterable[str]:
    """DER and right counts of one row, the best of each bold."""
    least = min((f"{100 * each.der:.1f}" for each in pooled if each), key=float, default="")
    most = max((str(each.right) for each in pooled if each), key=int, default="")
    for each in pooled:
        yield f"{_bold(f'{100 * each.der:.1f}', least)} ({_bold(str(each.right), most)})" if each else "not run"


def _bold(cell: str, best: str) -> str:
    return f"**{cell}**" if cell == best else cell


if __name__ == "__main__":
    main()
