"""Start a system under test in its own environment and read what it left.

A system is written ``NAME[:KEY=VALUE,...]``: ``ours``, ``ours:pack=campplus,mode=exact``,
``sherpa:threshold=0.7``, ``senko``, ``pyannote:embedding=random`` or ``rttm:FOLDER``
(answers made elsewhere). README.md in this folder's parent tells how to make
the environments.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import soundfile

from diarfuse.fusion.audio import load_audio
from diarfuse.fusion.types import SAMPLE_RATE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from diarfuse.fusion.types import Samples, Seconds

ROOT = Path(__file__).resolve().parents[2]
KNOWN = ("ours", "sherpa", "senko", "pyannote")
ENVIRONMENT = {"pyannote": "pyannote", "sherpa": "sherpa", "senko": "senko"}
"""Systems with an environment of their own, and its folder; the others run in ours."""


@dataclass(frozen=True, slots=True)
class System:
    """One thing to measure. `label` is what was typed; `options` go to its runner."""

    label: str
    name: str
    options: Mapping[str, str]
    python: Path


@dataclass(frozen=True, slots=True)
class FileReport:
    """How long one file took. `stages`: seconds by stage where the system tells."""

    audio: str
    duration: Seconds
    seconds: Seconds
    stages: Mapping[str, Seconds]


@dataclass(frozen=True, slots=True)
class Report:
    """What a run cost: seconds to load, seconds a file, peak memory in MB of 10^6 bytes."""

    versions: Mapping[str, str]
    threads: int
    load_s: Seconds
    files: tuple[FileReport, ...]
    peak_rss_mb: float

    @property
    def realtime(self) -> float:
        """Seconds of audio a second of work, loading left out."""
        return sum(file.duration for file in self.files) / sum(file.seconds for file in self.files)


def parse(spec: str, environments: Path) -> System:
    """Read a system as a person types it; refuses an unknown or not installed one."""
    name, _, rest = spec.partition(":")
    if name not in KNOWN:
        raise SystemExit(f"Unknown system {name!r}: the known ones are {', '.join(KNOWN)} and rttm:FOLDER.")
    options = dict(pair.split("=", 1) for pair in rest.split(",") if pair)
    python = Path(sys.executable)
    if name in ENVIRONMENT:
        python = environments / ENVIRONMENT[name] / "bin" / "python"
        options = {"models": str(environments / "sherpa-models"), **options} if name == "sherpa" else options
    if not python.is_file():
        raise SystemExit(f"{name} is not installed: no {python}; benchmarks/README.md says how to install it.")
    return System(spec, name, options, python)


def prepare(audio: Sequence[Path], folder: Path) -> list[Path]:
    """16 kHz mono 16-bit WAV copies of `audio` in `folder`, for every system the same bytes."""
    copies = [folder / f"{path.stem}.wav" for path in audio]
    for path, copy in zip(audio, copies, strict=True):
        soundfile.write(str(copy), pcm16(load_audio(path)), SAMPLE_RATE, subtype="PCM_16")
    return copies


def pcm16(samples: Samples) -> npt.NDArray[np.int16]:
    """Samples as 16-bit numbers, the very ones that a 16-bit file held.

    libsndfile scales by 32767 on writing and by 32768 on reading, which moves
    every other sample by one: enough to turn a decision on faint speech.
    """
    scaled: npt.NDArray[np.int16] = np.clip(np.rint(samples * np.float32(32768)), -32768, 32767).astype(np.int16)
    return scaled


def run(system: System, audio: Sequence[Path], out: Path, *, threads: int = 2) -> Report:
    """Diarize prepared files; leaves ``NAME.rttm`` for each, and ``report.json``, in `out`.

    Raises:
        RuntimeError: the system failed; its own last words are in the message.
    """
    out.mkdir(parents=True, exist_ok=True)
    options = [f"--option={key}={value}" for key, value in system.options.items()]
    command = [system.python, "-m", f"benchmarks.rivals.{system.name}", "--out", out.absolute(), f"--threads={threads}"]
    done = subprocess.run(
        [*map(str, command), *options, *(str(file.absolute()) for file in audio)],
        cwd=ROOT,
        env=environment(threads),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{system.label} ended with code {done.returncode}: {done.stderr.strip()[-2000:]}")
    return _report(json.loads((out / "report.json").read_text(encoding="utf-8")))


def environment(threads: int) -> dict[str, str]:
    """The variables every system runs under: the same threads, no telemetry, no network for hubs."""
    fixed = {
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / ".src")]),
        "OMP_NUM_THREADS": str(threads),
        "PYANNOTE_METRICS_ENABLED": "0",
        "HF_HUB_OFFLINE": "1",
    }
    return {**os.environ, **fixed}


def _report(data: dict[str, Any]) -> Report:
    files = tuple(FileReport(**file) for file in data.pop("files"))
    return Report(files=files, **data)
