"""Choose the diarizer's numbers on recordings and speakers other than those they are reported on.

    python -m benchmarks.leftout OUT CACHE --pack campplus --audio ../shared/audio

OUT is a folder of `benchmarks.generated`; CACHE keeps what the networks heard.
For each fold of speakers, the mean voices of full and narrow band and the
distances at which clusters stay apart are taken from the other three folds, and the
fold's own recordings are scored with them. Where stretches are too few for a graph it is the
distance with the least DER of short excerpts (`benchmarks.excerpts`), else the one with the least mean DER of the six
kinds of recording. `sim` is scored with what was chosen
without fold 0, which holds its speakers; `real`, whose speakers are in no fold,
with what all folds choose, and so more real recordings, where there is a folder
`elsewhere` beside it. Printed: DER at collar 0 with overlap, least and greatest of
the folds, how often the number of speakers is right, and the floor, which is the
DER of perfect clustering of the same segmentation.

``--against MODE`` also prints how far the DER is above that of another mode, its
distances chosen in the same way, with the interval of 2 000 draws of the talks.
``--bands FILE`` writes the mean voices of all folds: diarize/bands.json.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from dataclasses import dataclass
from functools import partial
from itertools import compress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, get_args

import numpy as np

from benchmarks import excerpts, perfect
from benchmarks.generated.heard import listen
from benchmarks.local_pack import open_store
from benchmarks.scoring import ErrorRates, Recording, der_apart, find_recordings, score, total
from benchmarks.talks import ELSEWHERE
from diarfuse.diarize.bands import Bands
from diarfuse.diarize.masks import training_pairs
from diarfuse.diarize.models.packs import Distances
from diarfuse.diarize.models.store import Store
from diarfuse.diarize.options import Execution, Mode
from diarfuse.diarize.pipeline import Diarizer, Heard, Wanted
from diarfuse.diarize.plda import unit_length
from diarfuse.diarize.recipes import OURS
from diarfuse.fusion.types import SAMPLE_RATE, SpeakerCount
from diarfuse.fusion.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from diarfuse.fusion.types import Turn

KINDS = ("full", "telephone", "noise", "codec", "clips30", "clips60")
LINES = ("sim-telephone", "sim-noise")
"""`sim` through other lines, where ``benchmarks.generated --lines`` wrote them into OUT. Scored, never chosen on."""
FOLDS = range(4)
WHOLE = KINDS[:4]
"""Kinds that are no excerpts."""
NO_FOLD = -1
WANTED = Wanted(SpeakerCount(), embeddings=False, activity=False)


@dataclass(frozen=True, slots=True)
class Case:
    """A recording, what the networks heard in it, its kind, and the fold of its speakers."""

    recording: Recording
    heard: Heard
    kind: str
    fold: int


class Chosen(NamedTuple):
    """Distances chosen: `alone` where stretches are too few for a graph; elsewhere 1.1 times `plainly`."""

    alone: float
    plainly: float


def main() -> None:
    """Print the table of one pack."""
    arguments = _parse()
    diarizer, cases = _hear(arguments, arguments.mode)
    if arguments.bands:
        found = mean_voices(cases)
        table = {name: [round(float(x), 4) for x in getattr(found, name)] for name in ("full", "narrow")}
        arguments.bands.write_text(json.dumps(table), encoding="ascii")
        return
    chosen, rates = left_out(diarizer, cases, arguments.limits)
    for number, name in enumerate(Chosen._fields):
        left = [chosen[fold][number] for fold in FOLDS]
        print(f"{name} without each fold: {left}, on all: {chosen[NO_FOLD][number]}")
    print()
    print("| | DER % | least and greatest of the folds | right number of speakers | floor |\n|---|---|---|---|---|")
    for kind in dict.fromkeys(case.kind for case in cases):
        print(_row(kind, cases, rates))
    if arguments.against:
        others = left_out(*_hear(arguments, arguments.against), arguments.limits)[1]
        print(f"\n| | points above {arguments.against} | in 95 % of the draws |\n|---|---|---|")
        for name, kinds in _rows(cases):
            print(_apart(name, [case.kind in kinds for case in cases], cases, rates, others))


def _hear(arguments: argparse.Namespace, mode: Mode) -> tuple[Diarizer, list[Case]]:
    store = open_store(arguments.local) if arguments.local else Store()
    diarizer = Diarizer(store.load(arguments.pack), execution=Execution(mode=mode))
    kept = arguments.cache / f"{arguments.pack}-{mode}"
    return diarizer, find_cases(diarizer, folders_of(arguments.generated, arguments.audio), kept)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.leftout", description=__doc__.split("\n", 1)[0])
    parser.add_argument("generated", type=Path)
    parser.add_argument("cache", type=Path)
    parser.add_argument("--audio", type=Path, default=Path("../shared/audio"), help="folder of real and sim")
    parser.add_argument("--pack", default="campplus")
    parser.add_argument("--local", type=Path, help="a store that benchmarks.local_pack made")
    parser.add_argument("--mode", choices=get_args(Mode), default="default")
    parser.add_argument("--against", choices=get_args(Mode), help="also print how far the DER is from this mode's")
    parser.add_argument("--limits", type=float, nargs="+", default=[0.7, 0.75, 0.775, 0.8, 0.85, 0.9])
    parser.add_argument("--bands", type=Path, help="only write the mean voices of all folds to this file")
    return parser.parse_args()


def folders_of(generated: Path, audio: Path) -> list[Path]:
    """The folders of the rows, in their order."""
    may_be_there = [audio / ELSEWHERE, *(generated / name for name in LINES)]
    there = [folder for folder in may_be_there if folder.is_dir()]
    return [generated / kind for kind in KINDS] + [audio / "real", audio / "sim"] + there


def find_cases(diarizer: Diarizer, folders: Sequence[Path], kept: Path) -> list[Case]:
    """Every recording of `folders`, with what the networks hear in it, from `kept` where that is there."""
    return [
        Case(one, listen(diarizer, one.audio, kept / folder.name / f"{one.name}.npz"), folder.name, fold_of(one))
        for folder in folders
        for one in find_recordings(folder)
    ]


def fold_of(recording: Recording) -> int:
    """The fold of its speakers, by the folder it lies in and what was written beside it."""
    kind = recording.audio.parent.name
    if kind in KINDS:
        return int(json.loads(recording.audio.with_suffix(".json").read_text(encoding="utf-8"))["fold"])
    return 0 if kind in {"sim", *LINES} else NO_FOLD


def left_out(
    diarizer: Diarizer, cases: Sequence[Case], limits: Sequence[float]
) -> tuple[dict[int, Chosen], list[ErrorRates]]:
    """The limits chosen without each fold (and on all), and every case scored with what was chosen without its own."""
    bands = {fold: mean_voices([case for case in cases if case.fold != fold]) for fold in (*FOLDS, NO_FOLD)}
    short = [part for case in cases for part in _excerpts(case) if _is_short(part, bands)]
    of_short = {limit: _rates(diarizer, short, bands, limit) for limit in limits}
    rates = {limit: _rates(diarizer, cases, bands, limit) for limit in limits}
    are_short = [_is_short(case, bands) for case in cases]

    def as_chosen(chosen: Chosen) -> list[ErrorRates]:
        return [rates[chosen.alone if few else chosen.plainly][i] for i, few in enumerate(are_short)]

    found = {}
    for fold in (*FOLDS, NO_FOLD):
        alone = _least(of_short, partial(_pooled, short, fold))
        both = {limit: as_chosen(Chosen(alone, limit)) for limit in limits}
        found[fold] = Chosen(alone, _least(both, partial(_mean_of_kinds, cases, fold)))
    scored = {fold: as_chosen(chosen) for fold, chosen in found.items()}
    return found, [scored[case.fold][i] for i, case in enumerate(cases)]


def _excerpts(case: Case) -> Iterator[Case]:
    """The excerpts of a whole generated recording, as cases of their own."""
    if case.kind not in WHOLE:
        return
    for begin, end in excerpts.places(case.heard.windows.num_samples / SAMPLE_RATE):
        turns = excerpts.turns_in(case.recording.turns, begin, end)
        if turns:
            part = dataclasses.replace(case.recording, turns=turns, uem=((0.0, float(end - begin)),))
            yield dataclasses.replace(case, recording=part, heard=excerpts.heard_in(case.heard, begin, end))


def _is_short(case: Case, bands: Mapping[int, Bands]) -> bool:
    """Whether too few stretches are heard for a graph, so that the distance alone decides."""
    heard = case.heard
    voices, _ = OURS.level(heard.voices, heard.segmentations, bands[case.fold])
    return voices.heard_alone(heard.segmentations, heard.windows) is None


def mean_voices(cases: Sequence[Case]) -> Bands:
    """Mean unit vectors in full band and on the telephone, every speaker weighing the same."""
    return Bands(*(_mean_voice([case for case in cases if case.kind == kind]) for kind in ("full", "telephone")))


def _mean_voice(cases: Sequence[Case]) -> np.ndarray:
    of_speaker: dict[str, list[np.ndarray]] = {}
    for case in cases:
        names = sorted({turn.speaker for turn in case.recording.turns})
        pairs = training_pairs(case.heard.segmentations, case.heard.voices.vectors)
        vectors = unit_length(case.heard.voices.vectors[pairs].astype(np.float64))
        for who, vector in zip(perfect.hard_clusters(case.heard, case.recording.turns)[pairs], vectors, strict=True):
            if who >= 0:
                of_speaker.setdefault(names[who], []).append(vector)
    mean: np.ndarray = np.mean([np.mean(of_speaker[name], axis=0) for name in sorted(of_speaker)], axis=0)
    return mean


def _rates(diarizer: Diarizer, cases: Sequence[Case], bands: Mapping[int, Bands], limit: float) -> list[ErrorRates]:
    """Every recording scored at `limit`, with the mean voices of the folds other than its own."""
    pack = dataclasses.replace(diarizer.models.pack, distances=Distances(alone=limit))
    diarizer.models = dataclasses.replace(diarizer.models, pack=pack)
    found = []
    for case in cases:
        diarizer.bands = bands[case.fold]
        found.append(_score(case, diarizer.decide(case.heard, WANTED, Watch()).turns))
    return found


def _score(case: Case, turns: Sequence[Turn]) -> ErrorRates:
    return score(case.recording.turns, turns, case.recording.uem)


def _least(rates: Mapping[float, Sequence[ErrorRates]], error: Callable[[Sequence[ErrorRates]], float]) -> float:
    """The limit at which `error` is least."""
    return min(rates, key=lambda limit: error(rates[limit]))


def _pooled(cases: Sequence[Case], fold: int, rates: Sequence[ErrorRates]) -> float:
    """DER of all cases of the other folds together."""
    return total(rate for case, rate in zip(cases, rates, strict=True) if case.fold != fold).der


def _mean_of_kinds(cases: Sequence[Case], fold: int, rates: Sequence[ErrorRates]) -> float:
    """Mean DER of the kinds, on the generated recordings of the other folds."""
    scored = list(zip(cases, rates, strict=True))
    return float(np.mean([total(r for c, r in scored if c.kind == k and c.fold != fold).der for k in KINDS]))


def _row(kind: str, cases: Sequence[Case], rates: Sequence[ErrorRates]) -> str:
    own = [(case, rate) for case, rate in zip(cases, rates, strict=True) if case.kind == kind]
    pooled = total(rate for _, rate in own)
    folds = [100 * total(r for c, r in own if c.fold == fold).der for fold in sorted({c.fold for c, _ in own})]
    floor = total(_score(case, perfect.turns(case.heard, case.recording.turns)) for case, _ in own)
    spread = f"{min(folds):.1f}-{max(folds):.1f}" if len(folds) > 1 else "-"
    counts = f"{pooled.right}/{pooled.recordings}"
    return f"| {kind} | {100 * pooled.der:.1f} | {spread} | {counts} | {100 * floor.der:.1f} |"


def _rows(cases: Sequence[Case]) -> list[tuple[str, Sequence[str]]]:
    """Every kind by itself, all that were generated, and all."""
    kinds = list(dict.fromkeys(case.kind for case in cases))
    return [*((kind, [kind]) for kind in kinds), ("all generated", KINDS), ("all", kinds)]


def _apart(
    name: str, wanted: Sequence[bool], cases: Sequence[Case], ours: Sequence[ErrorRates], others: Sequence[ErrorRates]
) -> str:
    talks = [case.recording.name for case in compress(cases, wanted)]
    point, low, high = der_apart(list(compress(ours, wanted)), list(compress(others, wanted)), talks)
    return f"| {name} | {100 * point:+.2f} | {100 * low:+.2f} to {100 * high:+.2f} |"


if __name__ == "__main__":
    main()
