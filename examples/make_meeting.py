"""Make `meeting.wav`, a made-up meeting of three synthetic voices, with the truth about it.

Needs Debian's ``flite`` (``apt-get install flite``), numpy, soundfile, soxr::

    python examples/make_meeting.py

writes `meeting.wav` (16 kHz, mono, 16 bit), `meeting.rttm` (who spoke when)
and `meeting.txt` (who said what) beside this file. The same version of flite
gives the same bytes.
"""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import soundfile as sf
import soxr

RATE = 16_000
HERE = Path(__file__).parent
VOICES = {"Ada": "slt", "Ben": "rms", "Colin": "kal16"}
LEVEL = 0.05  # RMS of every voice
NOISE = 0.0005  # of the room, RMS: 40 dB below the voices
SILENT = 0.01  # of a clip's peak: what is trimmed away at its start and end ...
MARGIN = RATE // 20  # ... but for this many samples, that hold the soft consonants

Clip: TypeAlias = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Line:
    """One utterance; `gap` seconds after the end of the one before, negative to talk over it."""

    speaker: str
    text: str
    gap: float = 0.5


MEETING = [
    Line("Ada", "Good morning everybody. We have ten minutes, and three things to decide."),
    Line("Ben", "Only three? Last week there were nine, and we only finished one of them."),
    Line("Ada", "That is why there are three. First, the coffee machine. It broke again yesterday.", 0.6),
    Line("Colin", "It did not break. I was cleaning it, and something fell on the floor.", 0.3),
    Line("Ben", "Something? There was water all the way to the front door!", -0.15),
    Line("Colin", "All right, it was something important. I am going to repair it.", 0.7),
    Line("Ada", "Good. Now the second point, the new office. The landlord wants an answer before Friday.", 0.6),
    Line("Ben", "I like the big windows, but the train station is twenty minutes away."),
    Line("Colin", "Twenty minutes is nothing. You need more than that for your lunch.", 0.4),
    Line("Ben", "Because the lunch is good. What does the rent cost every month?", 0.6),
    Line("Ada", "It costs about the same as here, but the parking is included. I think we should take it.", 0.4),
    Line("Colin", "Yes, I agree with Ada. We really need the parking.", 0.3),
    Line("Ben", "Fine. Then we take it, and I will buy a bicycle.", 0.5),
    Line("Ada", "Wonderful. And the last point, who will write the report for our customer?", 0.6),
    Line("Colin", "I wrote the last one, and nobody wanted to read it.", 0.9),
    Line("Ben", "I have read it. It was forty pages long, and half of it was about the weather.", 0.3),
    Line("Colin", "The weather was very important.", 0.3),
    Line("Ada", "Can you write it this time, Ben? But make it short. Five pages will do.", 0.6),
    Line("Ben", "You will have it on Thursday evening.", 0.4),
    Line("Ada", "Perfect. That is everything for today. See you all next week!", 0.5),
]


def speak(line: Line) -> Clip:
    """Synthesise a line: mono, 16 kHz, trimmed to its sound, at the common level."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "line.wav"
        subprocess.run(["flite", "-voice", VOICES[line.speaker], "-t", line.text, "-o", str(path)], check=True)
        samples, rate = sf.read(path, dtype="float32")
    samples = soxr.resample(samples, rate, RATE)
    loud = np.flatnonzero(np.abs(samples) > SILENT * np.abs(samples).max())
    clip: Clip = samples[max(0, loud[0] - MARGIN) : loud[-1] + 1 + MARGIN]
    level: Clip = clip * np.float32(LEVEL / np.sqrt(np.mean(np.square(clip))))
    return level


def mix(clips: list[Clip]) -> tuple[Clip, list[int]]:
    """Lay the clips out in time over the room's noise; also their first samples."""
    starts: list[int] = []
    end = 0
    for line, clip in zip(MEETING, clips, strict=True):
        starts.append(end + round(line.gap * RATE))
        end = max(end, starts[-1] + len(clip))
    room = np.random.default_rng(0).normal(0, NOISE, end + RATE // 2).astype(np.float32)
    for start, clip in zip(starts, clips, strict=True):
        room[start : start + len(clip)] += clip
    return room, starts


def labels() -> dict[str, str]:
    """SPEAKER_00, SPEAKER_01 ... in the order in which they first speak."""
    order = dict.fromkeys(line.speaker for line in MEETING)
    return {name: f"SPEAKER_{number:02d}" for number, name in enumerate(order)}


def main() -> None:
    """Write the three files."""
    clips = [speak(line) for line in MEETING]
    samples, starts = mix(clips)
    label = labels()
    sf.write(HERE / "meeting.wav", samples, RATE, subtype="PCM_16")
    rttm = [
        f"SPEAKER meeting 1 {start / RATE:.3f} {len(clip) / RATE:.3f} <NA> <NA> {label[line.speaker]} <NA> <NA>\n"
        for line, clip, start in zip(MEETING, clips, starts, strict=True)
    ]
    (HERE / "meeting.rttm").write_text("".join(rttm), encoding="utf-8")
    text = [f"{label[line.speaker]}: {line.text}\n" for line in MEETING]
    (HERE / "meeting.txt").write_text("".join(text), encoding="utf-8")
    print(f"{len(samples) / RATE:.1f} s, {len(MEETING)} turns, {len(label)} speakers")


if __name__ == "__main__":
    main()
