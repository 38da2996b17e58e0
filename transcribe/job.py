"""A whole job without a word printed, shared by the command line and the server."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Literal, TypeAlias

from ..diarize.options import Execution, Options
from ..fusion.errors import OptionError, UnknownNameError
from ..fusion.types import SpeakerCount
from ..fusion.watch import Watch
from .together import beside_recogniser, together

if TYPE_CHECKING:
    import os
    import threading
    from collections.abc import Sequence
    from pathlib import Path

    from ..diarize.pipeline import Diarizer
    from ..fusion.join.assign import Join
    from ..fusion.types import Diarization, Note, OnSegment, Progress, Recognizer, Samples, Seconds, Transcript

Channels: TypeAlias = Literal["speakers", "hybrid"]
Rename: TypeAlias = "Callable[[Transcript, Diarization, Samples], tuple[Transcript, Diarization]]"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobOptions:
    """Everything a job can be told; the command line's options have the same names.

    diarize: put a speaker on every word.
    channels: ``speakers``: each channel is a speaker; ``hybrid``: a channel may hold several voices, which the
        diarizer finds. Where all channels are the same, the job goes on as if this were None.
    asr: a recogniser's name or ``auto``. model, language, compute_type: the recogniser's; None is its own
        default. asr_options: further options of that recogniser, by name.
    diarizer: a pack's name or ``auto``. num_speakers, min_speakers, max_speakers: a contract, see the README.
    options: what changes the diarizer's answer. execution: what only changes the wait.
    join: ``resolved`` or ``plain``, see `fusion.assign.Policy`.
    models_dir, offline: of the model store; None is the environment's choice.
    details: also say through `on_note` what was used and how much of the recording is speech.
    """

    diarize: bool = False
    channels: Channels | None = None
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
        if self.channels not in (None, "speakers", "hybrid"):
            raise OptionError(f"channels={self.channels!r} must be 'speakers', 'hybrid' or None.")
        SpeakerCount.of(self.num_speakers, self.min_speakers, self.max_speakers)

    @property
    def speakers(self) -> SpeakerCount:
        """How many speakers were asked for."""
        return SpeakerCount.of(self.num_speakers, self.min_speakers, self.max_speakers)


@dataclass(frozen=True, slots=True)
class Result:
    """What a job made.

    transcript: as the recogniser gave it, or with speakers where the job diarized.
    diarization: None where the job did not diarize; of --channels, the turns that follow from the words.
    timings: seconds by stage. notes: sentences a user should see.
    """

    transcript: Transcript
    diarization: Diarization | None
    timings: Mapping[str, Seconds]
    notes: tuple[str, ...] = ()


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
            OptionError: options that do not go together.
        """
        from ..diarize.models.packs import PACKS
        from .recognisers import check_name, listens

        check_name(self.options.asr)
        if self.options.diarizer not in (*PACKS, "auto"):
            raise UnknownNameError("diarization pack", self.options.diarizer, (*PACKS, "auto"))
        if self.options.channels is not None and not listens(self.options.asr):
            name = self.options.asr
            raise OptionError(f"--channels listens to each channel and cannot use {name}: choose another --asr.")

    def transcribe(
        self,
        path: str | os.PathLike[str],
        *,
        on_progress: Progress | None = None,
        on_note: Note | None = None,
        cancel: threading.Event | None = None,
        rename: Rename | None = None,
        on_segment: OnSegment | None = None,
    ) -> Result:
        """Run the whole job on one file.

        `rename` may put names on the speakers that were found; the server never gives one. `on_segment` hears each
        segment at once if nothing can change it any more: without speakers, and from a recogniser that can.

        Raises:
            DiarfuseError: see `fusion.errors`; `CancelledError` after `cancel` was set.
        """
        watch = Watch(on_progress, on_note, cancel)
        recordings = self._load(path, watch)
        transcript, diarization = self._speakers(recordings, watch, on_segment)
        if diarization is not None and rename is not None:
            mixed = recordings[0] if len(recordings) == 1 else self._mix(path, watch)
            with watch.stage("identify"):
                transcript, diarization = rename(transcript, diarization, mixed)
        notes = (*watch.notes, *transcript.notes, *(diarization.notes if diarization else ()))
        return Result(transcript, diarization, watch.timings, tuple(dict.fromkeys(notes)))

    def diarize(
        self,
        path: str | os.PathLike[str],
        *,
        on_progress: Progress | None = None,
        on_note: Note | None = None,
        cancel: threading.Event | None = None,
        activity: bool = False,
    ) -> Diarization:
        """Find who spoke when in one file; no recogniser is imported.

        activity: also keep the frame-wise scores, which a join to words can use.

        Raises:
            DiarfuseError: see `fusion.errors`; `CancelledError` after `cancel` was set.
        """
        watch = Watch(on_progress, on_note, cancel)
        samples = self._load(path, watch)[0]
        diarization = self._diarize(
            samples, self._diarizer_for(self.options.execution, watch), watch, activity=activity
        )
        return replace(diarization, timings={**watch.timings, **diarization.timings})

    def _load(self, path: str | os.PathLike[str], watch: Watch) -> list[Samples]:
        """The recording's mix; or its channels, where they are wanted and differ."""
        if self.options.channels is None:
            recordings = [self._mix(path, watch)]
        else:
            from .channels import load_different

            with watch.stage("load audio"):
                recordings = load_different(path, watch, diarize=self.options.diarize)
        if self.options.details:
            for samples, part in zip(recordings, _parts(recordings, watch), strict=True):
                with part.timed("find speech"):
                    part.note(_speech(samples, part))
        return recordings

    def _mix(self, path: str | os.PathLike[str], watch: Watch) -> Samples:
        from ..fusion.audio import load_audio

        with watch.stage("load audio"):
            return load_audio(path, on_note=watch.note)

    def _speakers(
        self, recordings: Sequence[Samples], watch: Watch, on_segment: OnSegment | None
    ) -> tuple[Transcript, Diarization | None]:
        """The recogniser's words, joined to the channels' or the diarizer's turns if those are wanted."""
        if len(recordings) > 1:
            return self._channels(recordings, watch)
        samples = recordings[0]
        if not self.options.diarize:
            return self._recognise(samples, watch, on_segment=on_segment), None
        transcript, diarization = self._both(samples, watch)
        return self._join(transcript, samples, diarization, watch), diarization

    def _channels(self, channels: Sequence[Samples], watch: Watch) -> tuple[Transcript, Diarization]:
        """Every channel by itself, then merged in time."""
        from ..fusion.channels import Channel
        from ..fusion.join.assign import Policy
        from .channels import merge, seconds

        done: list[Channel] = []
        for samples, part in zip(channels, _parts(channels, watch), strict=True):
            if self.options.channels == "hybrid":
                transcript, diarization = self._both(samples, part, counted=False)
                done.append(Channel(self._align(transcript, samples, part), diarization))
            else:
                done.append(Channel(self._align(self._recognise(samples, part), samples, part)))
        if self.options.speakers:
            watch.notes.append("The number of speakers that was asked for is not used: the channels tell who speaks.")
        with watch.stage("join"):
            return merge(done, seconds(channels), Policy(join=self.options.join))

    def _both(self, samples: Samples, watch: Watch, *, counted: bool = True) -> tuple[Transcript, Diarization]:
        """Words and turns, at the same time where that is sooner; models load before, so that one missing shows."""
        beside = beside_recogniser(self.options.execution)
        diarizer = self._diarizer_for(beside or self.options.execution, watch)
        recogniser = self._recogniser_for(watch)

        def words() -> Transcript:
            return self._recognise(samples, watch, recogniser)

        def turns() -> Diarization:
            return self._diarize(samples, diarizer, watch, counted=counted)

        return (words(), turns()) if beside is None else together(words, turns, watch.stop)

    def _recogniser_for(self, watch: Watch) -> Recognizer:
        from .recognisers import make

        if self._recognizer is None:
            with watch.stage("choose recogniser"):
                self._recognizer = make(self.options, watch.note)
        return self._recognizer

    def _recognise(
        self, samples: Samples, watch: Watch, recogniser: Recognizer | None = None, on_segment: OnSegment | None = None
    ) -> Transcript:
        recogniser = recogniser or self._recogniser_for(watch)
        work: Callable[..., Transcript] = recogniser.transcribe
        if on_segment is not None and "on_segment" in inspect.signature(work).parameters:
            work = partial(work, on_segment=on_segment)
        with watch.timed("recognise"):
            return work(samples, language=self.options.language, on_progress=watch.progress)

    def _diarizer_for(self, execution: Execution, watch: Watch) -> Diarizer:
        if self._diarizer is None:
            with watch.stage("load diarizer"):
                wish = replace(self.options, execution=execution)
                self._diarizer = load_diarizer(wish, watch.progress, watch.note)
        if self.options.details:
            used = self._diarizer
            watch.note(f"diarizer: {used.models.name}, mode {used.execution.mode}, {used.runtime.device}")
        return self._diarizer

    def _diarize(
        self, samples: Samples, diarizer: Diarizer, watch: Watch, *, counted: bool = True, activity: bool = True
    ) -> Diarization:
        """Who spoke when; `counted` says whether the numbers of speakers asked for are those of `samples`."""
        asked = self.options.speakers.given() if counted else {}
        with watch.timed("diarize"):
            return diarizer.diarize(
                samples,
                **asked,
                on_progress=watch.progress,
                cancel=watch.cancel,
                activity=activity,
            )

    def _align(self, transcript: Transcript, samples: Samples, watch: Watch) -> Transcript:
        """Words for segments that the recogniser gave none."""
        if all(segment.words for segment in transcript.segments):
            return transcript
        from ..asr_adapters.align import align

        with watch.timed("align"):
            return align(transcript, samples, language=transcript.language, on_progress=watch.progress)

    def _join(self, transcript: Transcript, samples: Samples, diarization: Diarization, watch: Watch) -> Transcript:
        from ..fusion.attaching import join_whole
        from ..fusion.join.assign import Policy

        transcript = self._align(transcript, samples, watch)
        with watch.stage("join"):
            return join_whole(transcript, diarization, Policy(join=self.options.join))


def _parts(recordings: Sequence[Samples], watch: Watch) -> list[Watch]:
    """A watch for each channel, under names that tell them apart; one recording keeps the plain names."""
    if len(recordings) == 1:
        return [watch]
    return [watch.part(f", channel {number}") for number in range(1, len(recordings) + 1)]


def _speech(samples: Samples, watch: Watch) -> str:
    """The line of --verbose about speech and silence."""
    from ..diarize.vad import detect_speech
    from ..fusion.types import SAMPLE_RATE

    spoken = sum(end - start for start, end in detect_speech(samples, on_progress=watch.progress))
    duration = len(samples) / SAMPLE_RATE
    return f"speech: {spoken:.1f} s of {duration:.1f} s ({spoken / max(duration, 0.001):.0%})"


def load_diarizer(wish: JobOptions, on_progress: Progress | None = None, on_note: Note | None = None) -> Diarizer:
    """The diarizer that the options ask for, its models fetched first where needed."""
    from ..diarize.models.store import Store

    models = Store(wish.models_dir, offline=wish.offline).load(wish.diarizer, on_progress=on_progress, on_note=on_note)
    from ..diarize.pipeline import Diarizer  # half a second of scipy, wasted where there is no model

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
