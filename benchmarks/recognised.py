"""(c): recognised words and our turns, as cpWER, tcpWER and the speakers of the words that were recognised."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from benchmarks.metrics_words import read_ctm
from diarfuse.transcribe.documents.scoring import Spoken, read_truth, speakers_of_words, word_errors
from diarfuse.transcribe.job import Job
from diarfuse.transcribe.options import JobOptions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from benchmarks.who_said_what import Join
    from diarfuse.fusion.types import Diarization, Seconds, Word

HEAD = "| recording | join | cpWER % | tcpWER % | right speaker, of words recognised |\n|---|---|---|---|---|"
_PAUSE: Seconds = 0.5
"""A new segment begins after this much silence, and wherever the speaker changes."""


def print_recognised(
    folders: Sequence[Path], asr: str, pack: str, models_dir: Path | None, joins: Mapping[str, Join]
) -> None:
    """Recognise every recording that has STM truth once, and put speakers on its words with every join."""
    job = Job(JobOptions(diarize=True, asr=asr, diarizer=pack, models_dir=models_dir))
    for folder in folders:
        print(f"\n### {folder.name}: (c) words of {asr}, our turns\n\n{HEAD}")
        total = {name: [0, 0] for name in joins}
        for stm in sorted(folder.glob("*.stm")):
            audio = next(path for path in sorted(folder.glob(f"{stm.stem}.*")) if path.suffix in (".wav", ".flac"))
            done = job.transcribe(audio)
            if done.diarization is None:
                raise SystemExit(f"{audio} came back without turns.")
            for name, join in joins.items():
                row, right, words = _score(stm, done.transcript.words, done.diarization, join)
                total[name] = [total[name][0] + right, total[name][1] + words]
                print(f"| {stm.stem} | {name} | {row} |", flush=True)
        for name, (right, words) in total.items():
            print(f"| all | {name} | | | {_share(right, words)} |")


def _score(stm: Path, words: Sequence[Word], turns: Diarization, join: Join) -> tuple[str, int, int]:
    """A row of the table; the words with the right speaker, and those recognised."""
    timed = [word for word in words if word.start is not None and word.end is not None]
    speakers = join(timed, turns)
    truth = read_truth(stm)[0]
    rates = word_errors(truth, segments_of(timed, speakers))
    ctm = stm.with_suffix(".ctm")
    known = [(w.start, w.end, w.speaker, w.text) for w in read_ctm(ctm)] if ctm.exists() else truth
    each = [(w.start or 0.0, w.end or 0.0, who or "", w.text) for w, who in zip(timed, speakers, strict=True)]
    right, matched = speakers_of_words(known, each)
    return f"{100 * rates['cpWER']:.1f} | {100 * rates['tcpWER']:.1f} | {_share(right, matched)}", right, matched


def _share(right: int, words: int) -> str:
    return f"{100 * right / words:.1f} % ({right}/{words})" if words else "-"


def segments_of(words: Sequence[Word], speakers: Sequence[str | None]) -> list[Spoken]:
    """Runs of words with one speaker and without a pause."""
    rows = [(w.start or 0.0, w.end or 0.0, who or "", w.text) for w, who in zip(words, speakers, strict=True)]
    cuts = [i for i, (a, b) in enumerate(pairwise(rows), 1) if a[2] != b[2] or b[0] - a[1] > _PAUSE]
    groups = [rows[a:b] for a, b in pairwise([0, *cuts, len(rows)]) if b > a]
    return [(g[0][0], max(row[1] for row in g), g[0][2], " ".join(row[3] for row in g)) for g in groups]
