"""`transcribe live` from the first block to the last file."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ...diarize.loading import live_of
from ...fusion.document import Document
from ...fusion.errors import OptionError, OutputError
from ...fusion.landing import landing
from ...fusion.times import repair_transcript
from ...fusion.types import SAMPLE_RATE
from ...fusion.watch import Watch
from .. import output
from ..documents.names import check_outputs
from ..documents.origin import Told, only_names, recording_of
from ..job import Job
from ..runs import View, namer_of, renamer, render
from ..screen.interrupt import run_interruptible
from ..screen.showing import content, summary
from ..screen.terminal import Reporter, reporter
from . import sources
from .hearing import Hearing
from .naming import LiveNaming
from .screen import screen
from .session import Session
from .writing import EventLines, Files

if TYPE_CHECKING:
    from ...fusion.types import Note, Samples, Segment, Transcript
    from ..options import JobOptions
    from ..voices.namer import Namer
    from .sources import Piece

_STDIN = Path("-")
_LIVE_WORDS = "The words are the live ones: the recogniser did not hear the whole once more (--no-final-pass)."


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What `transcribe live` was asked for.

    source: ``-`` for stdin, a file that is played, or None for a `microphone`, None the system's.
    pace: of a file, 1 as it was spoken, 0 as fast as may be. raw: the rate of headerless samples on stdin.
    outs, formats: as of `run_batch`. events: where JSON lines go. save_audio: a WAV or FLAC file.
    final_pass: whether the recogniser hears the whole once more. quiet: show no running text.
    """

    source: Path | None
    microphone: str | None
    pace: float
    raw: int | None
    outs: tuple[str, ...]
    formats: tuple[str, ...]
    view: View
    events: Path | None
    save_audio: Path | None
    final_pass: bool
    quiet: bool

    @property
    def played(self) -> Path | None:
        """The file that is played."""
        return None if self.source == _STDIN else self.source

    def pieces(self, stop: threading.Event, on_note: Note) -> Iterator[Piece]:
        """The audio as it comes."""
        if self.played is not None:
            return sources.from_file(self.played, self.pace, stop, on_note)
        if self.source is None:
            return sources.from_microphone(self.microphone, stop)
        stream = sources.stdin()
        return sources.from_container(stream, stop) if self.raw is None else sources.from_raw(stream, self.raw, stop)


def record(plan: Plan, options: JobOptions) -> int:
    """Record, show and write until the source ends or Ctrl-C; then write what `transcribe --diarize` would.

    Raises:
        DiarfuseError: nothing can be done.
    """
    heard = plan.played or Path("live")
    targets = output.plan([heard], plan.outs, plan.formats, on_stdout="txt", in_folder="srt")[0]
    check_outputs(targets, replace=plan.view.replace, named=plan.view.names or bool(plan.view.labels))
    _check_audio_file(plan.save_audio)
    if plan.source is None:
        sources.check_microphone(plan.microphone)
    elif plan.source == _STDIN:
        sources.stdin()
    job, stop = Job(options), threading.Event()
    job.check(options)
    bars = reporter([heard]), reporter([heard])  # here, where the command line's wishes are known
    with _ending(stop):
        run_interruptible(lambda cancel: _Recording(plan, options, job, targets, heard, *bars).run(stop, cancel))
    return 0


