"""Playing a moment of a recording with whatever player is at hand."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from ...fusion.types import Seconds

Player: TypeAlias = "Callable[[Path, Seconds, Seconds], None]"
"""Plays a file from a time, for so long."""

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
