"""Words that leak into a neighbour's microphone: how many are left out, and how many of one's own with them.

    python -m benchmarks.crosstalk ../shared/audio/voices

The generated conversations of two and three people, a track a person: through a room each, with the others as many
decibels below as a row says and up to 10 ms later. Whatever is fainter than one's own words is recognised, up to 50 ms
off, but where one speaks oneself: the true words stand for those of a recogniser.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.generated.__main__ import cut, fold_of
from benchmarks.generated.acoustics import Room, through, transmit, with_noise
from benchmarks.generated.layout import Placement, lay_out, plans
from benchmarks.generated.material import read_clips
from benchmarks.machine import describe
from diarfuse.fusion.join.channels import Channel
from diarfuse.fusion.join.crosstalk import without_leaks
from diarfuse.fusion.types import SAMPLE_RATE, Segment, Transcript, Word

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.generated.acoustics import Channel as Line
    from diarfuse.fusion.types import Samples, Seconds

OWN, LEAK = " own", " leak"
_NOISE_DB, _WORDS_APART = 35, 0.8


@dataclass(frozen=True, slots=True)
class Setting:
    """leak: decibels of the others; None: nothing of them. told: their words are recognised. gains: of the channels."""

    name: str
    leak: float | None
    told: bool = True
    gains: tuple[float, float, float] = (0.0, 0.0, 0.0)
    line: Line = "full"


SETTINGS = (
    Setting("apart", None, told=False),
    Setting("apart, the same words said by chance", None),
    Setting("-10 dB", -10),
    Setting("-16 dB", -16),
    Setting("-22 dB", -22),
    Setting("-28 dB", -28),
    Setting("-16 dB, gains of +9 and -9", -16, gains=(9.0, -9.0, 0.0)),
    Setting("-16 dB, opus at 12 kbit/s", -16, line="opus"),
    Setting("-16 dB, telephone", -16, line="telephone"),
)


def main() -> None:
    """Print the machine and the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.crosstalk", description=__doc__.split("\n", 1)[0])
    parser.add_argument("voices", type=Path)
    parser.add_argument("--talks", type=int, default=28, help="of the conversations, the first so many")
    arguments = parser.parse_args()
    clips = read_clips(arguments.voices)
    chosen = [plan for plan in plans() if plan.speakers in (2, 3)][: arguments.talks]
    found: dict[str, Counter[str]] = {setting.name: Counter() for setting in SETTINGS}
    for plan in chosen:
        placements = lay_out(plan, fold_of(clips, plan.fold))
        alone = _tracks(placements, arguments.voices)
        for setting in SETTINGS:
            found[setting.name].update(_counted(placements, alone, setting, plan.seed))
    print(f"{describe()}\n- {len(chosen)} conversations of two or three people\n")
    print("| the others | own words | of them lost | leaked words | of them left | processor, s |\n|" + "---|" * 6)
    for name, row in found.items():
        lost, left = row["own"] - row["own kept"], row["leak kept"]
        print(f"| {name} | {row['own']} | {lost} | {row['leak']} | {left} | {row['ms'] / 1000:.1f} |")


def _counted(
    placements: Sequence[Placement], alone: Mapping[str, Samples], setting: Setting, seed: int
) -> Counter[str]:
    """Words of both kinds before and after, and the processor's milliseconds."""
    rng, people = np.random.default_rng(seed), list(alone)
    room = Room(float(rng.uniform(0.15, 0.6)), None)
    channels, sounds = [], []
    for here, who in enumerate(people):
        sound = through(alone[who], room.place(rng))
        for other in people:
            if other != who and setting.leak is not None:
                late = int(rng.integers(0, SAMPLE_RATE // 100))
                sound[late:] += 10 ** (setting.leak / 20) * through(alone[other], room.place(rng))[: len(sound) - late]
        sound = with_noise(sound, _NOISE_DB, rng) if setting.told else sound
        sound *= np.float32(0.3 / np.abs(sound).max() * 10 ** (setting.gains[here] / 20))
        sounds.append(transmit(sound, setting.line, rng))
        channels.append(Channel(_said(_words(placements, who, rng, others=setting.told))))
    begin = time.process_time()
    kept, _ = without_leaks(channels, sounds)
    spent = round(1000 * (time.process_time() - begin))
    counts = {"own": _count(channels, OWN), "own kept": _count(kept, OWN)}
    return Counter(counts | {"leak": _count(channels, LEAK), "leak kept": _count(kept, LEAK), "ms": spent})


def _tracks(placements: Sequence[Placement], voices: Path) -> dict[str, Samples]:
    """What each person says, as long as the conversation."""
    length = round((max(one.end for one in placements) + 0.5) * SAMPLE_RATE)
    tracks = {who: np.zeros(length, np.float32) for who in sorted({one.piece.clip.speaker for one in placements})}
    for one in placements:
        part = cut(one.piece, voices) * np.float32(10 ** (one.gain / 20))
        first = round(one.at * SAMPLE_RATE)
        tracks[one.piece.clip.speaker][first : first + len(part)] += part[: length - first]
    return tracks


def _words(
    placements: Sequence[Placement], who: str, rng: np.random.Generator, *, others: bool
) -> list[tuple[Seconds, Seconds, str]]:
    """One's own words, and if `others` theirs, where one does not speak oneself: when each is, and what it is."""
    own: list[tuple[Seconds, Seconds, str]] = []
    theirs: list[tuple[Seconds, Seconds, str]] = []
    for one in placements:
        for start, end, _ in one.piece.words:
            if one.piece.clip.speaker == who:
                own.append((one.at + start, one.at + end, OWN))
            elif others:
                off = one.at + float(rng.normal(0, 0.05))
                theirs.append((off + start, off + end, LEAK))
    heard = [row for row in theirs if not any(row[0] < end and row[1] > start for start, end, _ in own)]
    return sorted([*own, *heard])


def _said(words: Sequence[tuple[Seconds, Seconds, str]]) -> Transcript:
    """The words in segments, a new one after each pause."""
    lines: list[list[tuple[Seconds, Seconds, str]]] = []
    for word in words:
        if lines and word[0] - lines[-1][-1][1] <= _WORDS_APART:
            lines[-1].append(word)
        else:
            lines.append([word])
    segments = [
        Segment(line[0][0], line[-1][1], "".join(text for *_, text in line), tuple(Word(*word) for word in line))
        for line in lines
    ]
    return Transcript(tuple(segments), "en", words[-1][1] if words else 0.0)


def _count(channels: Sequence[Channel], kind: str) -> int:
    return sum(word.text == kind for channel in channels for word in channel.transcript.words)


if __name__ == "__main__":
    main()