@dataclass(slots=True)
class _Recording:
    """One recording, as far as it has come.

    heard: the file that is played, or what stands for it in results. loading, ending: hear of the work around it.
    namer: who knows the enrolled voices, where they are asked for.
    """

    plan: Plan
    options: JobOptions
    job: Job
    targets: list[output.Target]
    heard: Path
    loading: Reporter
    ending: Reporter
    namer: Namer | None = None

    def run(self, stop: threading.Event, cancel: threading.Event) -> None:
        """Load, record, conclude."""
        with self.loading as bars:
            told = Told(bars.note, self.heard)
            recogniser, diarizer = self.job.both(self.options, Watch(bars.on_progress, told, cancel))
            self.namer = namer_of(self.options, self.plan.view, told)
        view = screen(quiet=self.plan.quiet)
        told = Told(view.note, self.heard)
        inline = self.plan.played is not None and self.plan.pace == 0
        files = Files(self.targets, lambda document, target: self._content(document, target, told))
        with (
            live_of(diarizer, self.options.speakers, on_note=told) as live,
            EventLines(self.plan.events) as lines,
        ):
            hearing = Hearing(recogniser, self.options.language, told, inline=inline)
            session = Session(
                self.heard.stem,
                self.job.origin(self.options),
                self.options.language,
                live,
                hearing,
                files,
                lines,
                view,
                self._naming(),
            )
            pieces = self.plan.pieces(stop, told)
            _keys(session, stop, view.note, reads=self.plan.source != _STDIN)
            try:
                session.run(pieces)
                rest = hearing.close(wait=not self.plan.final_pass)
            finally:
                view.stop()
            with self.ending as bars:
                self._conclude(session, rest, replace(told, on_note=bars.note), bars, cancel)

    def _conclude(
        self, session: Session, rest: list[Segment], told: Told, bars: Reporter, cancel: threading.Event
    ) -> None:
        watch = Watch(bars.on_progress, told, cancel)
        found, samples, events = session.diarizer.finish(bars.on_progress, cancel, activity=True)
        session.words.hear(rest)
        words: Transcript | None = None
        if not self.plan.final_pass:
            words = repair_transcript(session.all_words(found.duration), "The live recogniser")
            told(_LIVE_WORDS)
        view = self.plan.view
        rename = renamer(self.options, view, bars.note, self.namer) if view.renames else None
        result = self.job.conclude(self.heard.name, samples, found, self.options, watch, words=words, rename=rename)
        told.each(result.notes)
        recording = None if self.plan.played is None else recording_of(self.plan.played, found.duration)
        origin = self.job.origin(self.options)
        document = Document(
            result.transcript, result.diarization, self.heard.stem, recording, origin, tuple(told.sentences)
        )
        bars.rest()
        session.rest(events, only_names(document, self.heard))
        for target in self.targets:
            if target.path is not None:
                bars.wrote(target.path, summary(document))
        if self.plan.save_audio is not None:
            _save(self.plan.save_audio, samples)
            bars.wrote(self.plan.save_audio, f"{found.duration:.0f} s of sound")

    def _naming(self) -> LiveNaming | None:
        """Names on the way, which link no recordings."""
        given = self.namer
        if given is None or not given.voices:
            return None
        return LiveNaming(replace(given, link=False))

    def _content(self, document: Document, target: output.Target, on_note: Note) -> str | bytes:
        return content(document, target, self.plan.view.seen(target, self.plan.played, on_note), render)


def _check_audio_file(path: Path | None) -> None:
    if path is not None and path.suffix.lower() not in (".wav", ".flac"):
        raise OptionError(f"--save-audio {str(path)!r} must end in .wav or .flac.")
    if path is not None and not path.absolute().parent.is_dir():
        raise OptionError(f"--save-audio {str(path)!r}: there is no folder {str(path.parent)!r}.")


def _save(path: Path, samples: Samples) -> None:
    import soundfile

    try:
        with (
            landing(path) as file,
            soundfile.SoundFile(file, "w", SAMPLE_RATE, 1, "PCM_16", format=path.suffix[1:].upper()) as sound,
        ):
            for start in range(0, len(samples), SAMPLE_RATE * 60):
                sound.write(samples[start : start + SAMPLE_RATE * 60])
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written: {error.strerror or error}. Choose another --save-audio."
        ) from error


@contextmanager
def _ending(stop: threading.Event) -> Iterator[None]:
    """The first Ctrl-C ends the recording; the second one the program."""
    usual = signal.getsignal(signal.SIGINT)

    def end(_number: int, _frame: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        click.echo("The recording is over; the last words are being heard (Ctrl-C again: leave it at that).", err=True)

    signal.signal(signal.SIGINT, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, usual)


def _keys(session: Session, stop: threading.Event, on_note: Note, *, reads: bool) -> None:
    """Where somebody sits at a terminal: p and Enter pauses or goes on, q and Enter ends."""
    if not reads or sys.stdin is None or not sys.stdin.isatty():
        return
    on_note("p and Enter: pause, and go on; q and Enter or Ctrl-C: end.")

    def listen() -> None:
        for line in sys.stdin:
            if line.strip() == "q":
                stop.set()
                return
            if line.strip() == "p":
                session.toggle()

    threading.Thread(target=listen, name="keys", daemon=True).start()
