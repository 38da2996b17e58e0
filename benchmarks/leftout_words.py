"""Who said what on recordings that nothing was tuned on: ours, our plain join and WhisperX's, in every case.

    python -m benchmarks.leftout_words OUT CACHE --local .envs/int8 --envs .envs

OUT is a folder of `benchmarks.generated`, CACHE keeps what networks and
recognisers heard. Words: the true ones; those of a recogniser, which for
generated talk are the true ones as its model mishears them
(`benchmarks.generated.recogniser`; with ``--draws N`` N times, so that less hangs on
chance), and on `sim` and `real` those it wrote,
scored where it got them right; with ``--heard KIND...`` also those that moonshine
itself writes of generated talk, full stops and all, and so in a folder `elsewhere`
beside `sim` and `real`, where there is one. Turns: the true ones, and ours for every pack and
mode. Ours is the rule of `benchmarks.rules` that is chosen on generated talk of the
other folds (without fold 0 for `sim`, which holds its speakers, and on all of it
for `real`). Printed: what each fold chooses, and the sum of every rule; for each row
the words with the right speaker, all, in overlaps and outside them; then how
often, resampling the generated recordings, ours is above another join.
"""

from __future__ import annotations

import argparse
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from benchmarks.generated.recogniser import ENGINES, NO_WORD, Heard, load_models, mishear, places, recognised
from benchmarks.metrics_words import Counts, overlapped, turn_mapping
from benchmarks.rules import PLAIN, RULES, Cell, choose
from benchmarks.talks import ELSEWHERE, GENERATED, NO_FOLD, TRUE, Talk, levels, load_talks
from benchmarks.who_said_what import run_whisperx_on
from diarfuse.fusion.types import Word

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from diarfuse.fusion.types import Diarization

Joined: TypeAlias = "list[str | None]"
SYSTEMS = ("campplus default", "campplus fast", "campplus exact", "community-1 default", "community-1 fast")
OURS, WHISPERX = "ours", "WhisperX"
ITSELF = "moonshine itself"
FOLDS = range(4)
_RESAMPLED = 2000


@dataclass(frozen=True, slots=True)
class Case:
    """Words of one source on one recording, with turns of one kind.

    names: the people for whom the turns' labels stand: those whose turns they share most time with, so that every join
    of the same turns is judged by the same mapping. both: which of the true words another voice overlaps.
    """

    talk: Talk
    source: str
    turns: str
    heard: Heard
    names: Mapping[str, str]
    both: Sequence[bool]

    @property
    def found(self) -> Diarization:
        """The turns."""
        return self.talk.turns[self.turns]


def main() -> None:
    """Print both tables."""
    arguments = _parse()
    talks = load_talks(arguments.generated, arguments.audio, arguments.cache, arguments.systems, arguments.local)
    cases = list(cases_of(talks, arguments.cache, arguments.heard, arguments.draws))
    tried = {name: [score(case, rule(case.heard.words, case.found)) for case in cases] for name, rule in RULES.items()}
    scores = {PLAIN: tried[PLAIN]}
    if arguments.envs:
        scores = {WHISPERX: list(map(score, cases, _theirs(arguments.envs, cases))), **scores}
    scores[OURS] = leave_out(cases, tried, list(scores.values()))
    rows = dict.fromkeys(map(_key, cases))
    print(f"| recordings | words | turns | {' | '.join(scores)} |\n|{'---|' * (3 + len(scores))}")
    for row in rows:
        print(_row(row, cases, scores))
    print(
        f"\n| generated | turns | {' | '.join(f'above {name}' for name in scores if name != OURS)} |\n|---|---|---|---|"
    )
    for row in rows:
        if row[0] == "generated":
            print(_bootstrap(row, cases, scores))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.leftout_words", description=__doc__.split("\n", 1)[0])
    add_folders(parser)
    parser.add_argument("--envs", type=Path, help="folder with an environment named whisperx")
    parser.add_argument(
        "--heard", nargs="+", default=(), choices=GENERATED, metavar="KIND", help="moonshine hears these"
    )
    parser.add_argument("--draws", type=int, default=1, metavar="N", help="mishear generated words N times")
    return parser.parse_args()


def add_folders(parser: argparse.ArgumentParser, systems: Sequence[str] = SYSTEMS) -> None:
    """The options of `load_talks`."""
    parser.add_argument("generated", type=Path)
    parser.add_argument("cache", type=Path)
    parser.add_argument("--audio", type=Path, default=Path("../shared/audio"), help="folder of real and sim")
    parser.add_argument("--local", type=Path, help="a store that benchmarks.local_pack made")
    parser.add_argument("--systems", nargs="+", default=systems, metavar="'PACK MODE'")


