"""How true the confidence is: fitted on generated talk, measured on speakers and recordings that were left out.

    python -m benchmarks.reliability OUT CACHE --local .envs/int8 --plot docs/pictures/reliability.svg

The weights for each fold are fitted on the words of the other three, true ones
and recognised, with our turns; each of the kinds of recording weighs the same.
`sim` is told with what was fitted without fold 0, which holds its speakers, and
`real` with what all folds give. Printed: the weights of all folds, which
fusion/join/confidence.py holds; what is said and what is right; the expected
calibration error over ten bins of equally many words, and the 95th percentile of
what a calibrated one would show on as many; and the share of all wrong words
among the least certain tenth, and among those that `transcribe review` lists.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.leftout_words import add_folders, cases_of, rightly
from benchmarks.talks import GENERATED, NO_FOLD, TRUE, load_talks
from diarfuse.fusion.editing.review import SURE
from diarfuse.fusion.join.assign import DEFAULT, join
from diarfuse.fusion.join.confidence import features
from diarfuse.fusion.join.explain import NONE, labels_of
from diarfuse.fusion.join.kinds import read_evidence, read_texts, read_times

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from benchmarks.leftout_words import Case
    from diarfuse.fusion.join.intervals import Bools, Floats

FOLDS = (0, 1, 2, 3)
HEAD = ("how many", "said", "right", "ECE", "of calibrated ones", "wrong in the tenth", "listed", "wrong among them")
SYSTEMS = ("campplus default", "community-1 default")
COLUMNS = {"WEIGHTS": 9, "WITH_VOICES": 14}
"""What fusion/join/confidence.py holds for turns whose voices were not compared, and where they were."""
_BINS = 10
_DRAWN = 400
_RIDGE = 1e-3
_COLOURS = {"generated": "#0b6e99", "sim": "#2e8b57", "real": "#c05020"}


@dataclass(frozen=True, slots=True)
class Told:
    """The words of one case that have a speaker: what their confidence rests on, and whether it is right."""

    case: Case
    features: Floats
    right: Bools


def main() -> None:
    """Print the weights and the table, and draw the plot."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reliability", description=__doc__.split("\n", 1)[0])
    add_folders(parser, SYSTEMS)
    parser.add_argument("--plot", type=Path, help="where to write the reliability plot, as SVG")
    parser.add_argument("--without-voices", action="store_true", help="as for turns whose voices were not compared")
    arguments = parser.parse_args()
    talks = load_talks(arguments.generated, arguments.audio, arguments.cache, arguments.systems, arguments.local)
    told = [tell(case) for case in cases_of(talks, arguments.cache) if case.turns != TRUE]
    for name, columns in COLUMNS.items():
        every = fit([replace(one, features=one.features[:, :columns]) for one in told])
        print(f"{name} = np.array({every.round(2).tolist()})\n")
    if arguments.without_voices:
        told = [replace(one, features=one.features[:, : COLUMNS["WEIGHTS"]]) for one in told]
    weights = {fold: fit([one for one in told if one.case.talk.fold != fold]) for fold in (*FOLDS, NO_FOLD)}
    print(f"| words | turns | {' | '.join(HEAD)} |\n|{'---|' * (2 + len(HEAD))}")
    for group, source, turns in dict.fromkeys((t.case.talk.group, t.case.source, t.case.turns) for t in told):
        of = [t for t in told if (t.case.talk.group, t.case.source, t.case.turns) == (group, source, turns)]
        print(_row(f"{group}, {source} | {turns}", *_pooled(of, weights)))
    if arguments.plot:
        groups = {group: [t for t in told if t.case.talk.group == group] for group in _COLOURS}
        arguments.plot.write_text(plot({g: bins(*_pooled(of, weights)) for g, of in groups.items()}), encoding="ascii")


def tell(case: Case) -> Told:
    """Join the words of a case."""
    evidence = read_evidence(case.found)
    decision, said = join(read_times(case.heard.words), read_texts(case.heard.words), evidence, DEFAULT)
    right = rightly(case, labels_of(decision, evidence.turns))
    known = np.array([ok is not None for ok in right], bool) & (decision.reasons != NONE)
    rows = features(decision, said.times, said.shares, evidence)
    return Told(case, rows[known], np.array(right, object)[known].astype(bool))


