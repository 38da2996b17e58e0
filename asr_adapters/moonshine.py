"""Moonshine: a small English recogniser whose model lies in its wheel, so that it works without any network."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from ..fusion.audio.audible import audible
from ..fusion.errors import AudioError, LowMemoryError, ModelError, ModelNotFoundError, OptionError
from ..fusion.given import is_number
from ..fusion.text.languages import code_of
from ..fusion.types import SAMPLE_RATE, OnSegment, Progress, Samples, Seconds, Segment, Transcript
from ..fusion.watch import spread, usable_cores
from .common import LOADING, blocks, empty, engine, keep, report, seconds, silent, sound, told
from .resuming import Begun, OnMark, left, mark
from .streaming import Windows

BUNDLED = "tiny-en"

# The network fails on speech shorter than its first convolutions, as at the very end of a recording.
_TAIL = np.zeros(SAMPLE_RATE // 2, np.float32)

# Its own diarization would load further models; the audio of every line is not wanted back either. Its voice
# detector is one for the whole process and remembers what it heard before, so that the same recording gives other words
# at every call, and two at once disturb each other: a threshold of 0 leaves it out, and speech is found before.
_OPTIONS: Mapping[str, str] = {"identify_speakers": "false", "return_audio_data": "false", "vad_threshold": "0"}

_BLOCK: Seconds = 300.0
"""Speech is looked for in so much of a recording at a time."""
_SPEECH: Mapping[str, float] = {"min_silence_duration_ms": 1000, "speech_pad_ms": 300, "max_speech_duration_s": 15}
"""Pauses from 1 s on end a line, which the network hears with 0.3 s around it. Chosen on seven meetings of AMI; on the
other recordings here the words are as good as with the engine's own detector or better."""


def installed() -> bool:
    """Whether the package is there; imports nothing."""
    from importlib.util import find_spec

    return find_spec("moonshine_voice") is not None


_LOADING = threading.Lock()
"""The package shares its library among threads before it has loaded it."""

_ONE_THREAD = "MOONSHINE_ORT_SINGLE_THREAD"
"""The engine's own switch. With as many threads as cores it hears a line little sooner, and keeps the others busy with
waiting: 3 minutes of talk cost 11 seconds of processor time so, and 5.7 with one, for the same words."""
_LINES_AT_ONCE = 2
"""Unless told otherwise: every further copy of the model takes 100 to 250 MB."""