def cases_of(talks: Iterable[Talk], cache: Path, listened: Sequence[str] = (), draws: int = 1) -> Iterable[Case]:
    """Every source of words with every kind of turns; `listened` names the kinds that moonshine itself hears too.

    draws: how often generated words are misheard, each time a case of its own.
    """
    models = load_models()
    for talk in talks:
        where = places(talk.words, levels(talk))
        seed = zlib.crc32(talk.name.encode())
        heard = [(f"{TRUE} words", _as_they_are(talk))]
        for engine, kinds in ENGINES.items():
            if talk.kind in GENERATED:
                heard += [(engine, mishear(talk.words, where, models[engine], seed + draw)) for draw in range(draws)]
            elif talk.kind in kinds:
                heard.append((engine, recognised(talk, engine, cache)))
        if talk.kind in (*listened, ELSEWHERE):
            heard.append((ITSELF, recognised(talk, "moonshine", cache)))
        both = overlapped(talk.words)
        names = {turns: turn_mapping(talk.recording.turns, found.turns) for turns, found in talk.turns.items()}
        yield from (
            Case(talk, source, turns, told, names[turns], both) for source, told in heard for turns in talk.turns
        )


def _as_they_are(talk: Talk) -> Heard:
    return Heard([Word(word.start, word.end, word.text) for word in talk.words], list(range(len(talk.words))))


def leave_out(cases: Sequence[Case], tried: dict[str, list[Counts]], others: Sequence[list[Counts]]) -> list[Counts]:
    """What the rule that each case's fold does not know of it makes of the case; prints the choices."""
    chosen = {}
    for fold in (*FOLDS, NO_FOLD):
        rows = [i for i, case in enumerate(cases) if case.talk.group == "generated" and case.talk.fold != fold]
        cells = [Cell(cases[i].talk.recording.name, _key(cases[i])) for i in rows]
        known = {name: [counts[i] for i in rows] for name, counts in tried.items()}
        chosen[fold] = choose(cells, known, [[other[i] for i in rows] for other in others])
    print(f"chosen without each fold: {[chosen[fold] for fold in FOLDS]}, on all: {chosen[NO_FOLD]}\n")
    print("| rule | generated | sim | real |\n|---|---|---|---|")
    for name, counts in tried.items():
        sums = [
            sum(one.right for one, case in zip(counts, cases, strict=True) if case.talk.group == group)
            for group in ("generated", "sim", "real")
        ]
        print(f"| {name} | {' | '.join(map(str, sums))} |")
    print()
    return [tried[chosen[case.talk.fold]][i] for i, case in enumerate(cases)]


def _key(case: Case) -> Row:
    return case.talk.group, case.source, case.turns


def _theirs(envs: Path, cases: Sequence[Case]) -> list[Joined]:
    """WhisperX's join of every case, in its own environment."""
    given = [
        (
            [[word.start, word.end] for word in case.heard.words],
            [[turn.start, turn.end, turn.speaker] for turn in case.found.turns],
        )
        for case in cases
    ]
    return [answer["speakers"] for answer in run_whisperx_on(envs / "whisperx" / "bin" / "python", given)]


def rightly(case: Case, joined: Sequence[str | None]) -> list[bool | None]:
    """Of every word whether its speaker is right; None for words nobody said."""
    told = zip(joined, case.heard.truth, strict=True)
    return [
        None if true == NO_WORD else label is not None and case.names.get(label) == case.talk.words[true].speaker
        for label, true in told
    ]


def score(case: Case, joined: Sequence[str | None]) -> Counts:
    """Add up the words that are true ones."""
    told = [
        (ok, case.both[true])
        for ok, true in zip(rightly(case, joined), case.heard.truth, strict=True)
        if ok is not None
    ]
    return Counts(len(told), sum(ok for ok, _ in told), sum(o for _, o in told), sum(ok and o for ok, o in told))


Row: TypeAlias = "tuple[str, str, str]"


def _rows(row: Row, cases: Sequence[Case]) -> list[int]:
    return [i for i, case in enumerate(cases) if _key(case) == row]


def _row(row: Row, cases: Sequence[Case], scores: dict[str, list[Counts]]) -> str:
    """All, in overlaps, outside them; ours in bold where no join is above it in all or outside."""
    totals = {name: sum((each[i] for i in _rows(row, cases)), Counts()) for name, each in scores.items()}
    best = all(totals[OURS].right >= t.right and _outside(totals[OURS]) >= _outside(t) for t in totals.values())
    cells = {name: f"{t.right}, {t.overlapped_right}, {_outside(t)}" for name, t in totals.items()}
    if best:
        cells[OURS] = f"**{cells[OURS]}**"
    words = totals[OURS]
    return f"| {row[0]} | {row[1]} ({words.words}, {words.overlapped}) | {row[2]} | {' | '.join(cells.values())} |"


def _outside(counts: Counts) -> int:
    return counts.right - counts.overlapped_right


def _bootstrap(row: Row, cases: Sequence[Case], scores: dict[str, list[Counts]]) -> str:
    """In how many of the resampled sets of recordings ours has more right words than each other join."""
    rows = _rows(row, cases)
    names = sorted({cases[i].talk.recording.name for i in rows})
    drawn = np.random.default_rng(0).integers(0, len(names), (_RESAMPLED, len(names)))
    cells = []
    for name in (name for name in scores if name != OURS):
        gain = np.zeros(len(names))
        for i in rows:
            gain[names.index(cases[i].talk.recording.name)] += scores[OURS][i].right - scores[name][i].right
        cells.append(f"{100 * (gain[drawn].sum(axis=1) > 0).mean():.1f} %")
    return f"| {row[1]} | {row[2]} | {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
