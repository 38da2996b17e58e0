"""What recognisers do to words, as a model: fitted on `sim` and `real`, used on generated talk.

    python -m benchmarks.generated.recogniser CACHE --audio ../shared/audio

recognises them with moonshine (aligned) and pocketsphinx, and prints the model of
each, which recognisers.json keeps. A word is told wrongly (it stands in
the transcript as another word), lost, or written in one with the next; words
come in that nobody said; and the times of edges are off. Losing depends on
whether the word sounds alone, or its speaker is the louder or the softer one.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from scipy.optimize import linear_sum_assignment

from diarfuse.asr_adapters import registry
from diarfuse.asr_adapters.align import align
from diarfuse.fusion.audio import load_audio
from diarfuse.fusion.types import SAMPLE_RATE, Word

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from benchmarks.metrics_words import TrueWord
    from benchmarks.talks import Talk
    from diarfuse.fusion.types import Samples, Seconds

Spelt: TypeAlias = "tuple[Seconds, Seconds, str]"
MODELS = Path(__file__).with_name("recognisers.json")
ENGINES: Mapping[str, tuple[str, ...]] = {"moonshine": ("sim", "real"), "pocketsphinx": ("real",)}
"""What each is fitted and scored on; pocketsphinx takes longer than the talk."""
PLACES = ("alone", "louder", "softer")
NO_WORD = -1
_NEAR: Seconds = 1.0
"""Equal texts within this are the same word."""
_HALF = 0.5
_STEPS = 40
_PIECE = 20 * SAMPLE_RATE
_SHORTEST: Seconds = 0.03


@dataclass(frozen=True, slots=True)
class Model:
    """What one recogniser does.

    lost, wrong: the parts of the words, in each of `PLACES`. merged: of pairs of
    neighbours. inserted: a word. starts, ends: the errors of edges in seconds,
    at so many equal steps of their distribution.
    """

    lost: dict[str, float]
    wrong: dict[str, float]
    merged: float
    inserted: float
    starts: list[float]
    ends: list[float]


@dataclass(frozen=True, slots=True)
class Heard:
    """Words as a recogniser gives them, and for each the number of the true word that it is, or `NO_WORD`."""

    words: list[Word]
    truth: list[int]


def load_models() -> dict[str, Model]:
    """Every engine's model."""
    return {name: Model(**facts) for name, facts in json.loads(MODELS.read_text(encoding="utf-8")).items()}


def places(words: Sequence[TrueWord], loud: Mapping[str, float]) -> list[str]:
    """For every word: whether it sounds alone, or most of it at once with a softer or a louder voice."""
    found = []
    for word in words:
        rivals = [other for other in words if other.speaker != word.speaker and _shared(word, other) > 0]
        over = min(sum(_shared(word, other) for other in rivals), word.end - word.start)
        if over <= _HALF * (word.end - word.start):
            found.append("alone")
        else:
            louder = max(loud.get(other.speaker, -np.inf) for other in rivals) > loud.get(word.speaker, -np.inf)
            found.append("softer" if louder else "louder")
    return found


def _shared(one: TrueWord, two: TrueWord) -> Seconds:
    return max(0.0, min(one.end, two.end) - max(one.start, two.start))


def mishear(words: Sequence[TrueWord], where: Sequence[str], model: Model, seed: int) -> Heard:
    """`words`, by rising start, as the recogniser of `model` might give them; the same seed gives the same.

    They have no marks: those of the true text would stand where the recogniser, which lost words, had put none.
    """
    rng = np.random.default_rng(seed)
    rows: list[tuple[Seconds, Seconds, str, int]] = []
    off = [rng.choice(model.starts, len(words)), rng.choice(model.ends, len(words))]
    lost = rng.random(len(words)) < [model.lost[place] for place in where]
    wrong = rng.random(len(words)) < [model.wrong[place] for place in where]
    for number, word in enumerate(words):
        start = word.start + off[0][number]
        end = max(word.end + off[1][number], start + _SHORTEST)
        if rng.random() < model.inserted:
            rows.append((start - 2 * _SHORTEST, start, "uh", NO_WORD))
        if not lost[number]:
            rows.append((start, end, spell(word.text) or word.text, NO_WORD if wrong[number] else number))
    return _written(sorted(rows), model, rng)


def _written(rows: list[tuple[Seconds, Seconds, str, int]], model: Model, rng: np.random.Generator) -> Heard:
    """One stream: a word ends where the next begins, and some pairs are one word (which is the first of both)."""
    words: list[Word] = []
    truth: list[int] = []
    for number, (start, end, text, known) in enumerate(rows):
        until = min(end, max(rows[number + 1][0], start + _SHORTEST)) if number + 1 < len(rows) else end
        if words and rng.random() < model.merged:
            before = words[-1]
            words[-1] = Word(before.start, max(before.end or 0.0, until), before.text + text)
        else:
            words.append(Word(max(start, 0.0), max(until, start + _SHORTEST, _SHORTEST), text))
            truth.append(known)
    return Heard(words, truth)


def spell(text: str) -> str:
    """Without case and marks."""
    return "".join(letter for letter in text.lower() if letter.isalnum() or letter == "'")


