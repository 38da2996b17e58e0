"""How right the live diarizer is while people speak, and how much it corrects; docs/live.md defines the measures.

    python -m benchmarks.live ../shared/audio/real ../shared/audio/sim --pack campplus
    python -m benchmarks.live ../shared/audio/sim --hours 1

prints, in Markdown, a row a folder: DER of the label as last said d seconds
after each frame, DER at the end and offline, latency, corrections, and what it
costs. A provisional frame (no speaker yet) counts as missed.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from benchmarks.metrics_words import read_ctm
from benchmarks.scoring import ErrorRates, Recording, find_recordings, score, total
from diarfuse.diarize.live import LiveDiarizer
from diarfuse.diarize.live.events import Committed, TurnRevised, TurnStarted
from diarfuse.diarize.live.ledger import Entry, Ledger
from diarfuse.diarize.options import Execution
from diarfuse.diarize.pipeline import Diarizer
from diarfuse.fusion.audio import load_audio
from diarfuse.fusion.types import SAMPLE_RATE, Seconds, Segment, Turn, Word
from diarfuse.transcribe.live.committing import changes_all, turns_of
from diarfuse.transcribe.live.words import Words, WordSaid

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from diarfuse.diarize.live.events import Event
    from diarfuse.fusion.types import Samples

DELAYS: tuple[Seconds, ...] = (1.0, 2.0, 3.0, 10.0)
BLOCK = SAMPLE_RATE // 2
COLUMNS = "| recordings | pack | d = 1 s | 2 s | 3 s | 10 s | end | offline | first label s | commit p50 / p90 / p99 s "
MORE = "| flips a minute | revised s an hour | words changed % | core % | labels (truth) |"
Answer: TypeAlias = "dict[Seconds, list[Turn]]"


@dataclass
class Run:
    """One recording: what was said when, and what it cost.

    said: turns as they were said `d` seconds after each frame. latency: from a word's frame to its commitment. words:
        the recording's true ones, told as they are committed. committed, changed: how many were told, and the numbers
        of those whose speaker was corrected afterwards, before the end. cpu, closing: processor seconds of all that was
        fed, and of the end.
    """

    said: Answer = field(default_factory=lambda: {delay: [] for delay in DELAYS})
    end: tuple[Turn, ...] = ()
    offline: tuple[Turn, ...] = ()
    first_label: Seconds | None = None
    latency: list[Seconds] = field(default_factory=list)
    flips: int = 0
    revised: Seconds = 0.0
    duration: Seconds = 0.0
    cpu: Seconds = 0.0
    closing: Seconds = 0.0
    labels: int = 0
    words: Words = field(default_factory=Words)
    committed: int = 0
    changed: set[int] = field(default_factory=set)

    def commit(self, ledger: Ledger, events: Sequence[Event]) -> None:
        """Tell the words behind the commitment, and count."""
        anew = any(map(changes_all, events))
        for change in self.words.commit(ledger.committed, turns_of(ledger), anew=anew):
            if isinstance(change, WordSaid):
                self.committed += 1
            else:
                self.changed.add(change.word)


def main() -> None:
    """Run every folder and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.live", description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", nargs="+", type=Path, help="folder of recordings with .rttm beside them")
    parser.add_argument("--pack", default="campplus")
    parser.add_argument("--only", default="", help="recordings whose name holds this")
    parser.add_argument("--each", action="store_true", help="also a row for each recording")
    parser.add_argument("--hours", type=float, help="a folder's recordings in turns, as one recording so long")
    arguments = parser.parse_args()
    diarizer = Diarizer.from_pretrained(arguments.pack, execution=Execution(threads=1))
    print(f"{COLUMNS}{MORE}\n|" + "---|" * 15)
    for folder in arguments.folder:
        recordings = [each for each in find_recordings(folder) if arguments.only in each.name]
        runs = []
        if arguments.hours:
            samples, recordings = chained(recordings, arguments.hours * 3600)
            runs = [play(diarizer, samples, recordings[0])]
            print(f"close: {runs[0].closing:.0f} s of processor time", file=sys.stderr)
        for recording in recordings if not runs else ():
            runs.append(play(diarizer, load_audio(recording.audio), recording))
            if arguments.each:
                print(row(recording.name, arguments.pack, [recording], runs[-1:]), flush=True)
        print(row(f"{folder.name} ({len(runs)})", arguments.pack, recordings, runs), flush=True)


def chained(recordings: Sequence[Recording], seconds: Seconds) -> tuple[Samples, list[Recording]]:
    """One recording of `seconds`: all of them one after another, from the first again; words are left out."""
    parts: list[Samples] = []
    turns: list[Turn] = []
    size, number = 0, 0
    while size < seconds * SAMPLE_RATE:
        recording = recordings[number % len(recordings)]
        samples, start = load_audio(recording.audio), size / SAMPLE_RATE
        turns += [Turn(turn.start + start, turn.end + start, turn.speaker) for turn in recording.turns]
        parts.append(samples)
        size, number = size + len(samples), number + 1
    whole = np.concatenate(parts)[: round(seconds * SAMPLE_RATE)]
    inside = tuple(Turn(t.start, min(t.end, seconds), t.speaker) for t in turns if t.start < seconds)
    return whole, [Recording(Path("chained"), inside, ((0.0, len(whole) / SAMPLE_RATE),))]


