"""`transcribe attach WORDS.json AUDIO -o OUT`: speakers for words that any recogniser wrote."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

import click

from ...exporters import registry
from ...fusion.errors import OptionError, TranscriptError
from ...fusion.text import languages
from ..inputs.paths import InputPath
from .idle import about
from .options import (
    DIARIZER_OPTIONS,
    LAYOUT_OPTIONS,
    MACHINE_OPTIONS,
    NAME_OPTION,
    REPLACE_OPTION,
    SPEAKER_OPTIONS,
    TERMINAL_OPTIONS,
    TRACK_OPTION,
    job_options,
    output_options,
    style_of,
)
from .run import EMBED_OPTION, JOIN_OPTION
from .shape import Section, command

if TYPE_CHECKING:
    import threading
    from collections.abc import Mapping, Sequence

    from ...fusion.audio import Track
    from ...fusion.document import Document
    from ...fusion.editing.content import Origin
    from ...fusion.formats.files import Unit
    from ...fusion.formats.reading import Reading
    from ...fusion.join.assign import Policy
    from ...fusion.types import Diarization, Transcript
    from ..output import Target
    from ..screen.terminal import Reporter

INPUTS = (
    click.argument("words", type=InputPath(error=TranscriptError)),
    click.argument("audio", required=False, type=InputPath()),
)
SHAPE_OPTIONS = Section(
    "Output",
    click.option(
        "--same-shape", is_flag=True, help="Write WORDS.json back as it is, with only the speakers added to it."
    ),
)
TURN_OPTIONS = Section(
    "Words and turns that are there",
    click.option(
        "--rttm",
        type=InputPath(error=TranscriptError),
        metavar="FILE",
        help="Take who spoke when from this file (RTTM, or the .json of this program or pyannote); AUDIO then only "
        "aligns lines without words, and is not needed.",
    ),
    click.option(
        "--unit",
        type=click.Choice(["auto", "s", "ms"]),
        default="auto",
        show_default=True,
        help="Unit of the times, where the format of WORDS.json does not say.",
    ),
    click.option(
        "--language",
        metavar="CODE",
        help="Language of the words, e.g. en or english, whatever WORDS.json says; lines of English are aligned.",
    ),
)

EPILOG = """\b
Examples:
  transcribe attach whisperx.json meeting.wav -o meeting.srt
  transcribe attach deepgram.json call.mp3 --num-speakers 2 -o call.vtt
  transcribe attach words.json --rttm meeting.rttm -o meeting.srt -o why.json
  transcribe attach aws.json talk.m4a --same-shape -o aws.speakers.json
