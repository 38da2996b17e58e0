"""`transcribe live` from the first block to the last file."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ...diarize.loading import live_of
from ...fusion.audio import same_channels
from ...fusion.document import Document
from ...fusion.errors import CancelledError, DiarfuseError
from ...fusion.times import repair_transcript
from ...fusion.types import SAMPLE_RATE, SpeakerCount
from ...fusion.watch import Watch
from .. import output
from ..documents.names import check_outputs
from ..documents.origin import Told, only_names
from ..inputs.claims import making
from ..job import Job
from ..runs import View, namer_of, renamer
from ..screen.interrupt import run_interruptible
from ..screen.showing import content, render, summary
from ..screen.terminal import Reporter, note, reporter
from . import sources
from .beside import together
from .concluding import Recorded, conclude
from .hearing import Hearing
from .naming import LiveNaming
from .screen import screen
from .session import Session
from .sharing import Shared
from .sound import Sound
from .tracks import Numbers, Track, merged
from .writing import EventLines, Files, check_places

if TYPE_CHECKING:
    from ...diarize.live.events import Event
    from ...diarize.loading import AnyDiarizer
    from ...fusion.types import Note, Recognizer, Samples, Transcript
    from ..options import JobOptions, Wish
    from ..voices.namer import Namer
    from .session import Given

_STDIN = Path("-")
_PART = SAMPLE_RATE * 60
_LIVE_WORDS = "The words are the live ones: the recogniser did not hear the whole once more (--no-final-pass)."


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What `transcribe live` was asked for.

    source: ``-`` for stdin, a file that is played, or None for the `inputs`: devices, none for the system's microphone.
    pace: of a file, 1 as it was spoken, 0 as fast as may be. raw: the rate of headerless samples on stdin.
    outs, formats: as of `run_batch`. events: where JSON lines go. save_audio: a WAV or FLAC file.
    final_pass: whether the recogniser hears the whole once more.
    """

    source: Path | None
    inputs: tuple[str, ...]
    pace: float
    raw: int | None
    outs: tuple[str, ...]
    formats: tuple[str, ...]
    view: View
    events: Path | None
    save_audio: Path | None
    final_pass: bool

    @property
    def played(self) -> Path | None:
        """The file that is played."""
        return None if self.source == _STDIN else self.source

    def pieces(self, stop: threading.Event, on_note: Note, wish: Wish) -> Iterator[Given]:
        """The audio as it comes; with `wish.channels` each by itself."""
        if self.played is not None:
            channels, track = wish.channels is not None, wish.audio_track
            return sources.from_file(self.played, self.pace, stop, on_note, channels=channels, track=track)
        if self.source is None and len(self.inputs) > 1:
            return together([(name, sources.from_microphone(name, stop)) for name in self.inputs])
        if self.source is None:
            return sources.from_microphone(next(iter(self.inputs), None), stop)
        stream = sources.stdin()
        if self.raw is None:
            return sources.from_container(stream, stop, on_note)
        return sources.from_raw(stream, self.raw, stop)


def record(plan: Plan, options: JobOptions) -> int:
    """Record, show and write until the source ends or Ctrl-C; then write what `transcribe --diarize` would.

    Raises:
        DiarfuseError: nothing can be done.
    """
    heard = plan.played or Path("live")
    targets = output.plan([heard], plan.outs, plan.formats, on_stdout="txt", in_folder="srt")[0]
    check_outputs(targets, replace=plan.view.replace, named=plan.view.names or bool(plan.view.labels))
    check_places(plan.events, plan.save_audio, plan.played, targets)
    if plan.source is None:
        for device in plan.inputs or (None,):
            sources.check_microphone(device)
    elif plan.source == _STDIN:
        sources.stdin()
    job, stop = Job(options), threading.Event()
    job.check(options)
    count = _count(plan, options)
    bars = reporter([heard]), reporter([heard])  # here, where the command line's wishes are known
    recording = _Recording(plan, options, job, targets, heard, count, *bars)
    with _ending(stop), making(filter(None, (plan.played,)), targets, note):
        try:
            run_interruptible(lambda cancel: recording.run(stop, cancel))
        except KeyboardInterrupt:
            recording.leave()
            raise
    return 0


def _count(plan: Plan, options: JobOptions) -> int:
    """How many channels are heard by themselves.

    Raises:
        AudioError: the file that is played has one.
    """
    if options.channels is None:
        return 1
    return len(plan.inputs) if plan.played is None else sources.count_channels(plan.played, options.audio_track)


