"""Conversations whose words are known, with turns: the true ones, and ours for each pack and mode."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

from benchmarks.generated.heard import listen
from benchmarks.local_pack import open_store
from benchmarks.metrics_words import TrueWord, read_ctm
from benchmarks.scoring import Recording, find_recordings
from diarfuse.diarize.models.store import Store
from diarfuse.diarize.options import Execution, Mode
from diarfuse.diarize.pipeline import Diarizer, Wanted
from diarfuse.fusion.audio import load_audio
from diarfuse.fusion.types import SAMPLE_RATE, Diarization, SpeakerCount
from diarfuse.fusion.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

GENERATED = ("full", "telephone", "noise", "codec", "clips30", "clips60")
SEEN = ("sim", "real")
ELSEWHERE = "elsewhere"
"""More real recordings, where there is such a folder beside those of `SEEN`: scored, and nothing is chosen on them."""
NO_FOLD = -1
TRUE = "true"
_WANTED = Wanted(SpeakerCount(), embeddings=False, activity=False)
_FRAME = 160


@dataclass(frozen=True, slots=True)
class Talk:
    """One conversation.

    kind: `GENERATED`, `SEEN` or `ELSEWHERE`. fold: of its speakers. turns: by the name of who found them.
    """

    recording: Recording
    kind: str
    fold: int
    words: list[TrueWord]
    turns: dict[str, Diarization]

    @property
    def name(self) -> str:
        """Of the recording, and its kind."""
        return f"{self.kind}/{self.recording.name}"

    @property
    def group(self) -> str:
        """What it is reported with: all generated ones are one group."""
        return "generated" if self.kind in GENERATED else self.kind


def load_talks(
    generated: Path | None, audio: Path, cache: Path, systems: Sequence[str] = (), local: Path | None = None
) -> list[Talk]:
    """Every conversation whose speech has words throughout.

    Args:
        generated: a folder of `benchmarks.generated`; None for `sim` and `real` alone.
        audio: the folder of `sim` and `real`, and perhaps of `elsewhere`.
        cache: keeps what the networks heard.
        systems: ours, as ``PACK MODE``.
        local: a store that `benchmarks.local_pack` made, with the pack community-1.
    """
    diarizers = {system: _diarizer(system, local) for system in systems}
    made = [] if generated is None else [generated / kind for kind in GENERATED]
    return [
        Talk(recording, folder.name, fold, words, _turns(recording, words, diarizers, cache / "{}" / folder.name))
        for folder in (*made, *recorded(audio))
        for recording, fold, words in _recordings(folder)
    ]


def recorded(audio: Path) -> list[Path]:
    """The folders of recordings that were not generated."""
    return [audio / kind for kind in SEEN] + [folder for folder in (audio / ELSEWHERE,) if folder.is_dir()]


def _diarizer(system: str, local: Path | None) -> Diarizer:
    pack, mode = system.split()
    store = Store() if local is None or pack == "campplus" else open_store(local)
    return Diarizer(store.load(pack), execution=Execution(mode=cast("Mode", mode)))


def _recordings(folder: Path) -> Iterator[tuple[Recording, int, list[TrueWord]]]:
    for recording in find_recordings(folder):
        ctm, about = recording.audio.with_suffix(".ctm"), recording.audio.with_suffix(".json")
        facts = json.loads(about.read_text(encoding="utf-8")) if about.is_file() else {}
        if ctm.is_file() and facts.get("all_speech_has_words", True):
            seen = {"sim": 0, "real": NO_FOLD}
            yield recording, int(facts.get("fold", seen.get(folder.name, NO_FOLD))), read_ctm(ctm)


def _turns(
    recording: Recording, words: Sequence[TrueWord], diarizers: dict[str, Diarizer], kept: Path
) -> dict[str, Diarization]:
    end = max([*(turn.end for turn in recording.turns), *(word.end for word in words)])
    found = {TRUE: Diarization(tuple(recording.turns), (), end)}
    for system, diarizer in diarizers.items():
        file = kept.parent.parent / system.replace(" ", "-") / kept.name / f"{recording.name}.npz"
        found[system] = diarizer.decide(listen(diarizer, recording.audio, file), _WANTED, Watch())
    return found


def levels(talk: Talk) -> dict[str, float]:
    """How loud each speaker is, in dB: the median frame of 10 ms in which nobody else speaks; -inf if there is none."""
    samples = load_audio(talk.recording.audio).astype(np.float64)
    frames = samples[: len(samples) // _FRAME * _FRAME].reshape(-1, _FRAME)
    power = 10 * np.log10(np.maximum((frames**2).mean(axis=1), 1e-12))
    names = sorted({turn.speaker for turn in talk.recording.turns})
    speaks = np.zeros((len(names), len(power)), bool)
    for turn in talk.recording.turns:
        speaks[names.index(turn.speaker), _frame(turn.start) : _frame(turn.end)] = True
    alone = speaks & (speaks.sum(axis=0) == 1)
    return {
        name: float(np.median(power[own])) if own.any() else -np.inf for name, own in zip(names, alone, strict=True)
    }


def _frame(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE / _FRAME)
