"""Playing a moment of a recording with whatever player is at hand."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from ...fusion.audio.separate import SeparateFiles, files_of, source_of
from ...fusion.types import SAMPLE_RATE
from .sound import gain_of

if TYPE_CHECKING:
    from ...fusion.audio import AudioSource
    from ...fusion.types import Samples, Seconds

Player: TypeAlias = "Callable[[Path, Seconds, Seconds], None]"
"""Plays a file from a time, for so long."""

Listen: TypeAlias = "Callable[[Seconds, Seconds], None]"
"""Plays a recording from a time, for so long."""

_COMMANDS: dict[str, Callable[[str, str, str], list[str]]] = {
    "ffplay": lambda file, start, length: [
        *("-nodisp", "-autoexit", "-loglevel", "error", "-ss", start, "-t", length, "-i", file)
    ],
    "mpv": lambda file, start, length: ["--no-video", "--really-quiet", f"--start={start}", f"--length={length}", file],
    "play": lambda file, start, length: ["-q", file, "trim", start, length],
}
"""Players that can begin anywhere in any format, the commonest first; `play` is sox's."""


def find_player() -> Player | None:
    """A player, if one is installed."""
    for name, arguments in _COMMANDS.items():
        program = shutil.which(name)
        if program is not None:
            return _player(program, arguments)
    return None


def _player(program: str, arguments: Callable[[str, str, str], list[str]]) -> Player:
    def play(path: Path, start: Seconds, length: Seconds) -> None:
        file = str(path.resolve())  # which begins with no dash
        subprocess.run(
            [program, *arguments(file, f"{start:.3f}", f"{length:.3f}")],
            stdin=subprocess.DEVNULL,
            check=False,
            timeout=length + 30,
        )

    return play


def listener(player: Player, source: AudioSource) -> Listen:
    """What plays a recording; of separate files their mix, as far as it is heard: a player plays one file."""
    found = source_of(source)
    if not isinstance(found, SeparateFiles):
        return partial(player, files_of(found)[0])

    @cache
    def mix() -> tuple[Samples, float]:
        from ...fusion.audio import load_audio
        from ...fusion.watch import unheard

        samples = load_audio(found, on_note=unheard)  # told when it was transcribed
        return samples, gain_of(samples, found)

    def listen(start: Seconds, length: Seconds) -> None:
        samples, gain = mix()
        part = samples[round(start * SAMPLE_RATE) : round((start + length) * SAMPLE_RATE)] * np.float32(gain)
        with tempfile.TemporaryDirectory(prefix="diarfuse-") as folder:
            path = Path(folder, "place.wav")
            _write(path, part)
            player(path, 0.0, length)

    return listen


def _write(path: Path, samples: Samples) -> None:
    from ...fusion.audio.encode import encoding

    with path.open("w+b") as file, encoding(file, 1, "PCM_16", "WAV") as add:
        add(samples)
