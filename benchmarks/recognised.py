"""(c): recognised words and our turns, as cpWER, tcpWER and the speakers of the words that were recognised."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transcribe.eval_cli import read_stm, speaker_accuracy, word_errors
from transcribe.job import Job, JobOptions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

HEAD = "| recording | cpWER % | tcpWER % | right speaker, of words recognised |\n|---|---|---|---|"


def print_recognised(folders: Sequence[Path], asr: str, pack: str, models_dir: Path | None) -> None:
    """Recognise every recording that has STM truth, with both joins."""
    for join in ("plain", "resolved"):
        job = Job(JobOptions(diarize=True, asr=asr, diarizer=pack, models_dir=models_dir, join=join))
        for folder in folders:
            print(f"\n### {folder.name}: (c) words of {asr}, our turns, {join} join\n\n{HEAD}")
            for stm in sorted(folder.glob("*.stm")):
                audio = next(path for path in sorted(folder.glob(f"{stm.stem}.*")) if path.suffix in (".wav", ".flac"))
                transcript = job.transcribe(audio).transcript
                truth = read_stm(stm)
                given = [(s.start, s.end, s.speaker or "", s.text) for s in transcript.segments]
                rates = word_errors(truth, given)
                right, words = speaker_accuracy(truth, given)
                share = f"{100 * right / words:.1f} % ({right}/{words})" if words else "-"
                print(f"| {stm.stem} | {100 * rates['cpWER']:.1f} | {100 * rates['tcpWER']:.1f} | {share} |")
