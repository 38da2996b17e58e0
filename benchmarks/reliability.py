"""How true the confidence is: fitted on generated talk, measured on speakers and recordings that were left out.

    python -m benchmarks.reliability OUT CACHE --local .envs/int8 --plot docs/pictures/reliability.svg

The weights for each fold are fitted on the words of the other three, true ones
and recognised, with our turns, and on real talk: `real`, and the true words of a folder
`elsewhere`, where there is one. The generated kinds of recording weigh the same, and real talk
as much as all of them. `sim` is told with what was fitted without fold 0, which holds its speakers,
and a real recording with what all folds give and the real ones that share no
speaker with it. Transcripts whose words sound at once, and those of a recogniser, have
weights of their own. They are fitted on words as the turns give them, since where the
voice has the last word all agree with it, and measured on words as they are. Printed:
the weights of everything, which fusion/join/confidence.py holds; what is said and what
is right; the expected calibration error over ten bins of equally many words, the 95th
percentile of what a calibrated one would show on as many, and of one whose passages
(words in a row of one person, given to one speaker) are right or wrong as a whole; and
the share of all wrong words among the least certain tenth, and among those that
`transcribe review` lists.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.leftout_words import add_folders, cases_of, rightly
from benchmarks.rules import patched
from benchmarks.talks import ELSEWHERE, GENERATED, NO_FOLD, TRUE, load_talks
from diarfuse.fusion.editing.review import SURE
from diarfuse.fusion.join import assign
from diarfuse.fusion.join.assign import DEFAULT, join
from diarfuse.fusion.join.confidence import features, sound_at_once
from diarfuse.fusion.join.explain import NONE, labels_of
from diarfuse.fusion.join.kinds import read_evidence, read_texts, read_times

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from benchmarks.leftout_words import Case
    from diarfuse.fusion.join.intervals import Bools, Floats, Ints

REAL = "real"
HEAD = (
    "how many",
    "said",
    "right",
    "ECE",
    "of calibrated ones",
    "in passages",
    "wrong in the tenth",
    "listed",
    "wrong among them",
)
SYSTEMS = ("campplus default", "community-1 default")
COLUMNS = {"WEIGHTS": 11, "WITH_VOICES": 15}
"""What fusion/join/confidence.py holds for turns whose voices were not compared, and where they were."""
_REAL = float(len(GENERATED))
"""How much real talk weighs, in generated kinds: as much as all that is made."""
NOBODY: tuple[int, frozenset[str]] = (NO_FOLD, frozenset())
"""Weights for these may rest on everybody."""
_BINS = 10
_DRAWN = 400
_RIDGE = 30.0
"""Some columns say little, as of the few words of a recogniser that sound at once; this many words hold them at 0."""
_COLOURS = {"generated": "#0b6e99", "sim": "#2e8b57", "real": "#c05020", ELSEWHERE: "#8a4fb0"}


@dataclass(frozen=True, slots=True)
class Told:
    """The words of one case that have a speaker: what their confidence rests on, and whether it is right.

    passages: int64 (num_words,), rising: the number of the passage, words in a row of one
    person and given to one speaker. at_once: whether words of the case sound at once.
    """

    case: Case
    features: Floats
    right: Bools
    passages: Ints
    at_once: bool

    @property
    def people(self) -> tuple[int, frozenset[str]]:
        """Whom its weights may not know: the fold of its speakers, and in real recordings their names."""
        talk = self.case.talk
        return talk.fold, frozenset(turn.speaker for turn in talk.recording.turns if talk.kind in (REAL, ELSEWHERE))

    def may_tell(self, people: tuple[int, frozenset[str]]) -> bool:
        """Whether weights for these people may rest on it: none of them speaks in it, and it is not `sim`.

        Nor what a recogniser wrote elsewhere, so that something is left that no weight has seen.
        """
        kind, (fold, names) = self.case.talk.kind, self.people
        real = kind == REAL or (kind == ELSEWHERE and self.at_once)
        return fold != people[0] if kind in GENERATED else real and not names & people[1]


def main() -> None:
    """Print the weights and the table, and draw the plot."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reliability", description=__doc__.split("\n", 1)[0])
    add_folders(parser, SYSTEMS)
    parser.add_argument("--plot", type=Path, help="where to write the reliability plot, as SVG")
    parser.add_argument("--without-voices", action="store_true", help="as for turns whose voices were not compared")
    arguments = parser.parse_args()
    talks = load_talks(arguments.generated, arguments.audio, arguments.cache, arguments.systems, arguments.local)
    cases = [case for case in cases_of(talks, arguments.cache) if case.turns != TRUE]
    told = [tell(case) for case in cases]
    with patched(assign, "follow_voices", lambda *given: given[-1]):
        by_turns = [tell(case) for case in cases]
    for name, columns in COLUMNS.items():
        rows = [replace(one, features=one.features[:, :columns]) for one in by_turns]
        every = fit([one for one in rows if one.may_tell(NOBODY)])
        print(f"{name} = np.array({every.round(2).tolist()})\n")
    if arguments.without_voices:
        told = by_turns = [replace(one, features=one.features[:, : COLUMNS["WEIGHTS"]]) for one in by_turns]
    weights = left_out(by_turns)
    print(f"| words | turns | {' | '.join(HEAD)} |\n|{'---|' * (2 + len(HEAD))}")
    for group, source, turns in dict.fromkeys((t.case.talk.group, t.case.source, t.case.turns) for t in told):
        of = [t for t in told if (t.case.talk.group, t.case.source, t.case.turns) == (group, source, turns)]
        print(_row(f"{group}, {source} | {turns}", *_pooled(of, weights), _passages(of)))
    if arguments.plot:
        groups = {group: [t for t in told if t.case.talk.group == group] for group in _COLOURS}
        groups = {group: of for group, of in groups.items() if of}
        arguments.plot.write_text(plot({g: bins(*_pooled(of, weights)) for g, of in groups.items()}), encoding="ascii")