def play(diarizer: Diarizer, samples: Samples, recording: Recording) -> Run:
    """Feed one recording in blocks of half a second, and keep what is said as it is said."""
    run, ledger, live = Run(duration=len(samples) / SAMPLE_RATE), Ledger(), LiveDiarizer(diarizer)
    ctm = recording.audio.with_suffix(".ctm")
    true = sorted(read_ctm(ctm), key=lambda word: word.end) if ctm.is_file() else []
    run.words.hear(Segment(w.start, w.end, w.text, (Word(w.start, w.end, w.text),)) for w in true)
    before: dict[int, str | None] = {}
    for start in range(0, len(samples), BLOCK):
        began = time.process_time()
        events = live.feed(samples[start : start + BLOCK])
        run.cpu += time.process_time() - began
        now = live.seconds
        ledger.apply(events)
        for event in events:
            if isinstance(event, TurnRevised):
                changed = event.end > event.start and before.get(event.turn) not in (None, event.speaker)
                run.flips += changed
                run.revised += (event.end - event.start) * changed
            if isinstance(event, Committed):
                run.latency += [now - event.until]
            if isinstance(event, TurnStarted | TurnRevised):
                before[event.turn] = event.speaker
        run.commit(ledger, events)
        _note(run, ledger.entries, now)
    tail = ledger.entries
    for delay in DELAYS:  # the last seconds, as they were said at the end
        run.said[delay] += _slice(tail, max(live.seconds - delay, 0.0), live.seconds)
    run.labels = len({entry.speaker for entry in tail} - {None})
    began = time.process_time()
    run.end = live.close().turns
    run.closing = time.process_time() - began
    run.offline = diarizer.diarize(samples).turns
    run.first_label = _first_label(run, recording)
    return run


def _note(run: Run, entries: Sequence[Entry], now: Seconds) -> None:
    for delay in DELAYS:
        run.said[delay] += _slice(entries, max(now - delay - BLOCK / SAMPLE_RATE, 0.0), now - delay)


def _slice(entries: Iterable[Entry], start: Seconds, end: Seconds) -> list[Turn]:
    """What is said of ``start <= t < end``."""
    cut = [(max(e.start, start), min(e.end, end), e.speaker) for e in entries if e.end > start and e.start < end]
    return [Turn(first, last, speaker) for first, last, speaker in cut if speaker is not None and last > first]


def _first_label(run: Run, recording: Recording) -> Seconds | None:
    """Seconds from the first word until a moment of speech has a speaker; None where nobody speaks."""
    spoken = min((turn.start for turn in recording.turns), default=None)
    if spoken is None:
        return None
    told = [turn.start for turn in run.said[DELAYS[0]] if turn.end > spoken]
    return max(min(told, default=run.duration) - spoken, 0.0) + DELAYS[0]


def row(name: str, pack: str, recordings: Sequence[Recording], runs: Sequence[Run]) -> str:
    """One line of the table: errors pooled, the rest over all."""
    ders = [pooled(recordings, [joined(run.said[delay]) for run in runs]) for delay in DELAYS]
    ders += [pooled(recordings, [run.end for run in runs]), pooled(recordings, [run.offline for run in runs])]
    seconds = sum(run.duration for run in runs)
    first = np.median([run.first_label for run in runs if run.first_label is not None])
    commit = " / ".join(f"{np.percentile([x for run in runs for x in run.latency], q):.1f}" for q in (50, 90, 99))
    flips, revised = sum(run.flips for run in runs), sum(run.revised for run in runs)
    truth = sum(len({turn.speaker for turn in recording.turns}) for recording in recordings)
    cells = [
        *(f"{100 * der:.1f}" for der in ders),
        f"{first:.1f}",
        commit,
        f"{flips / seconds * 60:.2f}",
        f"{revised / seconds * 3600:.0f}",
        _words_changed(runs),
        f"{100 * sum(run.cpu for run in runs) / seconds:.1f}",
        f"{sum(run.labels for run in runs)} ({truth})",
    ]
    return f"| {name} | {pack} | " + " | ".join(cells) + " |"


def _words_changed(runs: Sequence[Run]) -> str:
    """Per cent of the committed words whose speaker was corrected; where no words are known a dash."""
    committed = sum(run.committed for run in runs)
    return f"{100 * sum(len(run.changed) for run in runs) / committed:.1f}" if committed else "-"


def pooled(recordings: Sequence[Recording], answers: Sequence[Sequence[Turn]]) -> float:
    """DER over all, 0 to 1 and above, collar 0, overlap counted."""
    rates: list[ErrorRates] = [
        score(each.turns, turns, each.uem, 0.0) for each, turns in zip(recordings, answers, strict=True)
    ]
    return total(rates).der


def joined(slices: Iterable[Turn]) -> list[Turn]:
    """Slices of half a second laid together again."""
    by_speaker: dict[str, list[Turn]] = {}
    for turn in sorted(slices, key=lambda turn: turn.start):
        by_speaker.setdefault(turn.speaker, []).append(turn)
    whole: list[Turn] = []
    for speaker, turns in by_speaker.items():
        first = turns[0].start
        for one, other in pairwise(turns):
            if other.start > one.end + 1e-6:
                whole.append(Turn(first, one.end, speaker))
                first = other.start
        whole.append(Turn(first, turns[-1].end, speaker))
    return sorted(whole, key=lambda turn: (turn.start, turn.end, turn.speaker))


if __name__ == "__main__":
    main()
