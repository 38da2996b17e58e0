"""A job that keeps what it heard: each stage is looked up before it is done."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, cast

from ...fusion.times import repair_transcript
from ...fusion.watch import log_note
from ..documents.hashes import hash_of_samples, hashed
from ..job import Job
from .caches import Cache, read_turns, read_voices, read_words, write_turns, write_voices, write_words

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Sequence

    from ...diarize.loading import AnyDiarizer
    from ...diarize.options import Execution
    from ...diarize.pipeline import Diarizer
    from ...fusion.audio import AudioSource
    from ...fusion.editing.content import Origin
    from ...fusion.types import Diarization, Note, OnSegment, Progress, Recognizer, Samples, Transcript
    from ...fusion.watch import Watch
    from ..options import Setup, Wish
    from .parts import Parts

    Hear = Callable[[Recognizer, Samples, str | None, Progress | None], Transcript]


class CachingJob(Job):
    """A job whose words and turns, and voices if `voices`, are kept in `cache` and taken from there.

    `on_note` hears where a recogniser goes on that was stopped.
    """

    def __init__(self, setup: Setup, cache: Cache, *, voices: bool = False, on_note: Note | None = None) -> None:
        super().__init__(setup)
        self._cache = cache
        self._voices = voices
        self._on_note = on_note or log_note
        self._parts: Parts | None = None
        self._basis = ""
        self._aligned = False
        self.channels = 1
        """Of the last recording, where each was heard by itself."""

    def expect(self, wish: Wish, parts: Parts) -> None:
        """Know what the next recording is wanted for: words that are aligned anyway are kept so; and its `parts`."""
        self._parts = parts
        self._aligned = wish.words or wish.diarize or wish.channels is not None

    def load(self, wish: Wish, *, words: bool, turns: bool, watch: Watch) -> Origin:
        """Load what will be needed now, so that a model that is missing shows before the work.

        Args:
            wish: what is usually asked.
            words: whether a recogniser is needed.
            turns: whether the diarizer is.
            watch: hears of downloads.

        Raises:
            DiarfuseError: see `Job.transcribe`.
        """
        if words:
            recogniser = super()._recogniser_for(wish, watch)
            if hasattr(recogniser, "load"):
                recogniser.load()
        if turns:
            super()._diarizer_for(self.setup.execution, wish, watch)
        origin = self.origin(wish)
        self._basis = hashed([origin.program, dict(origin.models), repr(self.setup.asr_options), self.setup.model])
        return origin

    def _speakers(
        self,
        source: AudioSource,
        recordings: Sequence[Samples],
        wish: Wish,
        watch: Watch,
        on_segment: OnSegment | None,
    ) -> tuple[Transcript, Diarization | None]:
        self.channels = len(recordings)
        return super()._speakers(source, recordings, wish, watch, on_segment)

    def _recogniser_for(self, wish: Wish, watch: Watch) -> Recognizer:
        found = super()._recogniser_for(wish, watch)
        return _Words(found, self._cache, self._basis, self._hear, aligned=self._aligned)

    def _hear(
        self, recogniser: Recognizer, samples: Samples, language: str | None, on_progress: Progress | None
    ) -> Transcript:
        if self._parts is None:
            return recogniser.transcribe(samples, language=language, on_progress=on_progress)
        return self._parts.hear(recogniser, self.setup, samples, language, on_progress, self._on_note)

    def _diarizer_for(self, execution: Execution, wish: Wish, watch: Watch) -> Diarizer:
        found = super()._diarizer_for(execution, wish, watch)
        return cast("Diarizer", _Turns(found, self._cache, self._basis, voices=self._voices))


class _Words:
    """A recogniser that remembers; lines without words get theirs at once where they are wanted."""

    def __init__(self, inner: Recognizer, cache: Cache, basis: str, hear: Hear, *, aligned: bool) -> None:
        self._inner, self._cache, self._basis, self._aligned = inner, cache, basis, aligned
        self._hear = hear

    def transcribe(
        self, samples: Samples, *, language: str | None = None, on_progress: Progress | None = None
    ) -> Transcript:
        """See `Recognizer.transcribe`."""
        name = type(self._inner).__name__
        key = hashed([self._basis, name, hash_of_samples(samples), language, self._aligned])
        kept = self._cache.get("words", key, read_words)
        if kept is not None:
            return kept
        found = self._hear(self._inner, samples, language, on_progress)
        found = repair_transcript(found, f"The recogniser {name}")
        if self._aligned and not all(segment.words for segment in found.segments):
            from ...asr_adapters.align import align

            found = align(found, samples, language=found.language, on_progress=on_progress)
        content = write_words(found)
        self._cache.put("words", key, content)
        return read_words(content)  # so that what is kept and what is new cannot differ


class _Turns:
    """A diarizer that remembers."""

    def __init__(self, inner: AnyDiarizer, cache: Cache, basis: str, *, voices: bool) -> None:
        self._inner, self._cache, self._basis, self._voices = inner, cache, basis, voices
        self.models, self.options = inner.models, inner.options
        self.execution, self.runtime = inner.execution, inner.runtime

    def diarize(
        self,
        samples: Samples,
        *,
        on_progress: Progress | None = None,
        cancel: threading.Event | None = None,
        **speakers: Any,
    ) -> Diarization:
        """See `Diarizer.diarize`."""
        heard = [self._basis, hash_of_samples(samples), self.execution.mode, self.runtime.device]
        key = hashed([*heard, asdict(self.options), speakers])
        from ...diarize.pipeline import Diarizer

        kept = self._cache.get("turns", key, read_turns)
        if kept is not None:
            return kept
        inner = self._inner
        if self._voices and isinstance(inner, Diarizer):
            inner = inner.remembering(self._recall(hashed([*heard, self.options.recipe, self.options.step])))
        found = inner.diarize(samples, on_progress=on_progress, cancel=cancel, **speakers)
        content = write_turns(found)
        self._cache.put("turns", key, content)
        return replace(read_turns(content), timings=found.timings)

    def _recall(self, key: str) -> Any:
        def recall(listen: Any) -> Any:
            kept = self._cache.get("voices", key, read_voices)
            if kept is None:
                kept = listen()
                self._cache.put("voices", key, write_voices(kept))
            return kept

        return recall
