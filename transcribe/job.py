"""The whole job: audio -> words and turns -> words with speakers. Each stage is imported when it is used."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from ..fusion.audio.separate import name_of
from ..fusion.errors import OptionError
from ..fusion.given import OfThisProcess, check_kind
from ..fusion.types import SegmentRecognizer
from ..fusion.watch import Watch
from .inputs.loading import load, mix
from .options import JobOptions, Setup, Wish
from .together import beside_recogniser, together

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping, Sequence

    from ..diarize.loading import AnyDiarizer
    from ..diarize.options import Execution
    from ..diarize.queue import Queue
    from ..fusion.audio import AudioSource
    from ..fusion.editing.content import Origin
    from ..fusion.types import Diarization, Note, OnFound, OnSegment, Progress, Recognizer, Samples, Seconds, Transcript

Rename: TypeAlias = "Callable[[Transcript, Diarization, Samples], tuple[Transcript, Diarization]]"


@dataclass(frozen=True, slots=True)
class Result:
    """What a job made.

    transcript: as the recogniser gave it, or with speakers where the job diarized.
    diarization: None where the job did not diarize; of --channels, the turns that follow from the words.
    timings: seconds by stage, which do not count when results are compared. notes: sentences a user should see.
    """

    transcript: Transcript
    diarization: Diarization | None
    timings: Mapping[str, Seconds] = field(compare=False)
    notes: tuple[str, ...] = ()


class Job(OfThisProcess):
    """A setup with its loaded models, for any number of recordings; models load when they are first needed.

    Several threads may use one job: words are then recognised one recording after another, turns at the same time.
    Where `setup` is also a `Wish`, as `JobOptions` are, that is what is asked of recordings for which nothing else is.

    Args:
        setup: what is loaded.
        lender: a job whose diarizer this one uses, at the same time as others do, instead of one of its own.
    """

    def __init__(self, setup: Setup, lender: Job | None = None) -> None:
        check_kind(setup, "setup", Setup)
        self.setup = setup
        self._lender = lender
        self._usual = setup if isinstance(setup, Wish) else Wish()
        self._recognizer: Recognizer | None = None
        self._diarizer: AnyDiarizer | None = None
        self._lent: AnyDiarizer | None = None
        self._loading, self._recognising = threading.RLock(), threading.Lock()

    def queue(self, wish: Wish | None = None, *, capacity: int = 32) -> Queue[str | os.PathLike[str], Result]:
        """A queue of recordings whose answers are those of `transcribe`; see `diarize.queue`.

        Args:
            wish: what is asked of every recording.
            capacity: how many recordings may wait.

        Raises:
            DiarfuseError: a model cannot be had.
        """
        from ..diarize.queue import Queue, files_at_once
        from ..diarize.runtime import Runtime

        asked = self._asked(wish)
        own = Job(self.setup, lender=self)
        own._recognizer, own._recognising = self._recogniser_for(asked, Watch()), self._recognising
        if asked.diarize or asked.channels == "hybrid":
            self.lend(Watch())

        def work(path: str | os.PathLike[str], cancel: threading.Event) -> Result:
            return own.transcribe(path, asked, cancel=cancel)

        return Queue(work, files=files_at_once(Runtime.of(self.setup.execution)), capacity=capacity)

    def check(self, wish: Wish | None = None) -> None:
        """Refuse unknown names, and options that the recogniser does not have, before any work.

        Raises:
            UnknownNameError: no such recogniser or pack.
            OptionError: options that do not go together.
        """
        from ..diarize.loading import check
        from ..diarize.models.store import Store
        from .recognisers import check as check_recogniser
        from .recognisers import listens

        wish = self._asked(wish)
        check_recogniser(self.setup)
        store = Store(self.setup.models_dir, offline=True)
        check(self.setup.diarizer, self.setup.options, store, wish.speakers, self.setup.labels_from)
        if wish.channels is not None and not listens(self.setup.asr):
            name = self.setup.asr
            raise OptionError(f"--channels listens to each channel and cannot use {name}: choose another --asr.")

    def transcribe(
        self,
        path: AudioSource,
        wish: Wish | None = None,
        *,
        on_progress: Progress | None = None,
        on_note: Note | None = None,
        cancel: threading.Event | None = None,
        rename: Rename | None = None,
        on_segment: OnSegment | None = None,
        on_heard: OnSegment | None = None,
        on_found: OnFound | None = None,
        on_part: OnSegment | None = None,
    ) -> Result:
        """Run the whole job on one file; or on several of one conversation, one for each person (`SeparateFiles`).

        `rename` may put names on the speakers that were found; the server never gives one. `on_segment` hears, from a
        recogniser that can, each segment at once: without speakers as nothing can change it any more, else with those
        that are committed (`live.committing`). `on_heard` hears them in any case, as a person who waits wants to.
        `on_found` hears what there is before all is done, `on_part` each segment: words outlast what fails after them.

        Raises:
            DiarfuseError: see `fusion.errors`; `CancelledError` after `cancel` was set.
        """
        wish, watch = self._asked(wish), Watch(on_progress, on_note, cancel, on_heard, on_found, on_part)
        if wish.diarize and wish.speakers.given():  # else refused when all words are recognised
            self.check(wish)
        recordings = load(path, wish, watch)
        transcript, diarization = self._speakers(path, recordings, wish, watch, on_segment)
        watch.found(transcript, diarization)
        if diarization is not None and rename is not None:
            mixed = recordings[0] if len(recordings) == 1 else mix(path, wish, watch)
            with watch.stage("identify"):
                transcript, diarization = rename(transcript, diarization, mixed)
        return finish(path, transcript, diarization, watch)

    def diarize(
        self,
        path: AudioSource,
        wish: Wish | None = None,
        *,
        on_progress: Progress | None = None,
        on_note: Note | None = None,
        cancel: threading.Event | None = None,
    ) -> Diarization:
        """Find who spoke when in one file; no recogniser is imported.

        Raises:
            DiarfuseError: see `fusion.errors`; `CancelledError` after `cancel` was set.
        """
        wish, watch = self._asked(wish), Watch(on_progress, on_note, cancel)
        samples = load(path, wish, watch)[0]
        diarizer = self._diarizer_for(self.setup.execution, wish, watch)
        diarization = _diarize(samples, diarizer, wish, watch)
        if not diarization.turns:
            watch.keep(_no_speech(path))
        notes = tuple(dict.fromkeys((*watch.notes, *diarization.notes)))
        return replace(diarization, notes=notes, timings={**watch.timings, **diarization.timings})

    def both(self, wish: Wish, watch: Watch) -> tuple[Recognizer, AnyDiarizer]:
        """Recogniser and diarizer, loaded: for those who hear a recording as it comes."""
        diarizer = self._diarizer_for(self.setup.execution, wish, watch)
        return self._recogniser_for(wish, watch), diarizer

    def conclude(
        self,
        name: str,
        samples: Samples,
        diarization: Diarization,
        wish: Wish,
        watch: Watch,
        *,
        words: Transcript | None = None,
        rename: Rename | None = None,
    ) -> Result:
        """`transcribe` of a recording called `name` whose turns, and perhaps `words`, were found while it came."""
        words = self.words(samples, wish, watch) if words is None else words
        from .joining import join

        transcript = join(words, samples, diarization, wish, watch)
        if rename is not None:
            with watch.stage("identify"):
                transcript, diarization = rename(transcript, diarization, samples)
        return finish(name, transcript, diarization, watch)

    def words(self, samples: Samples, wish: Wish, watch: Watch) -> Transcript:
        """What the recogniser hears."""
        return self._recognise(samples, self._recogniser_for(wish, watch), wish, watch)

    def origin(self, wish: Wish | None = None) -> Origin:
        """What makes its results, for those who keep them; tells of models that have been loaded."""
        from .documents.origin import origin_of

        models = None if self._diarizer is None else self._diarizer.models
        return origin_of(self.setup, wish or self._usual, self._recognizer, models)

    def _speakers(
        self,
        source: AudioSource,
        recordings: Sequence[Samples],
        wish: Wish,
        watch: Watch,
        on_segment: OnSegment | None,
    ) -> tuple[Transcript, Diarization | None]:
        """The recogniser's words, joined to the channels' or the diarizer's turns if those are wanted."""
        if len(recordings) > 1:
            from .channels import transcribe_channels

            return transcribe_channels(recordings, wish, watch, self._find, source)
        transcript, diarization = self._find(recordings[0], wish, watch, on_segment)
        from .joining import align_lines, join

        if diarization is None:
            return align_lines(transcript, recordings[0], watch) if wish.words else transcript, None
        return join(transcript, recordings[0], diarization, wish, watch), diarization

    def _find(
        self, samples: Samples, wish: Wish, watch: Watch, on_segment: OnSegment | None = None
    ) -> tuple[Transcript, Diarization | None]:
        """Words and, if wanted, turns: at the same time where that is sooner.

        All models load before the work, so that one that is missing shows at once.
        """
        if not wish.diarize:
            return self._recognise(samples, self._recogniser_for(wish, watch), wish, watch, on_segment), None
        from ..fusion.audio import undoubted

        beside = beside_recogniser(self.setup.execution)
        diarizer = self._diarizer_for(beside or self.setup.execution, wish, watch)
        recogniser = self._recogniser_for(wish, watch)
        if on_segment is not None and isinstance(recogniser, SegmentRecognizer):
            return self._commit(samples, recogniser, diarizer, wish, watch, on_segment)

        words = partial(undoubted(self._recognise), samples, recogniser, wish, watch)  # the diarizer tells of doubts
        turns = partial(_diarize, samples, diarizer, wish, watch)
        return (words(), turns()) if beside is None else together(words, turns, watch.stop)

    def _commit(
        self,
        samples: Samples,
        recogniser: Recognizer,
        diarizer: AnyDiarizer,
        wish: Wish,
        watch: Watch,
        on_segment: OnSegment,
    ) -> tuple[Transcript, Diarization]:
        """Words and turns, with each segment told as it is committed."""
        from ..diarize.loading import live_of
        from .live.committing import Committing

        with live_of(diarizer, wish.speakers) as live:
            committing = Committing(live, samples, watch, on_segment)
            transcript = self._recognise(samples, recogniser, wish, watch, committing.hear)
            with watch.timed("diarize"):
                return transcript, committing.finish()

    def _recognise(
        self, samples: Samples, recogniser: Recognizer, wish: Wish, watch: Watch, on_segment: OnSegment | None = None
    ) -> Transcript:
        from .recognisers import recognise

        with self._recognising:
            return recognise(samples, recogniser, wish, watch, on_segment)

    def _recogniser_for(self, wish: Wish, watch: Watch) -> Recognizer:
        from .recognisers import make

        with self._loading:
            if self._recognizer is None:
                with watch.stage("choose recogniser"):
                    self._recognizer = make(self.setup, wish, watch.note)
            return self._recognizer

    def _asked(self, wish: Wish | None) -> Wish:
        check_kind(wish, "wish", Wish, type(None))
        return wish or self._usual

    def choose(self) -> None:
        """Choose the recogniser by the usual wish, for all that is asked from now on."""
        self._recogniser_for(self._usual, Watch())

    def at_once(self) -> int:
        """How many recordings to diarize at once: one until the diarizer is loaded, then what keeps its device busy."""
        if self._diarizer is None:
            return 1
        from ..diarize.queue import files_at_once

        return files_at_once(self._diarizer.runtime)

    def share(self) -> None:
        """Let the threads that use it share the machine when they find turns, as borrowers of its diarizer do."""
        self._lender = self

    def lend(self, watch: Watch) -> AnyDiarizer:
        """The diarizer, for several threads at once: they share the machine (`diarize.queue.sharing`)."""
        from ..diarize.queue import sharing

        with self._loading:
            if self._lent is None:
                self._lent = sharing(self._loaded(self.setup.execution, watch))
            return self._lent

    def _loaded(self, execution: Execution, watch: Watch) -> AnyDiarizer:
        with self._loading:
            if self._diarizer is None:
                with watch.stage("load diarizer"):
                    self._diarizer = load_diarizer(replace(self.setup, execution=execution), watch.progress, watch.note)
            return self._diarizer

    def _diarizer_for(self, execution: Execution, wish: Wish, watch: Watch) -> AnyDiarizer:
        used = self._loaded(execution, watch) if self._lender is None else self._lender.lend(watch)
        if wish.details:
            recipe = f", recipe {used.options.recipe}" if used.options.recipe else ""
            watch.note(f"diarizer: {used.models.name}{recipe}, mode {used.execution.mode}, {used.runtime.device}")
        return used


