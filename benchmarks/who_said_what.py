"""The measure that matters: how many words carry the right speaker.

    python -m benchmarks.who_said_what ../shared/audio/sim ../shared/audio/real --envs .envs

prints, for every folder, the words that WhisperX's `assign_word_speakers`, our
plain join and our resolved join attribute correctly, on the very same words and
turns: (a) true words and true turns, (b) true words and our diarizer's turns.
With ``--prices`` it also prints what the prices of contested words are worth, and
with ``--asr NAME`` (c): recognised words and our turns, as cpWER and tcpWER.
Recordings whose truth lacks words (a .json beside them says so) are left out.
"""

from __future__ import annotations

import argparse
import json
import subprocess
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.metrics_words import Counts, TrueWord, count, read_ctm, right_words
from diarfuse.fusion.formats.rttm import read_rttm
from diarfuse.fusion.join import batches, contested
from diarfuse.fusion.join.assign import DEFAULT, Policy, assign_speakers
from diarfuse.fusion.types import Diarization, Word

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import ModuleType

    Spans = Sequence[Sequence[float | None]]
    Join = Callable[[Sequence[TrueWord] | Sequence[Word], Diarization], list[str | None]]


def main() -> None:
    """Print every table."""
    arguments = _parse()
    known = {folder: _recordings(folder, arguments.pack, arguments.models_dir) for folder in arguments.folder}
    for folder, recordings in known.items():
        for name, which in (("(a) true words, true turns", 0), ("(b) true words, our turns", 1)):
            print(f"\n### {folder.name}: {name}\n\n| join | all | overlapped | outside |\n|---|---|---|---|")
            for system, join in _systems(arguments.envs).items():
                total = sum((_count(words, turns[which], join) for words, *turns in recordings), Counts())
                print(f"| {system} | {total.row()} |")
    every = [recording for recordings in known.values() for recording in recordings]
    if arguments.prices:
        print_prices(every)
    if arguments.asr:
        from benchmarks.recognised import print_recognised

        joins = _systems(arguments.envs)
        print_recognised(arguments.folder, arguments.asr, arguments.pack, arguments.models_dir, joins)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.who_said_what")
    parser.add_argument("folder", nargs="+", type=Path, help="recordings with .ctm and .rttm beside them")
    parser.add_argument("--envs", type=Path, help="folder with an environment named whisperx")
    parser.add_argument("--pack", default="campplus", help="our diarizer's pack")
    parser.add_argument("--models-dir", type=Path)
    parser.add_argument("--prices", action="store_true", help="what the prices of contested words are worth")
    parser.add_argument("--asr", help="also recognise, with this recogniser")
    return parser.parse_args()


def _recordings(folder: Path, pack: str, root: Path | None) -> list[tuple[list[TrueWord], Diarization, Diarization]]:
    """Every recording's true words, true turns and our turns."""
    from diarfuse.diarize.models.store import Store
    from diarfuse.diarize.pipeline import Diarizer

    diarizer = Diarizer.from_pretrained(pack, store=Store(root))
    found = []
    for ctm in sorted(folder.glob("*.ctm")):
        about = ctm.with_suffix(".json")
        if about.exists() and not json.loads(about.read_text(encoding="utf-8")).get("all_speech_has_words", True):
            continue
        audio = next(path for path in sorted(folder.glob(f"{ctm.stem}.*")) if path.suffix in (".wav", ".flac"))
        true = read_rttm(ctm.with_suffix(".rttm"))
        truth = Diarization(true, (), max(turn.end for turn in true))
        found.append((read_ctm(ctm), truth, diarizer.diarize(str(audio))))
    return found


def _systems(envs: Path | None) -> dict[str, Join]:
    """The joins to compare."""
    systems: dict[str, Join] = {"ours, plain": ours(Policy(join="plain")), "ours": ours()}
    return {"WhisperX": whisperx(envs / "whisperx" / "bin" / "python"), **systems} if envs else systems


def ours(policy: Policy = DEFAULT) -> Join:
    """Our join."""

    def join(words: Sequence[TrueWord] | Sequence[Word], found: Diarization) -> list[str | None]:
        given = [Word(word.start, word.end, word.text) for word in words]
        return [word.speaker for word in assign_speakers(given, found, policy)]

    return join


def whisperx(python: Path) -> Join:
    """WhisperX's join, in its own environment."""

    def join(words: Sequence[TrueWord] | Sequence[Word], found: Diarization) -> list[str | None]:
        spans = [[word.start, word.end] for word in words]
        turns = [[turn.start, turn.end, turn.speaker] for turn in found.turns]
        answer = run_whisperx(python, spans, turns)
        return list(answer["speakers"])

    return join


def run_whisperx(python: Path, words: Spans, turns: list[list[Any]]) -> dict[str, Any]:
    """Their answer, with the seconds it took and their version."""
    return run_whisperx_on(python, [(words, turns)])[0]


def run_whisperx_on(python: Path, recordings: Sequence[tuple[Spans, list[list[Any]]]]) -> list[dict[str, Any]]:
    """Their answers for many recordings, words and turns of each, in one process."""
    script = Path(__file__).parent / "rivals" / "whisperx_join.py"
    given = json.dumps([{"words": words, "turns": turns} for words, turns in recordings])
    done = subprocess.run([str(python), str(script)], input=given, capture_output=True, text=True, check=True)
    answers: list[dict[str, Any]] = json.loads(done.stdout)
    return answers


def _count(words: Sequence[TrueWord], turns: Diarization, join: Join) -> Counts:
    return count(words, right_words(words, join(words, turns)))


@contextmanager
def _changed(changes: dict[str, Any], module: ModuleType) -> Iterator[None]:
    """The join with some of its rules replaced."""
    before = {name: getattr(module, name) for name in changes}
    try:
        for name, value in changes.items():
            setattr(module, name, value)
        yield
    finally:
        for name, value in before.items():
            setattr(module, name, value)


def print_prices(recordings: Sequence[tuple[list[TrueWord], Diarization, Diarization]]) -> None:
    """What the prices are worth that tell words apart which sound at once."""
    print("\n### Prices (all recordings, our turns)\n")
    print("| price | all | overlapped | outside |\n|---|---|---|---|")
    print(f"| as they are | {sum((_count(w, found, ours()) for w, _, found in recordings), Counts()).row()} |")
    for name in ("outside", "collision", "gap", "change"):
        for factor in (0.5, 2.0):
            prices = replace(contested.PRICES, **{name: factor * getattr(contested.PRICES, name)})
            with _changed({"tell": lambda given, told=prices: contested.tell(given, told)}, batches):
                total = sum((_count(w, found, ours()) for w, _, found in recordings), Counts())
            print(f"| {name} x {factor:g} | {total.row()} |")


if __name__ == "__main__":
    main()
