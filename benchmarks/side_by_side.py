"""Our packs by the left-out protocol beside other systems, on the very same recordings, in one run.

    python -m benchmarks.side_by_side OUT CACHE ANSWERS --local .envs/int8 --system senko --system sherpa

OUT and CACHE are those of `benchmarks.leftout`, which chooses our numbers.
ANSWERS keeps the turns of every other system by the SHA-256 of the recording, so
that an interrupted run goes on and no recording is heard twice; under the table
stands how many answers each system gave in this run. For systems that are too
slow for everything ``--of-each K`` takes only K recordings of every kind, for
all systems: those whose names have the smallest hashes, so that nobody chose
them. Printed: DER in % at collar 0 with overlap, and in parentheses on how many
recordings the number of speakers is right; the best of each are bold.
"""

from __future__ import annotations

import argparse
import hashlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.accuracy import file_name
from benchmarks.leftout import KINDS, LINES, find_cases, folders_of, left_out
from benchmarks.local_pack import open_store
from benchmarks.rivals import launch
from benchmarks.scoring import ErrorRates, Recording, find_recordings, read_rttm, score, total
from diarfuse.diarize.models.store import Store
from diarfuse.diarize.pipeline import Diarizer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

LIMITS = (0.7, 0.75, 0.775, 0.8, 0.825, 0.85, 0.9)


def main() -> None:
    """Print the table."""
    arguments = _parse()
    folders = {folder.name: folder for folder in folders_of(arguments.generated, arguments.audio)}
    shown = {kind: drawn(find_recordings(folders[kind]), arguments.of_each) for kind in arguments.kind or folders}
    every = [recording for recordings in shown.values() for recording in recordings]
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
    parser.add_argument("--of-each", type=int, metavar="K", help="only K recordings of every kind")
    parser.add_argument(
        "--kind",
        action="append",
        choices=(*KINDS, "real", "sim", *LINES),
        help="only rows of this name; may be repeated",
    )
    return parser.parse_args()


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
    _, rates = left_out(diarizer, cases, LIMITS)
    return {case.recording.audio: rate for case, rate in zip(cases, rates, strict=True)}


def _score(
    spec: str, recordings: Sequence[Recording], arguments: argparse.Namespace
) -> tuple[dict[Path, ErrorRates], int]:
    """What a system made of `recordings`, and how many of them it had to hear for it."""
    out = arguments.answers / file_name(spec)
    files = {one.audio: out / f"{hashlib.sha256(one.audio.read_bytes()).hexdigest()}.rttm" for one in recordings}
    missing = [one.audio for one in recordings if not files[one.audio].is_file()]
    if missing:
        with tempfile.TemporaryDirectory() as folder:
            copies = [_copy(audio, Path(folder, f"{files[audio].stem}.wav")) for audio in missing]
            launch.run(launch.parse(spec, arguments.envs), copies, out, threads=arguments.threads)
    return {one.audio: score(one.turns, read_rttm(files[one.audio]), one.uem) for one in recordings}, len(missing)


def _copy(audio: Path, copy: Path) -> Path:
    """`audio` as every system gets it, under the name that its answer is to have."""
    return launch.prepare([audio], copy.parent)[0].rename(copy)


def table(shown: Mapping[str, Sequence[Recording]], columns: Mapping[str, Mapping[Path, ErrorRates]]) -> Iterable[str]:
    """The table, a row for each kind of recording."""
    yield "| | " + " | ".join(columns) + " |"
    yield "|---|" + "---|" * len(columns)
    for kind, recordings in shown.items():
        pooled = [total(rates[one.audio] for one in recordings) for rates in columns.values()]
        ders = _best_bold([f"{100 * each.der:.1f}" for each in pooled], min(100 * each.der for each in pooled))
        counts = _best_bold([f"{each.right}" for each in pooled], max(each.right for each in pooled))
        cells = [f"{der} ({count})" for der, count in zip(ders, counts, strict=True)]
        yield f"| {kind} ({len(recordings)}) | " + " | ".join(cells) + " |"


def _best_bold(cells: Sequence[str], best: float) -> list[str]:
    """Cells that are as good as the best to the digits shown."""
    return [f"**{cell}**" if float(cell) == round(best, 1) else cell for cell in cells]


if __name__ == "__main__":
    main()
