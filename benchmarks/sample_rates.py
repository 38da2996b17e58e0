"""Fit the model that tells speech at a wrong sample rate, and try it on recordings that it was not fitted to.

    python -m benchmarks.sample_rates ../shared/audio

Single voices (`voices/`), taken for 16 kHz at nine rates, each plain, through a
telephone, with noise and in a room, give the weights in `fusion.audio.plausible`.
The other recordings (`real/`, `sim/`) in the same ways give the table: how many
are doubted at each rate. At 16 kHz each is a false alarm.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soxr
from scipy.signal import butter, fftconvolve, sosfilt

from diarfuse.diarize.arrays import Float64
from diarfuse.fusion.audio import load_audio
from diarfuse.fusion.audio.plausible import FAST, SLOW, WEIGHTS, features
from diarfuse.fusion.formats.rttm import read_rttm
from diarfuse.fusion.types import SAMPLE_RATE, Samples

RATES = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
WAYS = ("plain", "telephone", "noise", "room")
PIECE = 30 * SAMPLE_RATE
FILES_A_VOICE = 4
RIDGE = 3.0


def main() -> None:
    """Print weights for `fusion.audio.plausible`, and the share of doubted pieces by rate with those that it has."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sample_rates", description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path, help="with voices/, real/ and sim/")
    folder = parser.parse_args().folder
    voices = [path for voice in sorted((folder / "voices").iterdir()) for path in _audio(voice)[:FILES_A_VOICE]]
    print("weights:", np.array2string(fitted(voices), precision=4, separator=", "))
    others = [*_audio(folder / "real"), *_audio(folder / "sim")]
    found = [(way, rate, octaves) for way, rate, heard in pieces(others) if (octaves := _octaves(heard)) is not None]
    print("| rate | pieces | octaves, 5 % to 95 % | slow | fast |\n|---|---|---|---|---|")
    for rate in RATES:
        heard = np.array([octaves for _, at, octaves in found if at == rate])
        low, high = np.quantile(heard, (0.05, 0.95))
        slow, fast = (f"{float(np.mean(doubted)):.1%}" for doubted in (heard >= SLOW, heard <= FAST))
        print(f"| {rate} | {len(heard)} | {low:+.2f} to {high:+.2f} | {slow} | {fast} |")
    at_home = [octaves for _, rate, octaves in found if rate == SAMPLE_RATE]
    print(f"at {SAMPLE_RATE} Hz from {min(at_home):+.2f} to {max(at_home):+.2f}")


def fitted(paths: list[Path]) -> Float64:
    """Weights (7,) by ridge regression of the octaves on the features and one."""
    known = [(heard, np.log2(rate / SAMPLE_RATE)) for _, rate, heard in pieces(paths) if heard is not None]
    rows = np.array([np.append(heard, 1.0) for heard, _ in known])
    penalty = RIDGE * np.diag(np.append(rows[:, :-1].var(axis=0), 0.0))
    weights: Float64 = np.linalg.solve(rows.T @ rows + penalty, rows.T @ np.array([octaves for _, octaves in known]))
    return weights


def pieces(paths: list[Path]) -> Iterator[tuple[str, int, Float64 | None]]:
    """Each 30 s of each recording in every way at every rate: its features when taken for 16 kHz."""
    for path in paths:
        samples, speech = load_audio(path), _speech(path)
        for start in range(0, len(samples), PIECE):
            inside = speech - start / SAMPLE_RATE
            for way in WAYS:
                heard = _heard(samples[start : start + PIECE], way)
                for rate in RATES:
                    spans = inside.clip(0, len(heard) / SAMPLE_RATE) * rate / SAMPLE_RATE
                    yield way, rate, features(soxr.resample(heard, SAMPLE_RATE, rate), [(a, b) for a, b in spans])


def _speech(path: Path) -> Float64:
    """Where somebody speaks, (spans, 2) in seconds: by the RTTM beside the file, or throughout."""
    truth = path.with_suffix(".rttm")
    turns = [(turn.start, turn.end) for turn in read_rttm(truth)] if truth.exists() else [(0.0, 1e9)]
    return np.array(turns)


def _octaves(heard: Float64 | None) -> float | None:
    return None if heard is None else float(np.append(heard, 1.0) @ WEIGHTS)


def _heard(samples: Samples, way: str) -> Samples:
    rng = np.random.default_rng(len(samples))
    if way == "telephone":
        band = butter(4, (300, 3_400), "bandpass", fs=SAMPLE_RATE, output="sos")
        return np.asarray(sosfilt(band, samples), np.float32)
    if way == "noise":
        return samples + rng.normal(0, 0.1 * samples.std(), len(samples)).astype(np.float32)
    if way == "room":
        echo = rng.normal(size=6_400) * np.exp(-6.9 * np.linspace(0, 1, 6_400))
        echo[0] = 4.0
        return np.asarray(fftconvolve(samples, echo / np.linalg.norm(echo))[: len(samples)], np.float32)
    return samples


def _audio(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*") if path.suffix in (".wav", ".flac"))


if __name__ == "__main__":
    main()
