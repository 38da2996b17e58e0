"""Several recordings in one command: a bad one is reported, the others are still done, and results come in order."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from ..exporters import registry
from ..exporters.style import Style
from ..fusion.audio.separate import SeparateFiles, files_of, name_of, stem_of
from ..fusion.document import Document
from ..fusion.errors import AudioError, DiarfuseError, OptionError, OutputError, TranscriptError
from ..fusion.given import ran_out
from ..fusion.naming.labels import name_labels, name_turns
from ..fusion.types import Transcript
from . import output
from .documents import verbose_lines
from .documents.names import check_outputs
from .documents.origin import Told, only_names
from .documents.rescue import rescuing
from .documents.sound import sounded
from .inputs import stdin
from .inputs.claims import making
from .inputs.missing import check_any, check_file
from .inputs.sources import Source, files_in, otherwise, sources
from .job import Job
from .screen.ahead import Ahead
from .screen.progress import TURNS, expected
from .screen.showing import content, failures, render, summary
from .screen.terminal import reporter
from .screen.traced import traced

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping, Sequence

    from ..fusion.audio import Track
    from ..fusion.types import Diarization, Note, Samples, Seconds
    from .job import Rename
    from .options import JobOptions
    from .remote.job import RemoteJob
    from .screen.terminal import Reporter
    from .voices.namer import Namer

    Render = Callable[[output.Target], str | bytes]
    Process = Callable[[Source, Reporter, threading.Event], tuple[Document, Render]]
    _Given = tuple[Source, Sequence[output.Target]]

OF_ONE_FILE = (AudioError, TranscriptError, OutputError)
"""Errors that say nothing about the next recording, as a lack of memory says nothing; every other would come again."""
_AT_ONCE = 2
"""Recordings in work where words are wanted: while one is recognised, the turns of the other are found."""
_OF_VOICES = ("identify", "primary", "link_speakers")


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """How results are shown to the person who asked.

    style: how files look. embed_audio: pages hold the recording, rather than its address.
    identify: name speakers whose voices are enrolled; primary: look for this one person only;
        link_speakers: one stranger keeps one label in all recordings.
    remote: the address of a server that does the work, None for this machine.
    labels: names for the speakers' labels.
    replace: write over files that hold names or edits.
    live_text: show what is recognised as it comes.
    """

    style: Style = field(default_factory=Style)
    embed_audio: bool = False
    identify: bool = False
    primary: str | None = None
    link_speakers: bool = False
    remote: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    replace: bool = False
    live_text: bool = False

    @property
    def renames(self) -> bool:
        """Whether speakers get names at all."""
        return self.names or bool(self.labels)

    @property
    def names(self) -> bool:
        """Whether voices have to be compared."""
        return self.identify or self.link_speakers or self.primary is not None

    @property
    def in_order(self) -> bool:
        """Whether one follows the other: the voices of one may come again in the next, or its words are being shown."""
        return self.names or self.live_text

    def seen(self, target: output.Target, audio: Source | None, on_note: Note, track: Track = None) -> Style:
        """How one output looks: a page is told where the recording is, or holds the track of it that was heard."""
        return sounded(self.style, target, audio, embed=self.embed_audio, on_note=on_note, track=track)


def run_batch(
    audio: Sequence[Path],
    outs: Sequence[str],
    formats: Sequence[str],
    options: JobOptions,
    view: View,
    offsets: Mapping[str, Seconds],
) -> int:
    """Transcribe every recording; the exit code: 0, or 1 if one of them failed.

    Args:
        audio: the recordings; with ``--channels`` and one output the files of one, see `inputs.sources`.
        outs: values of ``-o``.
        formats: values of ``--format``.
        options: of every job.
        view: how results are shown.
        offsets: when files begin in a conversation, by how they were given.

    Raises:
        DiarfuseError: nothing can be done.
    """
    if len(audio) > 1:  # which may be no list of recordings, but a command that was meant
        check_any(audio)
    with stdin.stand_in(audio) as files:
        return _transcribe(sources(files, outs, options.channels, offsets), outs, formats, options, view)


def _transcribe(
    audio: Sequence[Source], outs: Sequence[str], formats: Sequence[str], options: JobOptions, view: View
) -> int:
    from .recognisers import listens

    read = [Path(options.model)] if options.model else []  # words that are there already; else a name or a folder
    usual = {"on_stdout": "txt", "in_folder": "srt", "else_": otherwise(options.channels)}
    planned = output.plan(audio, outs, formats, read=read, replace=view.replace, **usual)
    _check_speakers(planned, options, view)
    named = view.renames or any(isinstance(source, SeparateFiles) for source in audio)
    check_outputs(chain.from_iterable(planned), replace=view.replace, named=named)
    if view.live_text and view.remote is not None:
        raise OptionError("--live-text does nothing with --remote, which answers at the end: leave it out.")
    job = _job(options, view)
    job.check(options)
    same_words = len(audio) > 1 and view.remote is None and not listens(options.asr)
    rename: Rename | None = None

    def process(path: Source, screen: Reporter, cancel: threading.Event) -> tuple[Document, Render]:
        nonlocal rename
        if view.renames and rename is None:
            rename = renamer(options, view, screen.note)
        told = Told(screen.note, path)
        if same_words:
            told(f"The words of {options.model} are given to each of the {len(audio)} recordings.")
        with rescuing(path, screen.problem, cancel, setup=options, on_note=screen.note) as found:
            result = job.transcribe(
                path,
                options,
                on_progress=screen.on_progress,
                on_note=told,
                cancel=cancel,
                rename=rename,
                on_heard=screen.heard if view.live_text else None,
                on_found=found.hear,
                on_part=found,
            )
            told.each(result.notes)
            if options.details:
                _say(screen, verbose_lines.of_result(result.transcript, result.diarization, result.timings))
            heard, origin = told.recording(result.transcript.duration), job.origin(options)
            document = Document(
                result.transcript, result.diarization, stem_of(path), heard, origin, tuple(told.sentences)
            )
            document = only_names(document, *files_of(path))
        return document, lambda target: content(
            document, target, view.seen(target, path, screen.note, options.audio_track), render
        )

    stages = expected(options, remote=view.remote is not None, names=view.renames)
    if not isinstance(job, Job) or len(audio) == 1 or view.in_order:
        return _each(audio, planned, process, stages)
    job.share()
    return _each(audio, planned, process, stages, lambda: min(_AT_ONCE, job.at_once()))


def diarize_batch(
    audio: Sequence[Path],
    outs: Sequence[str],
    formats: Sequence[str],
    options: JobOptions,
    labels: Mapping[str, str],
    *,
    replace: bool = False,
) -> int:
    """Find who spoke when in every recording; the exit code: 0, or 1 if one of them failed.

    Args:
        audio: the recordings.
        outs: values of ``-o``.
        formats: values of ``--format``.
        options: of every job.
        labels: names for the speakers' labels.
        replace: write over files that hold names or edits.

    Raises:
        DiarfuseError: nothing can be done.
    """
    if len(audio) > 1:  # which may be no list of recordings, but a command that was meant
        check_any(audio)
    with stdin.stand_in(audio) as recordings:
        return _diarize(recordings, outs, formats, options, labels, replace=replace)


def _diarize(
    audio: Sequence[Path],
    outs: Sequence[str],
    formats: Sequence[str],
    options: JobOptions,
    labels: Mapping[str, str],
    *,
    replace: bool,
) -> int:
    known = registry.of_turns()
    planned = output.plan(audio, outs, formats, on_stdout="rttm", in_folder="rttm", known=known, replace=replace)
    check_outputs(chain.from_iterable(planned), replace=replace, named=bool(labels))
    job = Job(options)
    job.check()
    if len(audio) > 1:
        job.share()

    def process(path: Source, screen: Reporter, cancel: threading.Event) -> tuple[Document, Render]:
        told = Told(screen.note, path)
        found = name_turns(job.diarize(path, on_progress=screen.on_progress, on_note=told, cancel=cancel), labels)
        told.each(found.notes)
        _say(screen, verbose_lines.of_diarization(found) if options.details else ())
        silent, heard = Transcript((), None, found.duration), told.recording(found.duration)
        document = Document(silent, found, stem_of(path), heard, job.origin(options), tuple(told.sentences))
        document = only_names(document, *files_of(path))
        return document, lambda target: content(document, target, View().seen(target, path, screen.note))

    return _each(audio, planned, process, TURNS, job.at_once)


def _each(
    audio: Sequence[Source],
    planned: Sequence[Sequence[output.Target]],
    process: Process,
    stages: Sequence[str],
    at_once: Callable[[], int] = lambda: 1,
) -> int:
    """One recording after the other; at the end a line for every file that was written.

    `process` works in threads that Ctrl-C can leave behind, `at_once` of them; files are written here, so that none is
    cut in the middle.
    """
    stdin.receive(files_in(audio))
    check_any(audio)
    failed, wrote = 0, list[tuple[str, Path, str]]()
    with reporter(audio, stages) as screen:
        try:
            given = list(zip(audio, planned, strict=True))
            with Ahead(given, partial(_one, process), screen, at_once) as found:
                for path, targets in given:
                    screen.start(name_of(path))
                    try:
                        document, render, claim = found.next()
                        with claim:
                            _write(document, render, targets, screen, partial(_note, wrote, name_of(path)))
                    except (*OF_ONE_FILE, MemoryError, OSError, RuntimeError) as error:
                        if len(audio) == 1 or not (isinstance(error, OF_ONE_FILE) or ran_out(error)):
                            raise
                        failed += 1
                        screen.problem(traced(_told(error, path)))
        finally:  # whatever ended the rest
            for name, file, what in wrote:
                screen.about(name)
                screen.wrote(file, what)
        if failed:
            screen.last(failures(failed, len(audio), "recordings"))
    return 1 if failed else 0


def _told(error: Exception, path: Source) -> str:
    return str(error) if isinstance(error, DiarfuseError) else f"{name_of(path)}: there is not enough memory for it."


def _one(
    process: Process, given: _Given, screen: Reporter, cancel: threading.Event
) -> tuple[Document, Render, ExitStack]:
    """What is found in a recording, and its claim, which lasts until that is written."""
    source, targets = given
    files = files_of(source)
    check_file(source)
    with stdin.named(*files), ExitStack() as claim:
        claim.enter_context(making(files, targets, screen.note))
        return (*process(source, screen, cancel), claim.pop_all())


def _write(
    document: Document,
    render: Render,
    targets: Sequence[output.Target],
    screen: Reporter,
    on_wrote: Callable[[Path, str], None],
) -> None:
    """Write all outputs that can be written; `on_wrote` hears of each file, and what it holds."""

    def rendered(target: output.Target) -> str | bytes:
        text = render(target)
        if target.path is None:
            screen.rest()
        return text

    output.write_each(targets, rendered, lambda file: on_wrote(file, summary(document)), screen.problem, document)


def _note(wrote: list[tuple[str, Path, str]], name: str, file: Path, what: str) -> None:
    wrote.append((name, file, what))


def _job(options: JobOptions, view: View) -> Job | RemoteJob:
    if view.remote is None:
        return Job(options)
    from .remote.job import RemoteJob

    return RemoteJob(options, view.remote)


def renamer(options: JobOptions, view: View, on_note: Note, namer: Namer | None = None) -> Rename:
    """Names from voices, if they are compared, then those that were given; `namer`: as `namer_of` loaded it."""
    by_voice = namer or namer_of(options, view, on_note)

    def rename(transcript: Transcript, found: Diarization, samples: Samples) -> tuple[Transcript, Diarization]:
        if by_voice is not None:
            from .voices.namer import name_speakers

            transcript, found = name_speakers(transcript, found, samples, by_voice)
        return name_labels(transcript, found, view.labels)

    return rename


def namer_of(options: JobOptions, view: View, on_note: Note) -> Namer | None:
    """Who compares the voices with those enrolled on this machine, if asked for; only the command line ever asks."""
    if not view.names:
        return None
    from .voices.namer import load_namer

    return load_namer(
        identify_speakers=view.identify,
        primary=view.primary,
        link=view.link_speakers,
        models_dir=options.models_dir,
        offline=options.offline,
        on_note=on_note,
    )


def _check_speakers(planned: Sequence[Sequence[output.Target]], options: JobOptions, view: View) -> None:
    """Options and formats that make no sense without --diarize."""
    if options.diarize:
        return
    for name in options.speakers.given():
        why = "without --diarize: add --diarize"
        if options.channels is not None:
            why = "with --channels, where the channels tell who speaks: leave it out"
        raise OptionError(f"--{name.replace('_', '-')} does nothing {why}.")
    if options.channels is not None:
        return
    for name, given in (("name", view.labels), *((name, getattr(view, name)) for name in _OF_VOICES)):
        if given:
            raise OptionError(f"--{name.replace('_', '-')} does nothing without --diarize: add --diarize.")
    for name in dict.fromkeys(target.format for targets in planned for target in targets):
        if registry.exporter(name).NEEDS == "turns":
            raise OptionError(
                f"{name.upper()} holds speaker turns and needs --diarize: add it, or choose another format."
            )


def _say(screen: Reporter, sentences: Sequence[str]) -> None:
    for sentence in sentences:
        screen.note(sentence)
