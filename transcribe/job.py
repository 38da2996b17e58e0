"""A whole job without a word printed, shared by the command line and the server."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

from diarize.options import Execution, Options
from fusion.errors import CancelledError, OptionError, UnknownNameError

if TYPE_CHECKING:
    import os
    import threading
    from pathlib import Path

    from diarize.pipeline import Diarizer
    from fusion.assign import Join
    from fusion.types import Diarization, Progress, Recognizer, Samples, Seconds, Transcript

Note = Callable[[str], None]
Rename: TypeAlias = "Callable[[Transcript, Diarization, Samples], tuple[Transcript, Diarization]]"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobOptions:
    """Everything a job can be told; the command line's options have the same names.

    diarize: put a speaker on every word.
    asr: a recogniser's name or ``auto``. model, language, compute_type: the recogniser's; None is its own
        default. asr_options: further options of that recogniser, by name.
    diarizer: a pack's name or ``auto``. num_speakers, min_speakers, max_speakers: a contract, see the README.
    options: what changes the diarizer's answer. execution: what only changes the wait.
    join: ``resolved`` or ``plain``, see `fusion.assign.Policy`.
    models_dir, offline: of the model store; None is the environment's choice.
    details: also say through `on_note` what was used and how much of the recording is speech.
    """

    diarize: bool = False
    asr: str = "auto"
    model: str | None = None
    language: str | None = None
    compute_type: str | None = None
    asr_options: Mapping[str, object] = field(default_factory=dict)
    diarizer: str = "auto"
    num_speakers: int | None = None
    min_speakers: int | None = None
    max_speakers: int | None = None
    options: Options = field(default_factory=Options)
    execution: Execution = field(default_factory=Execution)
    join: Join = "resolved"
    models_dir: Path | None = None
    offline: bool | None = None
    details: bool = False

    def __post_init__(self) -> None:
        for name in ("num_speakers", "min_speakers", "max_speakers"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise OptionError(f"{name}={value} must be 1 or more.")
        low, high, exact = self.min_speakers, self.max_speakers, self.num_speakers
        if low is not None and high is not None and low > high:
            raise OptionError(f"min_speakers={low} is above max_speakers={high}: swap them, or leave one out.")
        if exact is not None and not (low or 1) <= exact <= (high or exact):
            raise OptionError(f"num_speakers={exact} lies outside min_speakers and max_speakers: leave those out.")


@dataclass(frozen=True, slots=True)
class Result:
    """What a job made.

    transcript: as the recogniser gave it, or with speakers where the job diarized.
    diarization: None where the job did not diarize.
    timings: seconds by stage. notes: sentences a user should see.
    """

    transcript: Transcript
    diarization: Diarization | None
    timings: Mapping[str, Seconds]
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class _Watch:
    """Progress, notes, timings and the wish to stop, of one recording."""

    on_progress: Progress | None
    on_note: Note | None
    cancel: threading.Event | None
    timings: dict[str, Seconds] = field(default_factory=dict)

    def progress(self, stage: str, done: int, total: int) -> None:
        """Pass progress on; stops the stage where the caller wants to stop."""
        self.check()
        if self.on_progress is not None:
            self.on_progress(stage, done, total)

    def note(self, sentence: str) -> None:
        """Pass a sentence on."""
        if self.on_note is not None:
            self.on_note(sentence)

    def check(self) -> None:
        """Raise `CancelledError` if the caller wants to stop."""
        if self.cancel is not None and self.cancel.is_set():
            raise CancelledError("Stopped, as asked.")

    @contextmanager
    def stage(self, name: str, *, silent: bool = True) -> Iterator[None]:
        """Time the stage `name`; report its begin and end if it is `silent`, that is, reports nothing itself."""
        if silent:
            self.progress(name, 0, 1)
        started = time.perf_counter()
        yield
        if silent:
            self.progress(name, 1, 1)
        self.timings[name] = self.timings.get(name, 0.0) + time.perf_counter() - started


class Job:
    """Options with their loaded models, for any number of recordings; models load when they are first needed."""

    def __init__(self, options: JobOptions) -> None:
        self.options = options
        self._recognizer: Recognizer | None = None
        self._diarizer: Diarizer | None = None

    def check(self) -> None:
        """Refuse unknown names before any work.

        Raises:
            UnknownNameError: no such recogniser or pack.
        """
        from diarize.models.packs import PACKS
        from transcribe.recognisers import check_name

        check_name(self.options.asr)
        if self.options.diarizer not in (*PACKS, "auto"):
            raise UnknownNameError("diarization pack", self.options.diarizer, (*PACKS, "auto"))

    def transcribe(
        self,
        path: str | os.PathLike[str],
        *,
        on_progress: Progress | None = None,
        on_note: Note | None = None,
        cancel: threading.Event | None = None,
        rename: Rename | None = None,
    ) -> Result:
        """Run the whole job on one file.

        `rename` may put names on the speakers that were found; the server never gives one.

        Raises:
            DiarfuseError: see `fusion.errors`; `CancelledError` after `cancel` was set.
        """
        watch = _Watch(on_progress, on_note, cancel)
        samples = self._load(path, watch)
        transcript = self._recognise(samples, watch)
        if not self.options.diarize:
            return Result(transcript, None, watch.timings, transcript.notes)
        diarization = self._diarize(samples, watch)
        joined = self._join(transcript, samples, diarization, watch)
        if rename is not None:
            with watch.stage("identify"):
                joined, diarization = rename(joined, diarization, samples)
        return Result(joined, diarization, watch.timings, tuple(dict.fromkeys((*joined.notes, *diarization.notes))))

    def diarize(
        self,
        path: str | os.PathLike[str],
        *,
        on_progress: Progress | None = None,
        on_note: Note | None = None,
        cancel: threading.Event | None = None,
    ) -> Diarization:
        """Find who spoke when in one file; no recogniser is imported.

        Raises:
            DiarfuseError: see `fusion.errors`; `CancelledError` after `cancel` was set.
        """
        watch = _Watch(on_progress, on_note, cancel)
        diarization = self._diarize(self._load(path, watch), watch)
        return replace(diarization, timings={**watch.timings, **diarization.timings})

    def _load(self, path: str | os.PathLike[str], watch: _Watch) -> Samples:
        from fusion.audio import load_audio

        with watch.stage("load audio"):
            samples = load_audio(path, on_note=watch.note)
        if self.options.details:
            with watch.stage("find speech", silent=False):
                watch.note(_speech(samples, watch))
        return samples

    def _recognise(self, samples: Samples, watch: _Watch) -> Transcript:
        from transcribe.recognisers import make

        if self._recognizer is None:
            with watch.stage("choose recogniser"):
                self._recognizer = make(self.options, watch.note)
        with watch.stage("recognise", silent=False):
            return self._recognizer.transcribe(samples, language=self.options.language, on_progress=watch.progress)

    def _diarize(self, samples: Samples, watch: _Watch) -> Diarization:
        wish = self.options
        if self._diarizer is None:
            with watch.stage("load diarizer"):
                self._diarizer = load_diarizer(wish, watch.progress, watch.note)
        if wish.details:
            used = self._diarizer
            watch.note(f"diarizer: {used.models.name}, mode {used.execution.mode}, {used.runtime.device}")
        with watch.stage("diarize", silent=False):
            return self._diarizer.diarize(
                samples,
                num_speakers=wish.num_speakers,
                min_speakers=wish.min_speakers,
                max_speakers=wish.max_speakers,
                on_progress=watch.progress,
                cancel=watch.cancel,
            )

    def _join(self, transcript: Transcript, samples: Samples, diarization: Diarization, watch: _Watch) -> Transcript:
        from asr_adapters.align import align
        from fusion.assign import Policy, assign_transcript
        from fusion.cues import split_segments

        if any(not segment.words for segment in transcript.segments):
            with watch.stage("align", silent=False):
                transcript = align(transcript, samples, language=transcript.language, on_progress=watch.progress)
        with watch.stage("join"):
            return split_segments(assign_transcript(transcript, diarization, Policy(join=self.options.join)))


def _speech(samples: Samples, watch: _Watch) -> str:
    """The line of --verbose about speech and silence."""
    from diarize.vad import detect_speech
    from fusion.types import SAMPLE_RATE

    spoken = sum(end - start for start, end in detect_speech(samples, on_progress=watch.progress))
    duration = len(samples) / SAMPLE_RATE
    return f"speech: {spoken:.1f} s of {duration:.1f} s ({spoken / max(duration, 0.001):.0%})"


def load_diarizer(wish: JobOptions, on_progress: Progress | None = None, on_note: Note | None = None) -> Diarizer:
    """The diarizer that the options ask for, its models fetched first where needed."""
    from diarize.models.store import Store

    models = Store(wish.models_dir, offline=wish.offline).load(wish.diarizer, on_progress=on_progress, on_note=on_note)
    from diarize.pipeline import Diarizer  # half a second of scipy, wasted where there is no model

    return Diarizer(models, options=wish.options, execution=wish.execution)


def transcribe_file(
    path: str | os.PathLike[str],
    options: JobOptions,
    on_progress: Progress | None = None,
    on_note: Note | None = None,
    cancel: threading.Event | None = None,
) -> Result:
    """One job on one file; for several files keep a `Job`, which loads its models once."""
    return Job(options).transcribe(path, on_progress=on_progress, on_note=on_note, cancel=cancel)
