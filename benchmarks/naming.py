"""Who gets a name when our own diarizer found the speakers: enrolled, strangers, and mixtures of both.

    python -m benchmarks.naming --audio ../shared/audio

Diarizes every simulated conversation, enrols 0, 1, half or all of its speakers
from recordings that are not in it (at least 10 s of speech), and counts, over
many random choices of who is enrolled, which clusters are named and rightly
so. A cluster is the true speaker whom it overlaps most.
"""

from __future__ import annotations

import argparse
import csv
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from diarfuse.diarize.models.store import Store
from diarfuse.diarize.pipeline import Diarizer
from diarfuse.diarize.voiceprint import VoiceEmbedder
from diarfuse.fusion.audio import load_audio
from diarfuse.fusion.formats.rttm import read_rttm
from diarfuse.fusion.naming.match import Cluster, Gate, Voice, identify
from diarfuse.fusion.types import Seconds, Turn
from diarfuse.transcribe.voices.calibration import calibration_of
from diarfuse.transcribe.voices.namer import clusters_of

ENROL_SECONDS, LONG = 10.0, 20.0
WHO = ("0", "1", "half", "all")


@dataclass(frozen=True, slots=True)
class Meeting:
    """One diarized conversation. truth: the speaker behind each cluster; voices: who can be enrolled."""

    clusters: Sequence[Cluster]
    truth: Mapping[str, str]
    voices: Mapping[str, Voice]


def overlap(turns: Sequence[Turn], others: Sequence[Turn]) -> Seconds:
    """Seconds for which a turn of the one and a turn of the other list run together."""
    return sum(max(0.0, min(a.end, b.end) - max(a.start, b.start)) for a in turns for b in others)


def by_speaker(turns: Sequence[Turn]) -> dict[str, list[Turn]]:
    """The turns of each speaker."""
    found = defaultdict(list)
    for turn in turns:
        found[turn.speaker].append(turn)
    return dict(found)


def most_overlapped(turns: Sequence[Turn], real: Mapping[str, Sequence[Turn]]) -> str:
    """The true speaker behind a cluster's turns."""
    return max(real, key=lambda speaker: overlap(turns, real[speaker]))


def prepare(audio: Path, rttm: Path, voices: Path, diarizer: Diarizer, embedder: VoiceEmbedder) -> Meeting:
    """Diarize one recording, and enrol whoever has other recordings."""
    samples = load_audio(audio)
    turns = diarizer.diarize(samples).turns
    real = by_speaker(read_rttm(rttm))
    truth = {label: most_overlapped(own, real) for label, own in by_speaker(turns).items()}
    with rttm.with_suffix(".src.tsv").open(encoding="utf-8", newline="") as file:
        used = {row["file"].removeprefix("dev/") for row in csv.DictReader(file, delimiter="\t")}
    enrolled = {speaker: enrol(speaker, used, voices, embedder) for speaker in real}
    return Meeting(clusters_of(samples, turns, embedder), truth, {s: v for s, v in enrolled.items() if v is not None})


def enrol(speaker: str, used: set[str], voices: Path, embedder: VoiceEmbedder) -> Voice | None:
    """The speaker's voice from at most 30 s that the conversation does not hold; None below 10 s."""
    with (voices / "MANIFEST.tsv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if row["speaker"] == speaker]
    prints, total = [], 0.0
    for row in rows:
        if row["file"] not in used and total < 3 * ENROL_SECONDS and float(row["seconds"]) > 2:
            prints.append(embedder.embed(load_audio(voices / row["file"]), [(0.0, 1e9)]))
            total += prints[-1].speech
    if total < ENROL_SECONDS:
        return None
    return Voice(speaker, embedder.space, tuple(one.embedding for one in prints))


def count(meeting: Meeting, who: str, gate: Gate, rng: np.random.Generator) -> np.ndarray:
    """Long enrolled speakers, found among them, clusters of strangers, named among them, wrong names."""
    candidates = sorted(meeting.voices)
    many = {"0": 0, "1": 1, "half": (len(candidates) + 1) // 2, "all": len(candidates)}[who]
    enrolled = {str(s) for s in rng.choice(candidates, many, replace=False)} if many else set()
    namings = identify(meeting.clusters, [meeting.voices[s] for s in sorted(enrolled)], gate)
    speech = {cluster.label: cluster.speech for cluster in meeting.clusters}
    long = {meeting.truth[label] for label, seconds in speech.items() if seconds >= LONG} & enrolled
    found = {n.name for n in namings if n.name is not None and n.name == meeting.truth[n.label]}
    strangers = [n for n in namings if meeting.truth[n.label] not in enrolled]
    wrong = sum(n.name not in (None, meeting.truth[n.label]) for n in namings)
    return np.array([len(long), len(long & found), len(strangers), sum(n.name is not None for n in strangers), wrong])


def main() -> None:
    """Print one line for each share of enrolled speakers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--audio", type=Path, default=Path("../shared/audio"))
    parser.add_argument("--choices", type=int, default=100, help="random choices of who is enrolled, a recording")
    options = parser.parse_args()
    models = Store().load("campplus")
    diarizer, embedder = Diarizer(models), VoiceEmbedder(models)
    gate = calibration_of(embedder.space, embedder.pack).gate
    folder, voices = options.audio / "sim", options.audio / "voices"
    meetings = [
        prepare(path, path.with_suffix(".rttm"), voices, diarizer, embedder) for path in sorted(folder.glob("*.flac"))
    ]
    for meeting in meetings:
        people = len(set(meeting.truth.values()))
        print(f"{len(meeting.clusters)} clusters, {people} people, {len(meeting.voices)} can be enrolled")
    print("| enrolled | with 20 s of speech and enrolled | found | clusters of strangers | named | wrong names |")
    print("|---|---|---|---|---|---|")
    for who in WHO:
        rng = np.random.default_rng(7)
        total = sum(count(meeting, who, gate, rng) for meeting in meetings for _ in range(options.choices))
        long, found, strangers, named, wrong = (int(x) for x in np.asarray(total))
        rates = [f"{100 * a / b:.1f} %" if b else "-" for a, b in ((found, long), (named, strangers))]
        print(f"| {who} | {long} | {rates[0]} | {strangers} | {rates[1]} | {wrong} |")


if __name__ == "__main__":
    main()