def fit(told: Iterable[Told]) -> Floats:
    """Logistic regression by Newton's method, on generated talk, each kind of recording weighing the same."""
    kinds = {kind: [one for one in told if one.case.talk.kind == kind] for kind in GENERATED}
    rows = np.concatenate([one.features for of in kinds.values() for one in of])
    right = np.concatenate([one.right for of in kinds.values() for one in of]).astype(float)
    counts = [sum(len(one.right) for one in of) for of in kinds.values()]
    weigh = np.concatenate([np.full(count, len(rows) / (len(kinds) * max(count, 1))) for count in counts])
    weights = np.zeros(rows.shape[1])
    for _ in range(25):
        sure = _sure(rows, weights)
        slope = rows.T @ (weigh * (right - sure)) - _RIDGE * weights
        curve = (rows * (weigh * sure * (1 - sure))[:, None]).T @ rows + _RIDGE * np.eye(len(weights))
        weights = weights + np.linalg.solve(curve, slope)
    return weights


def _sure(rows: Floats, weights: Floats) -> Floats:
    sure: Floats = 1.0 / (1.0 + np.exp(-(rows @ weights)))
    return sure


def _pooled(told: Sequence[Told], weights: dict[int, Floats]) -> tuple[Floats, Bools]:
    """What is said of each word with the weights that its recording was left out of, and whether it is right."""
    said = [_sure(one.features, weights[one.case.talk.fold]) for one in told]
    return np.concatenate(said), np.concatenate([one.right for one in told])


def bins(said: Floats, right: Bools) -> Iterator[tuple[int, float, float]]:
    """Ten bins of equally many words, least certain first: how many, what is said on average, what is right."""
    for part in np.array_split(np.argsort(said, kind="stable"), _BINS):
        if len(part):
            yield len(part), float(said[part].mean()), float(right[part].mean())


def calibration_error(said: Floats, right: Bools) -> float:
    """The expected calibration error."""
    return sum(count * abs(mean - share) for count, mean, share in bins(said, right)) / max(len(said), 1)


def _row(name: str, said: Floats, right: Bools) -> str:
    rng = np.random.default_rng(0)
    rising = np.sort(said)
    drawn = np.percentile([calibration_error(rising, rng.random(len(said)) < rising) for _ in range(_DRAWN)], 95)
    tenth, listed = np.argsort(said, kind="stable")[: len(said) // _BINS], said < SURE
    wrong = max(int((~right).sum()), 1)
    error = calibration_error(said, right)
    cells = [len(said), *(f"{value:.3f}" for value in (said.mean(), right.mean(), error, drawn))]
    shares = [f"{100 * (~right[part]).sum() / wrong:.0f} %" for part in (tenth, listed)]
    cells += [shares[0], f"{100 * listed.mean():.0f} %", shares[1]]
    return f"| {name} | {' | '.join(map(str, cells))} |"


def plot(groups: dict[str, Iterable[tuple[int, float, float]]]) -> str:
    """Said against right, a line for each group, as SVG of 420 by 440 pixels."""
    lines = ['<line x1="50" y1="390" x2="400" y2="40" stroke="#999" stroke-dasharray="4 4"/>']
    for tenth in range(0, 11, 2):
        at = 50 + 35 * tenth
        lines.append(f'<text x="{at}" y="408" text-anchor="middle">{tenth / 10:g}</text>')
        lines.append(f'<text x="42" y="{444 - at}" text-anchor="end">{tenth / 10:g}</text>')
    for number, (name, told) in enumerate(groups.items()):
        points = [(50 + 350 * said, 390 - 350 * right) for _, said, right in told]
        colour = f'"{_COLOURS[name]}"'
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        lines.append(f'<polyline points="{path}" fill="none" stroke={colour} stroke-width="2"/>')
        lines += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill={colour}/>' for x, y in points]
        lines.append(f'<text x="62" y="{60 + 18 * number}" fill={colour}>{name}</text>')
    head = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 420 440" font-family="sans-serif" font-size="12">'
    frame = '<rect width="420" height="440" fill="#fff"/>'
    box = '<rect x="50" y="40" width="350" height="350" fill="none" stroke="#999"/>'
    across = '<text x="225" y="428" text-anchor="middle">confidence said</text>'
    up = '<text x="50" y="28">words with the right speaker</text>'
    return "\n".join((head, frame, box, across, up, *lines, "</svg>\n"))


if __name__ == "__main__":
    main()
