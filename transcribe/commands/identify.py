"""``transcribe identify``: names for the turns of a recording, whoever found the turns."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import replace as with_changes
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
    TERMINAL_OPTIONS,
    TRACK_OPTION,
    job_options,
    output_options,
)
from .shape import Section, command

if TYPE_CHECKING:
    import threading
    from collections.abc import Sequence

    from ...fusion.document import Document
    from ...fusion.types import Diarization
    from ..options import JobOptions
    from ..screen.terminal import Reporter
    from ..voices.namer import Namer

FILE = InputPath()


IDENTIFY_OPTIONS = (
    click.option(
        "--rttm",
        type=FILE,
        help="Turns that exist already, as RTTM or the .json of this program or pyannote; left out, the recording is "
        "diarized.",
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
    TERMINAL_OPTIONS,
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
    from .. import output
    from ..documents.names import check_outputs
    from ..inputs.claims import making
    from ..screen.interrupt import run_interruptible
    from ..screen.progress import TURNS
    from ..screen.showing import summary
    from ..screen.terminal import reporter

    read, known = ([] if rttm is None else [rttm]), registry.of_turns()
    (targets,) = output.plan(
        [audio], outs, formats, on_stdout="rttm", in_folder="rttm", known=known, read=read, replace=replace
    )
    check_outputs(targets, replace=replace, named=True)
    task = _Task(audio, rttm, job_options({**values, "diarize": True}), primary, voice_model, replace, verbose)
    with reporter(expect=TURNS) as screen, making([audio], targets, screen.note):
        screen.start(audio.name)
        document = run_interruptible(lambda cancel: task.named(screen, cancel))
        screen.rest()
        output.write_each(
            targets,
            lambda target: registry.dumps(document, target.format),
            lambda path: screen.wrote(path, summary(document)),
            screen.problem,
            document,
        )


@dataclass(frozen=True)
class _Task:
    """The recording, its turns if they are there, and whom to look for with what."""

    audio: Path
    rttm: Path | None
    options: JobOptions
    primary: str | None
    model: str
    replace: bool
    verbose: bool

    def named(self, screen: Reporter, cancel: threading.Event) -> Document:
        """Who spoke when, under the names of those whose voices are enrolled."""
        from ..documents.rescue import rescuing
        from ..voices.namer import load_namer

        namer = load_namer(
            primary=self.primary,
            model=self.model,
            models_dir=self.options.models_dir,
            offline=self.options.offline,
            on_note=screen.note,
        )
        found = self._turns(screen, cancel)
        with rescuing(self.audio, screen.problem) as kept:
            kept.hear(None, found if self.rttm is None else None)
            return self._named(namer, found, screen)

    def _named(self, namer: Namer, found: Diarization, screen: Reporter) -> Document:
        from ...fusion.audio import load_audio
        from ...fusion.join.units import check_spans
        from ...fusion.relabel import is_name, rename_diarization
        from ...fusion.types import SAMPLE_RATE
        from ..documents.origin import Told
        from ..voices.namer import sentence

        told = Told(screen.note, self.audio)
        heard = told if self.rttm is not None else _silent  # else the diarizer's job has told of the file
        samples = load_audio(self.audio, on_note=heard, track=self.options.audio_track)
        if self.rttm is not None:
            spans = ((turn.start, turn.end) for turn in found.turns)
            check_spans(spans, len(samples) / SAMPLE_RATE, "the recording", str(self.rttm))
        found = with_changes(found, duration=max(found.duration, len(samples) / SAMPLE_RATE))
        renames, namings = namer.names(samples, found.turns)
        sentences = [sentence(naming) for naming in namings]
        kept = {} if self.replace else {old: new for old, new in renames.items() if is_name(old)}
        stay = [
            f"{old} keeps that name, and does not become {new} (--replace changes it)." for old, new in kept.items()
        ]
        used = f"compared with {len(namer.voices)} enrolled voices in the space {namer.embedder.space}"
        for line in (*sentences, *stay, *([used] if self.verbose else [])):
            screen.note(line)
        renames = {old: new for old, new in renames.items() if old not in kept}
        return _document(self.audio, rename_diarization(found, renames), (*told.sentences, *sentences))

    def _turns(self, screen: Reporter, cancel: threading.Event) -> Diarization:
        from ...fusion.formats.turns import read_turns_file
        from ...fusion.types import Diarization
        from ..job import Job

        if self.rttm is None:
            job = Job(self.options)
            return job.diarize(self.audio, on_progress=screen.on_progress, on_note=screen.note, cancel=cancel)
        turns = read_turns_file(self.rttm)
        return Diarization(turns, turns, max((turn.end for turn in turns), default=0.0))


def _document(audio: Path, named: Diarization, told: Sequence[str]) -> Document:
    from ...fusion.document import Document
    from ...fusion.types import Transcript
    from ..documents.origin import only_names, recording_of

    silent, heard = Transcript((), None, named.duration), recording_of(audio, named.duration)
    return only_names(Document(silent, named, audio.stem, heard, notes=tuple(told)), audio)


def _silent(sentence: str) -> None:
    """Stand in where nobody asked for more."""
