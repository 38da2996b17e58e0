r"""Our `exact` mode against pyannote.audio's community-1 pipeline, frame by frame.

    python -m benchmarks.parity.pyannote_parity ../shared/audio/real --segmentation CHECKPOINT \
        --plda ../shared/models/plda --embedding ../shared/models/rand_resnet34_seed0.pt

Both get the same weights: a torch checkpoint of WeSpeaker ResNet34 (the
official one, or random weights of its shape), or the int8 graph, which takes
the network's place in pyannote's pipeline. pyannote.audio lives in an
environment of its own (README.md); with ``--keep`` its answers, which take
about as long as the audio, are kept and used again.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.local_pack import make_store
from benchmarks.rivals import launch
from benchmarks.scoring import find_audio, read_rttm

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from diarfuse.fusion.types import Turn

FRAME_STEP, FRAME_DURATION = 270 / 16000, 991 / 16000
HEAD = "| embedding | recording | turns (pyannote) | turns (ours) | frames | frames that differ | same turns |\n|"


@dataclass(frozen=True, slots=True)
class Difference:
    """Two answers to one recording. same: the turns are equal, labels and milliseconds included."""

    turns: tuple[int, int]
    frames: int
    different: int
    same: bool


def main() -> None:
    """Run both on every file and print the table."""
    arguments = _parse()
    audio = [file for path in arguments.audio for file in (find_audio(path) if path.is_dir() else [path])]
    print(HEAD + "---|" * 7)
    for embedding in arguments.embedding:
        with tempfile.TemporaryDirectory() as scratch:
            theirs, ours = _answers(embedding, audio, Path(scratch), arguments)
            for file in audio:
                found = compare(read_rttm(theirs / f"{file.stem}.rttm"), read_rttm(ours / f"{file.stem}.rttm"))
                print(_row(embedding.stem, file.stem, found))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.parity.pyannote_parity", description=__doc__.split("\n", 1)[0]
    )
    parser.add_argument("audio", nargs="+", type=Path, help="files, or folders of them")
    parser.add_argument("--segmentation", type=Path, required=True, help="checkpoint of the segmentation network")
    parser.add_argument("--plda", type=Path, required=True, help="folder of plda.npz and xvec_transform.npz")
    parser.add_argument("--embedding", type=Path, action="append", required=True, help="checkpoint or .ort; repeatable")
    parser.add_argument("--envs", type=Path, default=Path(".envs"), help="folder of the rivals' environments")
    parser.add_argument("--keep", type=Path, help="keep pyannote's answers here, and use those that are there")
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


def _answers(embedding: Path, audio: Sequence[Path], scratch: Path, arguments: argparse.Namespace) -> tuple[Path, Path]:
    """Folders of both systems' RTTM files."""
    weights = {"segmentation": arguments.segmentation, "embedding": embedding, "plda": arguments.plda}
    make_store(scratch / "store", **weights).load("community-1")
    (scratch / "audio").mkdir()
    copies = launch.prepare(audio, scratch / "audio")
    theirs, ours = (arguments.keep or scratch) / embedding.stem, scratch / "ours"
    options = ",".join(f"{name}={path.resolve()}" for name, path in weights.items())
    missing = [copy for copy in copies if not (theirs / f"{copy.stem}.rttm").is_file()]
    if missing:
        launch.run(launch.parse(f"pyannote:{options}", arguments.envs), missing, theirs, threads=arguments.threads)
    spec = f"ours:mode=exact,labels=pyannote,local={scratch / 'store'}"
    launch.run(launch.parse(spec, arguments.envs), copies, ours, threads=arguments.threads)
    return theirs, ours


def compare(theirs: Sequence[Turn], ours: Sequence[Turn]) -> Difference:
    """Count the frames in which the two name different speakers.

    Turns start and end at the middles of frames, which RTTM rounds to the
    millisecond; they are compared half a frame later, where rounding is harmless.
    """
    labels = sorted({turn.speaker for turn in (*theirs, *ours)})
    end = max((turn.end for turn in (*theirs, *ours)), default=0.0)
    count = int(end / FRAME_STEP) + 1
    different = (_frames(theirs, labels, count) != _frames(ours, labels, count)).any(axis=1)
    return Difference((len(theirs), len(ours)), count, int(different.sum()), list(theirs) == list(ours))


def _frames(turns: Sequence[Turn], labels: Sequence[str], count: int) -> npt.NDArray[np.bool_]:
    """Who speaks: bool (count, speakers)."""
    middles = FRAME_DURATION / 2 + FRAME_STEP * (np.arange(count) + 0.5)
    active = np.zeros((count, len(labels)), dtype=bool)
    for turn in turns:
        active[:, labels.index(turn.speaker)] |= (turn.start <= middles) & (middles < turn.end)
    return active


def _row(embedding: str, recording: str, found: Difference) -> str:
    same = "yes" if found.same else "no"
    turns = f"{found.turns[0]} | {found.turns[1]}"
    return f"| {embedding} | {recording} | {turns} | {found.frames} | {found.different} | {same} |"


if __name__ == "__main__":
    main()