@dataclass(slots=True)
class _Recording:
    """One recording, as far as it has come.

    heard: the file that is played, or what stands for it in results. count: channels heard by themselves.
    loading, ending: hear of the work around it.
    namer: who knows the enrolled voices, where they are asked for. sound: what is kept of it. session: once it begins.
    """

    plan: Plan
    options: JobOptions
    job: Job
    targets: list[output.Target]
    heard: Path
    count: int
    loading: Reporter
    ending: Reporter
    namer: Namer | None = None
    sound: Sound = field(default_factory=lambda: Sound(None, ()))
    session: Session | None = None

    def leave(self) -> None:
        """Keep what was said, from another thread than the one that runs and is left behind."""
        try:
            if self.session is not None:
                self.session.end()
        finally:
            self.sound.keep(self.ending.note)
            self.sound.tell(self.ending.wrote)

    def run(self, stop: threading.Event, cancel: threading.Event) -> None:
        """Load, record, conclude."""
        with self.loading as bars:
            told = Told(bars.note, self.heard)
            recogniser, diarizer = self.job.both(self.options, Watch(bars.on_progress, told, cancel))
            self.namer = namer_of(self.options, self.plan.view, told)
        view = screen(self.loading)
        told = replace(told, on_note=view.note)
        files = Files(self.targets, lambda document, target: self._content(document, target, told), view.note)
        with ExitStack() as stack:
            stack.callback(lambda: self.sound.tell(self.ending.wrote))
            lines = stack.enter_context(EventLines(self.plan.events, view.note))
            tracks = self._tracks(recogniser, diarizer, told, stack)
            origin, language = self.job.origin(self.options), self.options.language
            session = self.session = Session(self.heard.stem, origin, language, tracks, files, lines, view)
            pieces = self.plan.pieces(stop, told, self.options)
            _keys(session, stop, view.note, reads=self.plan.source != _STDIN)
            self.sound = Sound(self.plan.save_audio, [track.diarizer.sound for track in tracks])
            with _salvaging(session, self.ending):
                try:
                    try:
                        session.run(pieces)
                    finally:  # before all that somebody may not wait for, or that may fail
                        self.sound.keep(view.note)
                    for track in tracks:
                        track.words.hear(track.hearing.close(wait=not self.plan.final_pass))
                finally:
                    view.stop()
            with self.ending as bars:
                self._conclude(session, replace(told, on_note=bars.note), bars, cancel)

    def _tracks(self, recogniser: Recognizer, diarizer: AnyDiarizer, told: Told, stack: ExitStack) -> list[Track]:
        """One, or one for each channel; several share the recogniser."""
        inline = self.plan.played is not None and self.plan.pace == 0
        speakers = self.options.speakers
        if self.options.channels is not None:  # how many there are was said of the whole
            recogniser, speakers = Shared(recogniser, threading.Lock()), SpeakerCount()
        missed = told.on_note if self.plan.final_pass else told  # words that the end brings are missing in no result
        tracks: list[Track] = []
        numbers = Numbers()
        for _ in range(self.count):
            live = stack.enter_context(live_of(diarizer, speakers, on_note=None if tracks else told))
            hearing = Hearing(recogniser, self.options.language, missed, inline=inline)
            tracks.append(Track(live, hearing, numbers, self._naming()))
        return tracks

    def _conclude(self, session: Session, told: Told, bars: Reporter, cancel: threading.Event) -> None:
        with _salvaging(session, bars):
            document, channels, rest = self._whole(session, told, bars, cancel)
        bars.rest()
        what = summary(document)
        try:
            session.rest(rest, document, lambda path: bars.wrote(path, what))
        except (DiarfuseError, OSError, MemoryError):
            self.sound.end(channels, bars.note)
            raise
        self.sound.end(channels)

    def _whole(
        self, session: Session, told: Told, bars: Reporter, cancel: threading.Event
    ) -> tuple[Document, Sequence[Samples], list[Event]]:
        """The last answer, what was heard in each channel, and the events that are still to be told."""
        watch = Watch(bars.on_progress, told, cancel)
        ends = [track.diarizer.finish(bars.on_progress, cancel, activity=True) for track in session.tracks]
        found, channels, events = zip(*ends, strict=True)
        words: list[Transcript] | None = None
        if not self.plan.final_pass:
            live = [track.all_words(self.options.language, found[0].duration) for track in session.tracks]
            words = [repair_transcript(each, "The live recogniser") for each in live]
            told(_LIVE_WORDS)
        view = self.plan.view
        rename = renamer(self.options, view, bars.note, self.namer) if view.renames else None
        recorded = Recorded(self.heard.name, channels, found, words)
        result, turns = conclude(self.job, recorded, self.options, watch, rename)
        told.each(result.notes)
        recording = None if self.plan.played is None else told.recording(found[0].duration)
        document = Document(
            result.transcript,
            result.diarization,
            self.heard.stem,
            recording,
            self.job.origin(self.options),
            tuple(told.sentences),
        )
        last = [event for track, told in zip(session.tracks, events, strict=True) for event in track.take(told)]
        alone = None if same_channels(channels) else found
        return only_names(document, self.heard), channels, merged(session.tracks, last, alone, turns)

    def _naming(self) -> LiveNaming | None:
        """Names on the way, which link no recordings."""
        given = self.namer
        if given is None or not given.voices:
            return None
        return LiveNaming(replace(given, link=False))

    def _content(self, document: Document, target: output.Target, on_note: Note) -> str | bytes:
        seen = self.plan.view.seen(target, self.plan.played, on_note, self.options.audio_track)
        return content(document, target, seen, render)


@contextmanager
def _salvaging(session: Session, screen: Reporter) -> Iterator[None]:
    """If the block fails, the outputs get what was heard live: nobody says again what was said."""
    try:
        yield
    except CancelledError:
        raise
    except Exception:
        document = session.document
        if document.transcript.segments:
            screen.problem("The recording cannot be heard to its end: what was heard until then, live, is written.")
            what = summary(document)
            session.files.end(document, lambda path: screen.wrote(path, what))
        raise


@contextmanager
def _ending(stop: threading.Event) -> Iterator[None]:
    """The first Ctrl-C ends the recording; the second one the program."""
    usual = signal.getsignal(signal.SIGINT)

    def end(_number: int, _frame: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        note("The recording is over; the last words are being heard (Ctrl-C again: leave it at that).")

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