def finish(path: AudioSource, transcript: Transcript, diarization: Diarization | None, watch: Watch) -> Result:
    """The result, with all that was said on the way; an empty one does not come without a word."""
    if not any(segment.text.strip() for segment in transcript.segments):
        watch.keep(_no_words(path, diarization))
    notes = dict.fromkeys((*watch.notes, *transcript.notes, *(diarization.notes if diarization else ())))
    return Result(transcript, diarization, watch.timings, tuple(notes))


def _no_speech(path: AudioSource) -> str:
    return f"The result is empty: no speech was found in {name_of(path)}."


def _no_words(path: AudioSource, diarization: Diarization | None) -> str:
    spoken = sum(turn.end - turn.start for turn in diarization.exclusive) if diarization is not None else 0.0
    if not spoken:
        return _no_speech(path)
    advice = "check its level and --language, or take another --asr"
    return f"No words were recognised in {name_of(path)}, in which somebody speaks for {spoken:.1f} s: {advice}."


def _diarize(samples: Samples, diarizer: AnyDiarizer, wish: Wish, watch: Watch) -> Diarization:
    with watch.timed("diarize"):
        found = diarizer.diarize(samples, **wish.speakers.given(), on_progress=watch.progress, cancel=watch.cancel)
    watch.found(None, found)
    return found


def load_diarizer(setup: Setup, on_progress: Progress | None = None, on_note: Note | None = None) -> AnyDiarizer:
    """The diarizer of a setup, its models fetched first where needed."""
    from ..diarize.loading import load
    from ..diarize.models.store import Store

    store = Store(setup.models_dir, offline=setup.offline)
    return load(
        setup.diarizer,
        store,
        options=setup.options,
        execution=setup.execution,
        labels_from=setup.labels_from,
        on_progress=on_progress,
        on_note=on_note,
    )


def transcribe_file(
    path: AudioSource,
    options: JobOptions,
    on_progress: Progress | None = None,
    on_note: Note | None = None,
    cancel: threading.Event | None = None,
) -> Result:
    """One job on one recording; for several keep a `Job`, which loads its models once."""
    return Job(options).transcribe(path, on_progress=on_progress, on_note=on_note, cancel=cancel)
