"""Recordings of half a second, and a recogniser of another package that is quick and can be made to misbehave."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import numpy as np
import pytest
import soundfile

from diarfuse.transcribe.__main__ import run

FOREIGN = '''
import os, signal, time
from pathlib import Path
from diarfuse.asr_adapters.resuming import Mark
from diarfuse.fusion.types import Segment, Transcript, Word

class Quick:
    """Hears how loud each quarter of a second is; very loud recordings do as they are told."""

    def __init__(self, log="", loud="", wait=0.0, gate=""):
        self.log, self.loud, self.wait, self.gate = log, loud, wait, gate

    def transcribe(self, samples, *, language=None, on_progress=None):
        if on_progress:
            on_progress("recognise", 0, 1)
        if self.log:
            with open(self.log, "a") as file:
                file.write("x")
        if abs(samples).max() > 0.9 and self.loud == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if abs(samples).max() > 0.9 and self.loud == "raise":
            raise ZeroDivisionError("too loud")
        if abs(samples).max() > 0.9 and self.loud == "hang":
            time.sleep(60)
        while self.gate and not os.path.exists(self.gate):
            time.sleep(0.01)
        time.sleep(self.wait)
        words = tuple(
            Word(at / 16000, (at + 4000) / 16000, f" w{int(1000 * abs(samples[at:at + 4000]).mean())}", 0.5)
            for at in range(0, len(samples) - 3999, 4000)
        )
        return Transcript((Segment(0.0, len(samples) / 16000, "".join(w.text for w in words), words),), language, 0.5)


class Telling:
    """Hears the number of every `step` seconds, writes each to a log, and stops as the file ``stop`` has it."""

    tells_segments = True

    def __init__(self, step="1"):
        self.step = int(step)

    def transcribe(self, samples, *, language=None, on_progress=None, on_segment=None, on_mark=None, begun=None):
        segments = [*begun.segments] if begun else []
        for number in range(len(segments), len(samples) // (16000 * self.step)):
            self.stop(number)
            with open("log", "a") as file:
                file.write(str(number))
            at = float(number * self.step)
            segments.append(Segment(at, at + 0.5, f" {number}", (Word(at, at + 0.5, f" {number}", 0.3),)))
            for segment in segments if begun and number == len(begun.segments) else segments[-1:]:
                on_segment(segment)
            if on_mark:
                on_mark(Mark(at + self.step, language or "de", {}))
        return Transcript(tuple(segments), language or "de", len(samples) / 16000)

    def stop(self, number):
        at, _, how = Path("stop").read_text().partition(" ") if Path("stop").exists() else ("-1", "", "")
        if number == int(at) and how == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if number == int(at):
            raise ZeroDivisionError("too much")


class Resuming(Telling):
    """The same, that can go on."""

    resumes_with = ("numpy",)
'''


def noise(seed: int, loudness: float = 0.1, channels: int = 1) -> np.ndarray:
    shape = (8_000, channels) if channels > 1 else (8_000,)
    samples = np.random.default_rng(seed).uniform(-loudness, loudness, shape)
    return samples.astype(np.float32)


IMPORTED = ("av", "soundfile", "diarfuse.asr_adapters.registry", "diarfuse.exporters.json")
"""What workers import as they hear and write, besides themselves."""


def begin_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let workers begin as forks of one process that has imported what they need, and that nothing of a test touches.

    As a program of its own each takes a quarter of a second to import it; so begin those of every real command here.
    """
    if "forkserver" in multiprocessing.get_all_start_methods():
        forks = multiprocessing.get_context("forkserver")
        ours = ("batch.pool", "joining", "recognisers", "runs")
        forks.set_forkserver_preload([*(f"diarfuse.transcribe.{name}" for name in ours), *IMPORTED])
        monkeypatch.setattr(multiprocessing, "get_context", lambda _: forks)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with six recordings below ``calls`` and the recogniser ``quick``; workers find it too."""
    begin_quickly(monkeypatch)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SLURM_ARRAY_TASK_ID", raising=False)
    monkeypatch.delenv("JOB_COMPLETION_INDEX", raising=False)
    packages = tmp_path / "packages"
    info = packages / "foreign-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: foreign\nVersion: 1.0\n", encoding="utf-8")
    names = "".join(f"{name.lower()} = foreign:{name}\n" for name in ("Quick", "Telling", "Resuming"))
    (info / "entry_points.txt").write_text(f"[diarfuse.recognizers]\n{names}", encoding="utf-8")
    (packages / "foreign.py").write_text(FOREIGN, encoding="utf-8")
    monkeypatch.syspath_prepend(str(packages))
    calls = tmp_path / "calls"
    (calls / "night").mkdir(parents=True)
    for number in range(5):
        soundfile.write(calls / f"a{number}.wav", noise(number), 16_000)
    soundfile.write(calls / "night" / "b.flac", noise(9), 16_000)
    (calls / "notes.txt").write_text("none", encoding="utf-8")
    return tmp_path


def tree(out: Path) -> dict[str, bytes]:
    """Every file of a folder of results but what is only kept to save time."""
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file() and ".cache" not in path.parts
    }


QUICK = ["batch", "calls", "--asr", "quick", "--offline", "--workers", "1"]
NAMES = {"a0.json", "a1.json", "a2.json", "a3.json", "a4.json", "night/b.json"}


def batch(*further: str) -> int:
    return run([*QUICK, *further])


def results(out: str) -> set[str]:
    return {name for name in tree(Path(out)) if not name.startswith((".", "failures", "batch.csv"))}
