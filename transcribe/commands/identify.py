"""``transcribe identify``: names for the turns of a recording, whoever found the turns."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...diarize.models.packs import VOICE_PACK
from ...exporters import registry
from ..inputs.paths import InputPath
from .options import (
    DIARIZER_OPTIONS,
    MACHINE_OPTIONS,
    REPLACE_OPTION,
    SPEAKER_OPTIONS,
    TRACK_OPTION,
    job_options,
    output_options,
)
from .shape import Section, command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...fusion.document import Document
    from ...fusion.types import Diarization
    from ..options import JobOptions

FILE = InputPath()


IDENTIFY_OPTIONS = (
    click.option(
        "--rttm", type=FILE, help="Turns that exist already, as RTTM or our JSON; left out, the recording is diarized."
    ),
    click.option("--primary", metavar="NAME", help="Look for this one person only: one voice, at most one speaker."),
    click.option("--voice-model", default=VOICE_PACK, show_default=True, metavar="PACK", help="The pack for voices."),
)


@command(
    (click.argument("audio", type=FILE),),
    output_options(registry.of_turns()),
    Section("Voices", *IDENTIFY_OPTIONS),
    Section("Output", REPLACE_OPTION),
    Section("Recording", TRACK_OPTION),
    SPEAKER_OPTIONS,
    DIARIZER_OPTIONS,
    MACHINE_OPTIONS,
    epilog="transcribe identify meeting.wav -o meeting.rttm",
)
def identify(
    audio: Path,
    outs: tuple[str, ...],
    formats: tuple[str, ...],
    rttm: Path | None,
    primary: str | None,
    voice_model: str,
    *,
    replace: bool,
    verbose: bool,
    **values: Any,
) -> None:
    """Put names on who spoke when in AUDIO, from the voices enrolled here; say why where there is none.

    RTTM has no room for spaces, which become underscores there; JSON keeps names as they are enrolled.
    Speakers whom --rttm names already keep their names.
    """
    from ...fusion.audio import load_audio
    from ...fusion.relabel import is_name, rename_diarization
    from .. import output
    from ..documents.names import check_outputs
    from ..documents.origin import Told
    from ..voices.namer import load_namer, sentence

    read, known = ([] if rttm is None else [rttm]), registry.of_turns()
    (targets,) = output.plan([audio], outs, formats, on_stdout="rttm", in_folder="rttm", known=known, read=read)
    check_outputs(targets, replace=replace, named=True)
    options = job_options({**values, "diarize": True})
    note = _say if verbose else _silent
    namer = load_namer(
        primary=primary, model=voice_model, models_dir=options.models_dir, offline=options.offline, on_note=_say
    )
    found = _turns(audio, rttm, options)
    told = Told(_say, audio)
    heard = told if rttm is not None else _silent  # else the diarizer's job has said what is to be said of the file
    renames, namings = namer.names(load_audio(audio, on_note=heard, track=options.audio_track), found.turns)
    kept = {} if replace else {old: new for old, new in renames.items() if is_name(old)}
    for naming in namings:
        _say(sentence(naming))
    for old, new in kept.items():
        _say(f"{old} keeps that name, and does not become {new} (--replace changes it).")
    renames = {old: new for old, new in renames.items() if old not in kept}
    notes = (*told.sentences, *map(sentence, namings))
    document = _document(audio, rename_diarization(found, renames), notes)
    note(f"compared with {len(namer.voices)} enrolled voices in the space {namer.embedder.space}")
    for target in targets:
        output.write(target, registry.dumps(document, target.format))


def _document(audio: Path, named: Diarization, told: Sequence[str]) -> Document:
    from ...fusion.document import Document
    from ...fusion.types import Transcript
    from ..documents.origin import only_names, recording_of

    silent, heard = Transcript((), None, named.duration), recording_of(audio, named.duration)
    return only_names(Document(silent, named, audio.stem, heard, notes=tuple(told)), audio)


def _turns(audio: Path, rttm: Path | None, options: JobOptions) -> Diarization:
    from ...fusion.formats.turns import read_turns_file
    from ...fusion.types import Diarization
    from ..job import Job

    if rttm is None:
        return Job(options).diarize(audio, on_note=_say)
    turns = read_turns_file(rttm)
    return Diarization(turns, turns, max((turn.end for turn in turns), default=0.0))


def _say(sentence: str) -> None:
    from ...fusion.errors import printable

    click.echo(printable(sentence), err=True)


def _silent(sentence: str) -> None:
    """Stand in where nobody asked for more."""
