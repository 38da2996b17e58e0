"""Made-up conversations with exact truth, written to a folder that is never committed.

    python -m benchmarks.generated ../shared/audio/voices OUT --heard HEARD.tsv

writes OUT/full (rooms and mild noise), the same talk once more as OUT/telephone
(8 kHz mu-law), a quarter of it as OUT/noise (5 dB) and OUT/codec (low-rate mp3,
opus, 11 kHz in turns), and excerpts as OUT/clips30 and OUT/clips60. The same
seed and the same voices give the same files. ``--stretched HOURS`` instead
writes one long recording that repeats clips under other rooms, at other speeds
and through other codecs: for time and memory only. ``--lines FOLDER`` writes the
recordings of another folder through the telephone and with noise:
OUT/NAME-telephone and OUT/NAME-noise, with their truth.
"""

from __future__ import annotations

import argparse
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import soundfile

from benchmarks.generated.acoustics import Channel, Room, through, transmit, with_noise
from benchmarks.generated.layout import Placement, Plan, lay_out, plans
from benchmarks.generated.material import Clip, Piece, by_speaker, read_clips, read_folds
from benchmarks.generated.truth import write_truth
from benchmarks.scoring import find_recordings
from diarfuse.fusion.audio import load_audio
from diarfuse.fusion.types import SAMPLE_RATE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from diarfuse.fusion.types import Samples, Seconds

CODECS: tuple[Channel, ...] = ("mp3", "opus", "11k")
LINES: tuple[Channel, ...] = ("telephone", "noise")
_FADE = SAMPLE_RATE // 200
_PEAK = 0.7


def main() -> None:
    """Write everything that the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.generated", description=__doc__.split("\n", 1)[0])
    parser.add_argument("voices", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--heard", type=Path, help="words for clips that WORDS.tsv lacks (benchmarks.generated.words)")
    parser.add_argument("--stretched", type=float, metavar="HOURS")
    parser.add_argument("--lines", type=Path, metavar="FOLDER", help="a folder of recordings, as ../shared/audio/sim")
    arguments = parser.parse_args()
    if arguments.lines:
        write_lines(arguments.lines, arguments.out)
        return
    clips = read_clips(arguments.voices, arguments.heard)
    if arguments.stretched:
        from benchmarks.generated.stretched import write_stretched

        write_stretched(arguments.voices, arguments.out, clips, arguments.stretched)
    else:
        for number, plan in enumerate(plans()):
            _write_all(arguments.voices, arguments.out, plan, number, clips)


def _write_all(voices: Path, out: Path, plan: Plan, number: int, clips: Sequence[Clip]) -> None:
    """One conversation, in all its forms."""
    placements = lay_out(plan, fold_of(clips, plan.fold))
    mix, room = render(placements, voices, plan.seed)
    forms: list[tuple[str, Channel]] = [("full", "full"), ("telephone", "telephone")]
    if number % 4 == plan.fold % 4:
        forms.append(("noise", "noise"))
    if number % 4 == (plan.fold + 2) % 4:
        forms.append(("codec", CODECS[number // 4 % 3]))
    about = {"fold": plan.fold, "speakers": plan.speakers, "style": plan.style, "rt60": room.rt60, "snr": room.snr}
    for folder, channel in forms:
        heard = transmit(mix, channel, np.random.default_rng(plan.seed))
        _write(out / folder / f"{plan.name}.wav", heard, placements, {**about, "channel": channel})
    if number % 2 == 0:
        seconds = (30.0, 60.0)[number // 2 % 2]
        _write_excerpt(out / f"clips{seconds:.0f}" / f"{plan.name}.wav", mix, placements, seconds, about)


def write_lines(folder: Path, out: Path) -> None:
    """The recordings of `folder` once more, through each of `LINES`, with the truth that lies beside them."""
    recordings = find_recordings(folder)
    if not recordings:
        raise SystemExit(f"No audio with an .rttm beside it in {folder}; give a folder that has some.")
    for channel in LINES:
        written = out / f"{folder.name}-{channel}"
        written.mkdir(parents=True, exist_ok=True)
        for recording in recordings:
            heard = transmit(load_audio(recording.audio), channel, np.random.default_rng(0))
            path = written / f"{recording.name}.wav"
            soundfile.write(path, np.clip(heard, -1, 1), SAMPLE_RATE, subtype="PCM_16")
            for ending in (".rttm", ".uem"):
                if recording.audio.with_suffix(ending).is_file():
                    shutil.copyfile(recording.audio.with_suffix(ending), path.with_suffix(ending))


def fold_of(clips: Sequence[Clip], fold: int) -> dict[str, list[Clip]]:
    """The clips of the fold's speakers."""
    folds = read_folds()
    return by_speaker([clip for clip in clips if folds[clip.speaker] == fold])


def render(placements: Sequence[Placement], voices: Path, seed: int) -> tuple[Samples, Room]:
    """The sound of a conversation before its line, (num_samples,) at 16 kHz: everybody from a seat of their own."""
    rng = np.random.default_rng([seed, 1])
    room = Room.draw(rng)
    seats = {name: room.place(rng) for name in sorted({one.piece.clip.speaker for one in placements})}
    length = int((max(one.end for one in placements) + 0.5) * SAMPLE_RATE)
    mix = np.zeros(length, np.float32)
    for one in placements:
        first = round(one.at * SAMPLE_RATE)
        heard = through(
            np.pad(cut(one.piece, voices) * 10 ** (one.gain / 20), (0, SAMPLE_RATE // 2)), seats[one.piece.clip.speaker]
        )
        last = min(first + len(heard), length)
        mix[first:last] += heard[: last - first]
    mix *= _PEAK / max(float(np.abs(mix).max()), 1e-9)
    return (mix if room.snr is None else with_noise(mix, room.snr, rng)), room


def cut(piece: Piece, voices: Path) -> Samples:
    """The samples of a piece, faded at both ends, at the same loudness whoever speaks."""
    samples = load_audio(voices / piece.clip.file)
    level = float(np.sqrt((samples.astype(np.float64) ** 2).mean())) or 1.0
    part = samples[round(piece.start * SAMPLE_RATE) : round(piece.end * SAMPLE_RATE)] / np.float32(level)
    ramp = np.minimum(np.arange(1, len(part) + 1) / _FADE, 1).astype(np.float32)
    faded: Samples = (part * ramp * ramp[::-1]).astype(np.float32)
    return faded


def _write(path: Path, samples: Samples, placements: Sequence[Placement], about: Mapping[str, object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.clip(samples, -1, 1), SAMPLE_RATE, subtype="PCM_16")
    write_truth(path, placements, len(samples) / SAMPLE_RATE, dict(about))


def _write_excerpt(
    path: Path, mix: Samples, placements: Iterable[Placement], seconds: Seconds, about: Mapping[str, object]
) -> None:
    """The first `seconds`, pieces cut where they end."""
    inside = [_until(one, seconds) for one in placements if one.at < seconds - 0.3]
    kept = [one for one in inside if one.speech]
    _write(path, mix[: int(seconds * SAMPLE_RATE)], kept, {**about, "channel": "full"})


def _until(one: Placement, end: Seconds) -> Placement:
    piece = replace(one.piece, end=min(one.piece.end, one.piece.start + end - one.at))
    return replace(one, piece=piece)


if __name__ == "__main__":
    main()
