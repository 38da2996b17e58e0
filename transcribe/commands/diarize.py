"""`transcribe diarize AUDIO... -o OUT.rttm`: the diarizer alone; no recogniser is loaded or needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...exporters import registry
from .options import (
    AUDIO,
    DIARIZER_OPTIONS,
    MACHINE_OPTIONS,
    NAME_OPTION,
    REPLACE_OPTION,
    SPEAKER_OPTIONS,
    TERMINAL_OPTIONS,
    TRACK_OPTION,
    job_options,
    output_options,
)
from .shape import Section, command

if TYPE_CHECKING:
    from pathlib import Path


@command(
    (AUDIO,),
    output_options(registry.of_turns()),
    Section("Output", REPLACE_OPTION),
    Section("Recording", TRACK_OPTION),
    SPEAKER_OPTIONS,
    Section("Speakers", NAME_OPTION),
    DIARIZER_OPTIONS,
    TERMINAL_OPTIONS,
    MACHINE_OPTIONS,
    epilog="transcribe diarize meeting.wav -o meeting.rttm",
)
def diarize(audio: tuple[Path, ...], outs: tuple[str, ...], formats: tuple[str, ...], **values: Any) -> int:
    """Find who spoke when and write RTTM or JSON, without recognising a word."""
    from ..runs import diarize_batch

    labels, replace = values.pop("names"), values.pop("replace")
    return diarize_batch(audio, outs, formats, job_options(values), labels, replace=replace)