"""


@command(
    INPUTS,
    output_options(registry.BUILTIN),
    SHAPE_OPTIONS,
    TURN_OPTIONS,
    SPEAKER_OPTIONS,
    Section("Recording", TRACK_OPTION),
    DIARIZER_OPTIONS,
    Section("Speakers", NAME_OPTION, JOIN_OPTION),
    Section("Output", REPLACE_OPTION, EMBED_OPTION),
    LAYOUT_OPTIONS,
    TERMINAL_OPTIONS,
    MACHINE_OPTIONS,
    epilog=EPILOG,
)
def attach(
    words: Path, audio: Path | None, outs: tuple[str, ...], formats: tuple[str, ...], *, verbose: bool, **values: Any
) -> None:
    """Say who said the words that another recogniser wrote.

    WORDS.json may come from WhisperX, openai-whisper, faster-whisper, OpenAI,
    whisper.cpp, Deepgram, AssemblyAI, Google, AWS Transcribe, Azure, NeMo, a
    Hugging Face pipeline, Speechmatics, Gladia, Rev AI, ElevenLabs, Soniox, IBM
    Watson, Vosk, parakeet-mlx, sherpa-onnx, onnx-asr, FunASR, Vibe, or be a CTM,
    SRT or VTT file, JSON lines, or a plain list of words. Output in JSON says for each word why it has its speaker.
    """
    from ...fusion.attaching import check_room
    from ...fusion.formats.files import read_file
    from ...fusion.formats.reading import speakers_in
    from ...fusion.formats.turns import read_turns_file
    from ...fusion.join.assign import Policy
    from .. import output
    from ..documents.names import check_outputs, check_words
    from ..documents.rescue import rescuing, silent
    from ..inputs.claims import making
    from ..runs import View
    from ..screen.progress import TURNS
    from ..screen.showing import content, counted, summary
    from ..screen.terminal import reporter

    rttm, unit, same_shape, names, replace = (values.pop(n) for n in ("rttm", "unit", "same_shape", "names", "replace"))
    embed, language = values.pop("embed_audio"), languages.wanted(values.pop("language"))
    view = View(style=style_of(values, on_stdout="srt"), embed_audio=embed)
    _check_given(words, audio, rttm)
    targets = _plan([words, *filter(None, (audio, rttm))], outs, formats, same_shape=same_shape, replace=replace)
    if rttm is not None:
        _check_speakers(values)
    task = _Task(words, audio, rttm, values["audio_track"], Policy(join=values["join"]), unit, language)
    data, reading = read_file(words, unit, language)
    known = set() if rttm is None else {turn.speaker for turn in read_turns_file(rttm)}
    check_words(words, speakers_in(reading), {*known, *names.values()}, replace=replace)
    check_outputs(targets, replace=replace, named=bool(names))
    if same_shape and isinstance(data, str):
        raise TranscriptError(f"{words} is no JSON: --same-shape writes JSON back; leave it out.")
    if same_shape:
        check_room(reading)
    with reporter(expect=(*TURNS, "align")) as screen, making(filter(None, (audio,)), targets, screen.note):
        screen.start(words.name)
        _tell_settled(reading, screen)
        found, origin = _turns(reading, audio, rttm, values, screen)
        turns = _named(found, names, screen)
        with rescuing(audio or words, screen.problem) as kept:
            kept.hear(None, turns if rttm is None else None)
            if same_shape:
                document, text = silent(audio or words, turns), task.same_shape(data, turns, reading, screen)
                what = f"{words.name} with {counted(len(turns.speakers), 'speaker')} in it"
            else:
                document, text = task.document(reading, turns, origin, screen), None
                what = summary(document)

        def render(target: Target) -> str | bytes:
            if text is not None:
                return text
            return content(document, target, view.seen(target, audio, screen.note, task.track))

        screen.rest()
        if verbose:
            screen.note(f"{words}: {len(turns.speakers)} speakers, {len(turns.turns)} turns, {task.policy.join} join.")
        output.write_each(targets, render, lambda path: screen.wrote(path, what), screen.problem, document)


@dataclass(frozen=True)
class _Task:
    """The words, what lies beside them, and how they are to be read and joined. rttm: turns that are there already."""

    words: Path
    audio: Path | None
    rttm: Path | None
    track: Track
    policy: Policy
    unit: Unit
    language: str | None

    def same_shape(self, data: Any, turns: Diarization, reading: Reading, screen: Reporter) -> str:
        """The JSON with speakers in it."""
        from ...fusion.attaching import attach_same_shape
        from ...fusion.formats.files import transcript_of
        from .. import output

        for sentence in transcript_of(reading).notes:
            screen.note(sentence)
        labelled = attach_same_shape(data, turns, policy=self.policy, unit=self.unit, language=self.language)
        return output.json_text(labelled, indent=2)

    def document(self, reading: Reading, turns: Diarization, origin: Origin | None, screen: Reporter) -> Document:
        """The words with speakers, and the turns; of the files it has names only."""
        from ...fusion.document import Document
        from ..documents.origin import only_names, recording_of

        joined = self.joined(reading, turns, screen)
        heard = None if self.audio is None else recording_of(self.audio, joined.duration)
        document = Document(joined, turns, (self.audio or self.words).stem, heard, origin)
        return only_names(document, *filter(None, (self.words, self.audio, self.rttm)))

    def joined(self, reading: Reading, turns: Diarization, screen: Reporter) -> Transcript:
        """The words with speakers; lines without words get some, aligned to the recording where it is there."""
        from ...fusion.attaching import attach_reading

        # Turns from a file do not tell how long the recording is.
        given = turns if self.audio else turns.turns
        align = partial(self._align, screen=screen) if self.audio else None
        transcript = attach_reading(reading, given, policy=self.policy, unit=self.unit, align=align)
        if not any(segment.text.strip() for segment in transcript.segments):
            empty = f"The result is empty: {self.words.name} holds no words."
            transcript = replace(transcript, notes=(*transcript.notes, empty))
        elif turns.turns and not any(segment.speaker for segment in transcript.segments):
            nobody = f"No word of {self.words.name} has a speaker: no turn lies where one is said."
            transcript = replace(transcript, notes=(*transcript.notes, nobody))
        for sentence in transcript.notes:
            screen.note(sentence)
        return transcript

    def _align(self, transcript: Transcript, screen: Reporter) -> Transcript:
        if self.audio is None or all(segment.words for segment in transcript.segments):
            return transcript
        from ...asr_adapters.align import align
        from ...fusion.audio import load_audio

        told: list[str] = []
        samples = load_audio(self.audio, on_note=told.append, track=self.track)
        aligned = align(transcript, samples, on_progress=screen.on_progress)
        if self.rttm is None:  # what there is to tell of the audio was told when its turns were found
            return aligned
        return replace(aligned, notes=(*aligned.notes, *told))


def _check_given(words: Path, audio: Path | None, rttm: Path | None) -> None:
    from ..batch.finding import AUDIO

    if words.suffix.lower() in AUDIO:
        raise OptionError(
            f"{words} is a recording: give the words first, as in `transcribe attach words.json {words}`."
        )
    if audio is None and rttm is None:
        raise click.UsageError("Give either AUDIO, to find out who spoke when, or --rttm FILE, where that is known.")


def _plan(
    given: Sequence[Path], outs: Sequence[str], formats: Sequence[str], *, same_shape: bool, replace: bool
) -> list[Target]:
    """Where the result goes; refuses to write over what is read, of which the words come first."""
    from .. import output

    if same_shape and not isinstance(formats, output.Usual) and set(formats) - {"json"}:
        raise OptionError(f"--same-shape writes JSON, not {', '.join(formats)}: leave --format out.")
    for out in outs if same_shape else ():
        if isinstance(out, output.Picture) or _of_others(out):
            raise OptionError(f"--same-shape writes JSON, not {out!r}: write that by a command of its own.")
    formats = ["json"] if same_shape else formats
    return output.plan(given[:1], outs, formats, on_stdout="srt", in_folder="srt", read=given[1:], replace=replace)[0]


def _of_others(out: str) -> bool:
    """Whether an output's ending names a format that is no JSON."""
    return PurePath(out).suffix.lower() in {registry.ending(name).lower() for name in registry.names()} - {".json"}