def tell(case: Case) -> Told:
    """Join the words of a case."""
    evidence = read_evidence(case.found)
    decision, said = join(read_times(case.heard.words), read_texts(case.heard.words), evidence, DEFAULT)
    labels = labels_of(decision, evidence.turns)
    right = rightly(case, labels)
    known = np.array([ok is not None for ok in right], bool) & (decision.reasons != NONE)
    rows = features(decision, said.times, said.shares, evidence)
    pairs = [(labels[i], case.talk.words[case.heard.truth[i]].speaker) for i in np.flatnonzero(known)]
    passages = np.cumsum([0, *(one != two for one, two in pairwise(pairs))])[: len(pairs)]
    right_ones = np.array(right, object)[known].astype(bool)
    return Told(case, rows[known], right_ones, passages, sound_at_once(said.times))


def left_out(told: Sequence[Told]) -> dict[str, Floats]:
    """For every recording, by name, the weights that know nothing of it and its speakers."""
    known = {people: fit([one for one in told if one.may_tell(people)]) for people in {one.people for one in told}}
    return {one.case.talk.name: known[one.people] for one in told}


def fit(told: Iterable[Told]) -> Floats:
    """One row of weights for words of a recogniser, one for words that sound at once."""
    told = list(told)
    return np.stack([_fit([one for one in told if one.at_once == at_once]) for at_once in (False, True)])


def _fit(told: Sequence[Told]) -> Floats:
    """Logistic regression by Newton's method, each generated kind of recording weighing the same, real talk as all."""
    kinds = {kind: [one for one in told if one.case.talk.kind == kind] for kind in GENERATED}
    kinds[REAL] = [one for one in told if one.case.talk.kind not in GENERATED]
    rows = np.concatenate([one.features for of in kinds.values() for one in of])
    right = np.concatenate([one.right for of in kinds.values() for one in of]).astype(float)
    counts = {kind: sum(len(one.right) for one in of) for kind, of in kinds.items()}
    made = sum(counts.values()) - counts[REAL]
    share = {kind: (_REAL if kind == REAL else 1.0) * made / len(GENERATED) for kind in kinds}
    weigh = np.concatenate([np.full(count, share[kind] / max(count, 1)) for kind, count in counts.items()])
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


def _pooled(told: Sequence[Told], weights: dict[str, Floats]) -> tuple[Floats, Bools]:
    """What is said of each word with the weights that its recording was left out of, and whether it is right."""
    said = [_sure(one.features, weights[one.case.talk.name][int(one.at_once)]) for one in told]
    return np.concatenate(said), np.concatenate([one.right for one in told])


def bins(said: Floats, right: Bools) -> Iterator[tuple[int, float, float]]:
    """Ten bins of equally many words, least certain first: how many, what is said on average, what is right."""
    for part in np.array_split(np.argsort(said, kind="stable"), _BINS):
        if len(part):
            yield len(part), float(said[part].mean()), float(right[part].mean())


def calibration_error(said: Floats, right: Bools) -> float:
    """The expected calibration error."""
    return sum(count * abs(mean - share) for count, mean, share in bins(said, right)) / max(len(said), 1)


def _passages(told: Iterable[Told]) -> Ints:
    """The passages of all, numbered through."""
    numbers, first = [], 0
    for one in told:
        numbers.append(one.passages + first)
        first += int(one.passages.max(initial=-1)) + 1
    return np.concatenate(numbers)


def _calibrated(said: Floats, passages: Ints) -> float:
    """95th percentile of the error of what is right as often as said, if each passage is right or wrong as a whole."""
    rng = np.random.default_rng(0)
    mean = (np.bincount(passages, said) / np.bincount(passages))[passages]
    count = int(passages.max()) + 1
    return float(
        np.percentile([calibration_error(mean, rng.random(count)[passages] < mean) for _ in range(_DRAWN)], 95)
    )


def _row(name: str, said: Floats, right: Bools, passages: Ints) -> str:
    drawn, together = _calibrated(said, np.arange(len(said))), _calibrated(said, passages)
    tenth, listed = np.argsort(said, kind="stable")[: len(said) // _BINS], said < SURE
    wrong = max(int((~right).sum()), 1)
    error = calibration_error(said, right)
    cells = [len(said), *(f"{value:.3f}" for value in (said.mean(), right.mean(), error, drawn, together))]
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