def matched(words: Sequence[TrueWord], given: Sequence[Spelt]) -> list[int]:
    """For every given word, the number of the true word that it is: the same text near in time, else `NO_WORD`."""
    found = [NO_WORD] * len(given)
    by_text: dict[str, tuple[list[int], list[int]]] = {}
    for side, texts in enumerate(([w.text for w in words], [text for *_, text in given])):
        for number, text in enumerate(texts):
            by_text.setdefault(spell(text), ([], []))[side].append(number)
    for true, told in by_text.values():
        far = np.array([[abs(words[i].start - given[k][0]) for k in told] for i in true]).reshape(len(true), len(told))
        for row, column in zip(*linear_sum_assignment(np.minimum(far, _NEAR)), strict=True):
            if far[row, column] < _NEAR:
                found[told[column]] = true[row]
    return found


def recognised(talk: Talk, engine: str, cache: Path) -> Heard:
    """What `engine` wrote of a recording, from the cache where that is there."""
    rows = [(a, b, text) for a, b, text in _kept(talk.recording.audio, engine, cache / engine / f"{talk.name}.json")]
    return Heard([Word(*row) for row in rows], matched(talk.words, rows))


def _kept(audio: Path, engine: str, file: Path) -> list[Spelt]:
    if not file.is_file():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(_ENGINES[engine](load_audio(audio))), encoding="utf-8")
    return [(row[0], row[1], row[2]) for row in json.loads(file.read_text(encoding="utf-8"))]


def _moonshine(samples: Samples) -> list[Spelt]:
    words = align(registry.create("moonshine").transcribe(samples), samples).words
    return [(w.start, w.end, w.text.strip()) for w in words if w.start is not None and w.end is not None]


def _pocketsphinx(samples: Samples) -> list[Spelt]:
    """In pieces of 20 s: its search grows with the length."""
    from pocketsphinx import Decoder

    decoder = Decoder(samprate=SAMPLE_RATE, loglevel="FATAL")
    words: list[Spelt] = []
    pcm = (np.clip(samples, -1, 1) * 32767).astype("<i2")
    for first in range(0, len(pcm), _PIECE):
        decoder.start_utt()
        decoder.process_raw(pcm[first : first + _PIECE].tobytes(), full_utt=True)
        decoder.end_utt()
        at = first / SAMPLE_RATE
        words += [
            (at + one.start_frame / 100, at + (one.end_frame + 1) / 100, one.word.split("(")[0])
            for one in decoder.seg()
            if one.word[0] not in "<["
        ]
    return words


_ENGINES: dict[str, Callable[[Samples], list[Spelt]]] = {"moonshine": _moonshine, "pocketsphinx": _pocketsphinx}


def fit(talks: Sequence[Talk], engine: str, cache: Path) -> Model:
    """The model of one engine, from what it wrote of `talks`."""
    from benchmarks.talks import levels

    tally = {name: dict.fromkeys(PLACES, 0) for name in ("lost", "wrong", "words")}
    merged = inserted = 0
    edges: list[tuple[Seconds, Seconds]] = []
    for talk in talks:
        heard = recognised(talk, engine, cache)
        fate = _fates(talk.words, heard)
        for place, what in zip(places(talk.words, levels(talk)), fate, strict=True):
            tally["words"][place] += 1
            if what != "right":
                tally[what][place] += 1
        told = zip(heard.words, heard.truth, strict=True)
        pairs = [(word, talk.words[k]) for word, k in told if k != NO_WORD]
        edges += [((w.start or 0.0) - true.start, (w.end or 0.0) - true.end) for w, true in pairs]
        merged += _merged(talk.words, heard)
        inserted += max(len(heard.words) - len(pairs) - sum(what == "wrong" for what in fate), 0)
    count = sum(tally["words"].values())
    lost, wrong = ({p: round(tally[n][p] / max(tally["words"][p], 1), 3) for p in PLACES} for n in ("lost", "wrong"))
    steps = np.quantile(np.array(edges), (np.arange(_STEPS) + 0.5) / _STEPS, axis=0).round(3)
    starts, ends = steps.T.tolist()
    return Model(lost, wrong, round(merged / count, 4), round(inserted / count, 4), starts, ends)


def _fates(words: Sequence[TrueWord], heard: Heard) -> list[str]:
    """Of every true word: right, wrong (another word stands in most of its place) or lost."""
    right = set(heard.truth)
    free = [w for w, k in zip(heard.words, heard.truth, strict=True) if k == NO_WORD]
    fates = []
    for number, word in enumerate(words):
        half = _HALF * (word.end - word.start)
        near = [w for w in free if min(w.end or 0.0, word.end) - max(w.start or 0.0, word.start) >= half]
        if near and number not in right:
            free.remove(near[0])
        fates.append("right" if number in right else "wrong" if near else "lost")
    return fates


def _merged(words: Sequence[TrueWord], heard: Heard) -> int:
    """How many words were written that are two true ones in one."""
    pairs: dict[str, list[Seconds]] = {}
    for one, two in pairwise(words):
        pairs.setdefault(spell(one.text) + spell(two.text), []).append(one.start)
    told = [w for w, k in zip(heard.words, heard.truth, strict=True) if k == NO_WORD]
    return sum(any(abs(at - (w.start or 0.0)) < _NEAR for at in pairs.get(spell(w.text), [])) for w in told)


def main() -> None:
    """Fit and print the models."""
    from benchmarks.talks import load_talks

    parser = argparse.ArgumentParser(prog="python -m benchmarks.generated.recogniser")
    parser.add_argument("cache", type=Path)
    parser.add_argument("--audio", type=Path, default=Path("../shared/audio"))
    arguments = parser.parse_args()
    talks = load_talks(None, arguments.audio, arguments.cache)
    found: dict[str, Any] = {
        engine: asdict(fit([talk for talk in talks if talk.kind in kinds], engine, arguments.cache))
        for engine, kinds in ENGINES.items()
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