def _tell_settled(reading: Reading, screen: Reporter) -> None:
    """Say that a unit was given where the format has its own."""
    why = f"with {reading.family}, which settles it"
    if reading.certain_unit and (sentence := about(click.get_current_context(), ("unit",), why)):
        screen.note(sentence)


def _check_speakers(values: dict[str, Any]) -> None:
    """Turns that are given leave nothing to count."""
    for name in ("num_speakers", "min_speakers", "max_speakers"):
        if values.get(name) is not None:
            raise OptionError(f"--{name.replace('_', '-')} does nothing with --rttm, whose turns stay as they are.")


def _named(turns: Diarization, names: Mapping[str, str], screen: Reporter) -> Diarization:
    from ...fusion.naming.labels import name_turns

    named = name_turns(turns, names)
    for note in named.notes[len(turns.notes) :]:
        screen.note(note)
    return named


def _turns(
    reading: Reading, audio: Path | None, rttm: Path | None, values: dict[str, Any], screen: Reporter
) -> tuple[Diarization, Origin | None]:
    """Who spoke when, read or found out; and what found it."""
    if rttm is not None:
        from ...fusion.audio.decode import probable_duration
        from ...fusion.formats.turns import read_turns_file
        from ...fusion.join.units import check_spans
        from ...fusion.types import Diarization

        turns, lasts = read_turns_file(rttm), 0.0 if audio is None else probable_duration(audio)
        said = max((line.end for line in reading.lines), default=0.0)
        for ends, what in ((lasts, "the recording"), (said, "the last word")):
            check_spans(((turn.start, turn.end) for turn in turns), ends, what, str(rttm))
        if not turns:
            screen.note(f"{rttm} holds no turns, so no word gets a speaker.")
        last = max((turn.end for turn in turns), default=0.0)
        return Diarization(turns, turns, max(last, lasts)), None
    from ..job import Job
    from ..screen.interrupt import run_interruptible

    job = Job(job_options(values))
    job.check()

    def work(cancel: threading.Event) -> Diarization:
        assert audio is not None  # noqa: S101 - the command has checked: one of the two is given
        return job.diarize(audio, on_progress=screen.on_progress, on_note=screen.note, cancel=cancel)

    found = run_interruptible(work)
    for note in found.notes:
        screen.note(note)
    return found, job.origin()