class Moonshine:
    """Lines without word times (`align.align` adds them).

    Args:
        model: ``tiny-en``, which the wheel carries, or a folder with another Moonshine model.
        arch: architecture of that folder's model: tiny, base, tiny-streaming, base-streaming ...
        vad_threshold: probability in (0, 1) above which sound is speech.
        threads: lines heard at once, each by a copy of the model on one core; 0 is two where there are two cores.
        options: the engine's own options, e.g. ``{"max_tokens_per_second": 13.0}``.

    Raises:
        OptionError: `vad_threshold` is no such probability, or `threads` no number of them.
    """

    tells_segments: ClassVar[Literal[True]] = True
    resumes_with: ClassVar[tuple[str, ...]] = ("moonshine-voice", "faster-whisper")

    def __init__(
        self,
        model: str = BUNDLED,
        *,
        arch: str = "tiny",
        vad_threshold: float = 0.5,
        threads: int = 0,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        if not is_number(vad_threshold) or not 0 < vad_threshold < 1:
            raise OptionError(f"vad_threshold={vad_threshold!r} must be a probability between 0 and 1.")
        if not is_number(threads, whole=True) or threads < 0:
            raise OptionError(f"threads={threads!r} must be a whole number, 0 or more.")
        self._model, self._arch, self._own = model, arch, dict(options or {})
        self._vad_threshold = vad_threshold
        self._threads = threads or min(usable_cores(), _LINES_AT_ONCE)
        self._engine: Any = None
        self._idle: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._recording = threading.RLock()
        self._files: tuple[Path, ...] = ()

    @property
    def only_language(self) -> str | None:
        """The one that its model knows; None where nobody says which."""
        return "en" if self._model == BUNDLED else None

    @property
    def model_files(self) -> tuple[Path, ...]:
        """The networks, once they are loaded."""
        return self._files

    def transcribe(
        self,
        samples: Samples,
        *,
        sample_rate: float = SAMPLE_RATE,
        language: str | None = None,
        on_progress: Progress | None = None,
        on_segment: OnSegment | None = None,
        on_mark: OnMark | None = None,
        begun: Begun | None = None,
    ) -> Transcript:
        """Recognise line by line, so that a caller can stop, and go on, between two (15 s of audio at most).

        What is too faint for its networks, or shifted far off the middle, is heard without that, and a note says so.
        """
        samples = sound(samples, sample_rate)
        language = self._language(language)
        if silent(samples):
            return empty(samples, language)
        duration, (heard, undone) = seconds(samples), audible(samples)
        report(on_progress, 0.0, duration)
        api = self._loaded()
        segments: list[Segment] = []
        keep(segments, begun.segments if begun else (), on_segment)
        with self._recording:  # so that there are no more copies than lines at once
            spans = left(self._speech(heard), begun)
            for until, lines in spread(partial(self._piece, api, heard), spans, self._threads):
                keep(segments, lines, on_segment)
                mark(on_mark, until, language)
                report(on_progress, until, duration)
        report(on_progress, duration, duration)
        found = told(samples, tuple(segments), language)
        return replace(found, notes=(*undone, *found.notes))

    def stream(self, *, language: str | None = None) -> Windows:
        """Begin a recording that is heard as it comes, by the engine's live interface.

        Raises:
            OptionError: a language that the model does not know.
        """
        self._language(language)
        return Windows(_Growing(self))

    def load(self) -> None:
        """Load the model now; otherwise the first recording does.

        Raises:
            MissingExtraError, ModelError, OptionError: it cannot be.
        """
        self._loaded()

    def _loaded(self) -> Any:
        """The package, once its model is loaded."""
        api = engine("moonshine_voice", "--asr moonshine", "moonshine-voice", "offline")
        with LOADING:
            if self._engine is None:
                self._engine = self._load(api)
                self._idle.put(self._engine)
                self._files = tuple(sorted(self._folder().glob("*.ort")))
        return api

    def _language(self, asked: str | None) -> str | None:
        if self.only_language is None or asked is None:
            return asked or self.only_language
        if code_of(asked) != "en":
            raise OptionError(
                f"language={asked!r}: moonshine's own model knows English only; use --asr faster-whisper."
            )
        return asked

    def _speech(self, samples: Samples) -> Iterator[tuple[int, int]]:
        """Sample ranges in which somebody speaks."""
        for module in ("onnxruntime", "faster_whisper.vad"):  # the second imports the first late, and hides why not
            vad = engine(module, "--asr moonshine", "faster-whisper", "whisper")
        options = vad.VadOptions(threshold=self._vad_threshold, **_SPEECH)
        for first, last in blocks(samples, longest=_BLOCK):
            for span in vad.get_speech_timestamps(samples[first:last], options):
                yield first + span["start"], first + span["end"]

    def _piece(self, api: Any, samples: Samples, span: tuple[int, int]) -> tuple[Seconds, list[Segment]]:
        """Where a piece of speech ends, and its lines, by a copy of the model that nobody else uses meanwhile."""
        first, last = span
        try:
            engine = self._idle.get_nowait()
        except queue.Empty:
            engine = self._another(api)
        try:
            return last / SAMPLE_RATE, self._lines(api, engine, samples[first:last], first / SAMPLE_RATE)
        finally:
            self._idle.put(engine)

    def _another(self, api: Any) -> Any:
        """A further copy of the model, of which one is loaded."""
        try:
            return self._load(api)
        except ModelError as error:
            raise LowMemoryError(
                "There is not enough memory for a second copy of moonshine's model: free some, or give --threads 1."
            ) from error

    def _lines(self, api: Any, engine: Any, samples: Samples, offset: Seconds) -> list[Segment]:
        """What an engine hears in samples that begin at `offset`."""
        try:
            # As a list: of an array the package makes one numpy number after the other.
            lines = engine.transcribe_without_streaming(np.append(samples, _TAIL).tolist(), SAMPLE_RATE).lines
        except api.MoonshineError as error:
            raise AudioError(  # of this recording alone, as far as the engine tells
                f"Moonshine failed at {offset:.1f} s of the recording ({error}): free memory, or take another --asr."
            ) from error
        return _segments(lines, offset, offset + seconds(samples))

    def _load(self, api: Any) -> Any:
        folder = self._folder()
        try:
            arch = api.string_to_model_arch(self._arch)
            with _LOADING:
                os.environ.setdefault(_ONE_THREAD, "1")
                return api.Transcriber(str(folder), arch, options={**_OPTIONS, **self._own})
        except ValueError as error:
            raise OptionError(f"arch={self._arch!r}: {error}") from error
        except api.MoonshineError as error:
            if self._own:  # the engine prints why, but does not tell us
                given = ", ".join(f"{name}={value!r}" for name, value in self._own.items())
                raise OptionError(
                    f"Moonshine cannot be loaded from {folder} with {given}, most likely because it has no such option "
                    f"or value ({error}): leave it out, or correct it."
                ) from error
            message = f"{folder} does not hold a Moonshine model of architecture {self._arch!r}: {error}"
            raise ModelError(message) from error

    def _folder(self) -> Path:
        if self._model == BUNDLED:
            from moonshine_voice.utils import get_model_path

            return Path(get_model_path(BUNDLED))
        folder = Path(self._model)
        if not folder.is_dir():
            raise ModelNotFoundError(f"No Moonshine model folder {folder}; give a folder, or {BUNDLED!r}.")
        return folder


class _Growing:
    """A piece of speech that grows, in a stream of the engine's; once it is complete it is heard as offline."""

    def __init__(self, recogniser: Moonshine) -> None:
        self._recogniser = recogniser
        self._stream: Any = None
        self._added = 0

    def __call__(self, piece: Samples, complete: bool) -> Sequence[Segment]:
        """As `streaming.Hear`."""
        api, spoken = self._recogniser._loaded(), list(self._recogniser._speech(piece))  # noqa: SLF001 - one of its parts
        if complete:
            self._end()
            engine = self._recogniser._engine  # noqa: SLF001
            return [
                line
                for first, last in spoken
                for line in self._recogniser._lines(api, engine, piece[first:last], first / SAMPLE_RATE)  # noqa: SLF001
            ]
        if not spoken:
            return []
        try:
            return _segments(self._heard(piece), spoken[0][0] / SAMPLE_RATE, seconds(piece), of_stream=True)
        except api.MoonshineError as error:
            raise ModelError(f"Moonshine's live interface failed: {error}") from error

    def _heard(self, piece: Samples) -> Any:
        if self._stream is None:
            self._stream = self._recogniser._engine.create_stream(update_interval=float("inf"))  # noqa: SLF001
            self._stream.start()
        self._stream.add_audio(piece[self._added :], SAMPLE_RATE)
        self._added = len(piece)
        return self._stream.update_transcription().lines

    def _end(self) -> None:
        if self._stream is not None:
            self._stream.close()
        self._stream, self._added = None, 0


def _segments(lines: Any, start: Seconds, end: Seconds, *, of_stream: bool = False) -> list[Segment]:
    """The engine's lines between two times; those of a stream count from its own beginning, not from `start`."""
    offset = 0.0 if of_stream else start
    spans = [(offset + line.start_time, offset + line.start_time + line.duration, line.text) for line in lines]
    return [
        Segment(min(max(first, start), end), max(min(last, end), start), text)
        for first, last, text in spans
        if text.strip()
    ]
