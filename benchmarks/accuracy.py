"""How often each system is wrong about who spoke when, on folders of recordings with their truth.

    python -m benchmarks.accuracy ../shared/audio/real ../shared/audio/sim --system ours --system sherpa:threshold=0.7

prints, in Markdown, a table of every recording and the totals of each folder
(errors and speech are summed over the folder, then divided), at collar 0 and
at 0.25 s on each side of a boundary; overlap counts.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.rivals import launch
from benchmarks.scoring import ErrorRates, Recording, find_recordings, read_rttm, score, total

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from diarfuse.fusion.types import Seconds

COLLARS = (0.0, 0.25)
HEAD = "| {} | collar | DER % | missed | false alarm | confusion | JER % | speakers (truth) |\n|" + "---|" * 8


def main() -> None:
    """Run every system on every folder and print the tables."""
    arguments = _parse()
    summary = []
    for folder in arguments.folder:
        recordings = find_recordings(folder)
        if not recordings:
            raise SystemExit(f"No audio with an .rttm beside it in {folder}; give a folder that has some.")
        for spec in arguments.system or ["ours"]:
            with tempfile.TemporaryDirectory() as temporary:
                keep = arguments.keep / file_name(spec) / folder.name if arguments.keep else Path(temporary, "answers")
                answers = _answers(spec, recordings, keep, arguments)
                scores = {collar: _score(recordings, answers, collar) for collar in COLLARS}
            if not arguments.totals:
                print(f"\n### {spec} on {folder.name}\n\n{table('recording', _rows(scores))}")
            summary += _totals(f"{spec} on {folder.name}", scores)
    print(f"\n### Totals\n\n{table('system', summary)}")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy", description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", nargs="+", type=Path, help="folder of recordings with .rttm (and .uem) beside them")
    parser.add_argument("--system", action="append", help="see benchmarks/README.md; may be repeated (default: ours)")
    parser.add_argument("--envs", type=Path, default=Path(".envs"), help="folder of the rivals' environments")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--keep", type=Path, help="keep the answers under this folder")
    parser.add_argument("--totals", action="store_true", help="print only the totals")
    return parser.parse_args()


def _answers(spec: str, recordings: Sequence[Recording], out: Path, arguments: argparse.Namespace) -> Path:
    """The folder with an ``.rttm`` for each recording, made by the system unless it was given."""
    if spec.startswith("rttm:"):
        return Path(spec.removeprefix("rttm:"))
    with tempfile.TemporaryDirectory() as copies:
        audio = launch.prepare([recording.audio for recording in recordings], Path(copies))
        launch.run(launch.parse(spec, arguments.envs), audio, out, threads=arguments.threads)
    return out


def _score(recordings: Sequence[Recording], answers: Path, collar: Seconds) -> dict[str, ErrorRates]:
    files = {recording: answers / f"{recording.name}.rttm" for recording in recordings}
    return {each.name: score(each.turns, read_rttm(file), each.uem, collar) for each, file in files.items()}


def _rows(scores: Mapping[Seconds, Mapping[str, ErrorRates]]) -> list[str]:
    return [
        _row(name, collar, rates, f"{rates.found} ({rates.expected})")
        for collar, by_name in scores.items()
        for name, rates in by_name.items()
    ]


def _totals(name: str, scores: Mapping[Seconds, Mapping[str, ErrorRates]]) -> list[str]:
    pooled = {collar: total(by_name.values()) for collar, by_name in scores.items()}
    return [_row(name, collar, rates, f"right {rates.right}/{rates.recordings}") for collar, rates in pooled.items()]


def _row(name: str, collar: Seconds, rates: ErrorRates, speakers: str) -> str:
    shares = [rates.der, *map(rates.share, (rates.missed, rates.false_alarm, rates.confusion)), rates.jer]
    return f"| {name} | {collar:g} | " + " | ".join(f"{100 * share:.1f}" for share in shares) + f" | {speakers} |"


def table(first: str, rows: Sequence[str]) -> str:
    """A Markdown table of `rows` under the head that all of them share."""
    return "\n".join([HEAD.format(first), *rows])


def file_name(spec: str) -> str:
    """The name of a folder for what the system `spec` answered."""
    return "".join(letter if letter.isalnum() or letter in "._-" else "_" for letter in spec)


if __name__ == "__main__":
    main()
