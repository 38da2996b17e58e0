"""A recording that comes in on stdin: kept as a file meanwhile, since a container's index may lie at its end."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ...fusion.errors import AudioError, DiarfuseError, OptionError, OutputError
from ..serving.uploads import Upload
from .paths import DASH

NAME = "stdin"
"""What it is called in sentences and results."""
_FOLDER = "diarfuse-stdin-"


@contextmanager
def stand_in(audio: Sequence[Path]) -> Iterator[list[Path]]:
    """The recordings, with a file in the place of ``-`` that `receive` fills; it is gone when the block ends.

    The file lies in a folder that only its user can enter; on Linux it has no
    name there, so that a killed process leaves nothing of it.

    Raises:
        OptionError: ``-`` is given twice, or stdin is a terminal or closed.
        OutputError: there is no place for it.
    """
    if DASH not in audio:
        yield list(audio)
        return
    _check(audio)
    with ExitStack() as stack:
        try:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=_FOLDER)))
            upload = Upload(folder, NAME)
            upload.create("")
        except OSError as error:
            raise _no_room(error) from error
        stack.callback(upload.close)
        yield [folder / NAME if path == DASH else path for path in audio]


def receive(audio: Sequence[Path]) -> None:
    """Read stdin to its end into the file that stands for it, if there is one.

    Raises:
        AudioError: nothing comes.
        OutputError: there is no room.
    """
    for path in filter(stands_in, audio):
        try:
            with path.open("wb") as file:
                shutil.copyfileobj(sys.stdin.buffer, file, 1 << 20)
        except OSError as error:
            raise _no_room(error) from error
        if not path.stat().st_size:
            raise AudioError("Nothing came in on stdin: pipe a recording in, as in `transcribe - < meeting.wav`.")


@contextmanager
def named(*audio: Path) -> Iterator[None]:
    """Errors of the block tell of stdin, not of the file that stands for it."""
    try:
        yield
    except DiarfuseError as error:
        for path in filter(stands_in, audio):
            error.args = tuple(str(part).replace(str(path), NAME) for part in error.args)
        raise


def unfit() -> str:
    """What stdin is where no sound can come from it: "closed", or "a terminal"; else empty."""
    if sys.stdin is None:
        return "closed"
    return "a terminal" if sys.stdin.isatty() else ""


def _check(audio: Sequence[Path]) -> None:
    if list(audio).count(DASH) > 1:
        raise OptionError("Stdin is given twice (-): give it once.")
    if what := unfit():
        raise OptionError(f"Stdin (-) is {what}: pipe a recording in, as in `transcribe - < meeting.wav`.")


def stands_in(path: Path) -> bool:
    """Whether a file stands for stdin: it has a name of ours."""
    return path.name == NAME and path.parent.name.startswith(_FOLDER)


def _no_room(error: OSError) -> OutputError:
    return OutputError(
        f"The folder for temporary files, {tempfile.gettempdir()}, cannot hold what comes in on stdin "
        f"({error.strerror or error}): free some space there, or set TMPDIR to a folder that has it."
    )
