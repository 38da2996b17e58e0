"""`transcribe redo DOCUMENT`: turns or words of a saved transcript found anew, with its recording."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from ..inputs.paths import InputPath
from .edit import DOCUMENT
from .options import (
    DIARIZER_OPTIONS,
    MACHINE_OPTIONS,
    SPEAKER_OPTIONS,
    TERMINAL_OPTIONS,
    TRACK_OPTION,
    job_options,
)
from .run import JOIN_OPTION, RECOGNISER_OPTIONS, pairs
from .shape import Section, command

if TYPE_CHECKING:
    import threading

    from ...fusion.document import Document

INPUTS = (DOCUMENT, click.argument("audio", required=False, type=InputPath()))
DIARIZE_OPTION = click.option("--diarize", is_flag=True, help="Tell the speakers apart again; the words stay.")
OF_TURNS = ("num_speakers", "min_speakers", "max_speakers", "preset", "labels_from", "step", "threshold", "recipe")

EPILOG = """\b
Examples:
  transcribe redo meeting.json --diarize --num-speakers 4
  transcribe redo meeting.json --asr faster-whisper --model large-v3
"""


@command(
    INPUTS,
    Section("Speakers", DIARIZE_OPTION),
    SPEAKER_OPTIONS,
    RECOGNISER_OPTIONS,
    Section("Recording", TRACK_OPTION),
    DIARIZER_OPTIONS,
    Section("Speakers", JOIN_OPTION),
    TERMINAL_OPTIONS,
    MACHINE_OPTIONS,
    epilog=EPILOG,
)
def redo(document: Path, audio: Path | None, **values: Any) -> None:
    """Hear the recording of DOCUMENT again, with --diarize who speaks, with --asr what is said.

    Speakers keep their names by when they speak, and what was edited by hand
    stays; what could not be kept is told. AUDIO is the recording, by default
    the file that DOCUMENT names, beside it. `transcribe undo` takes it all back.
    """
    from ..documents import redo as documents
    from ..screen.interrupt import run_interruptible
    from ..screen.progress import TURNS, WORDS
    from ..screen.terminal import reporter

    said = click.get_current_context().get_parameter_source  # settings are for new recordings, not for this
    asr, values["diarize"] = (said(name) is ParameterSource.COMMANDLINE for name in ("asr", "diarize"))
    if not (asr or values["diarize"]):
        raise click.UsageError("Give --diarize, to tell speakers apart again, or --asr NAME, to recognise again.")
    for name in OF_TURNS:
        if values[name] is not None and not values["diarize"]:
            raise click.UsageError(f"--{name.replace('_', '-')} does nothing without --diarize: add it.")
    again = documents.Again(
        job_options({**values, "asr_options": pairs(values["asr_options"])}), asr, values["diarize"]
    )
    stages = (*(TURNS if again.turns else ()), *(WORDS if again.words else ()))
    with reporter(expect=tuple(dict.fromkeys(stages))) as screen:
        screen.start(document.name)

        def work(cancel: threading.Event) -> Document:
            return documents.redo(document, audio, again, screen.on_progress, screen.note, cancel, screen.problem)

        after = run_interruptible(work)
        screen.wrote(document, f"{after.history[-1].operation.told()} ({len(after.speakers)} speakers)")
