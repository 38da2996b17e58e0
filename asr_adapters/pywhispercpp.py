"""whisper.cpp through pywhispercpp (extra ``whisper-cpp``)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal

import numpy as np

from ..fusion.errors import ModelNotFoundError, NetworkError
from ..fusion.text import unspaced
from ..fusion.text.languages import whisper_code
from ..fusion.types import SAMPLE_RATE, OnSegment, Progress, Samples, Seconds, Transcript, Word
from .common import LOADING, empty, engine, keep, report, seconds, silent, sound, told, told_options
from .grouping import Grouping, grouped

_HUNDREDTHS = 100


class WhisperCpp:
    """One engine segment a word (``-ml 1 -sow``), grouped into segments by sentence and pause.

    Args:
        model: a name such as ``base.en`` (downloaded by the engine), or a ggml file.
        models_dir: where models are kept.
        threads: of the CPU; 0 leaves it to the engine.
        options: passed on to ``transcribe``, e.g. ``{"initial_prompt": "..."}``.
    """

    tells_segments: ClassVar[Literal[True]] = True

    def __init__(
        self,
        model: str = "base",
        *,
        models_dir: str | None = None,
        threads: int = 0,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        self._model, self._models_dir = model, models_dir
        self._options = {**({"n_threads": threads} if threads else {}), **(options or {})}
        self._engine: Any = None

    def transcribe(
        self,
        samples: Samples,
        *,
        sample_rate: float = SAMPLE_RATE,
        language: str | None = None,
        on_progress: Progress | None = None,
        on_segment: OnSegment | None = None,
    ) -> Transcript:
        """Recognise; progress, segments that are whole and a stop by the caller come with every batch of words.

        Of several processors at once (the engine's ``n_processors``) all segments come at the end.
        """
        samples = sound(samples, sample_rate)
        language = whisper_code(language) if language else None
        if silent(samples):
            return empty(samples, language)
        duration = seconds(samples)
        report(on_progress, 0.0, duration)
        with LOADING:
            if self._engine is None:
                self._engine = self._load()
        tell = None if self._options.get("n_processors") else on_segment
        carrier = _Carrier(on_progress, duration, language, tell)
        with told_options("whisper.cpp", self._options):
            found = self._engine.transcribe(
                np.ascontiguousarray(samples),
                new_segment_callback=carrier.on_segment,
                abort_callback=carrier.stopped,
                language=language or "auto",
                **self._options,
            )
        if carrier.raised is not None:
            raise carrier.raised
        spaced = _Spacing(duration)
        segments = tuple(grouped((word for part in found for word in spaced.words(part)), language))
        keep([], segments[carrier.told :], on_segment)
        report(on_progress, duration, duration)
        return told(samples, segments, language)

    def _load(self) -> Any:
        package = engine("pywhispercpp.model", "--asr whisper.cpp", "pywhispercpp", "whisper-cpp")
        word_by_word = {"token_timestamps": True, "max_len": 1, "split_on_word": True}
        quiet = {"print_progress": False, "print_realtime": False, "redirect_whispercpp_logs_to": None}
        try:
            return package.Model(self._model, self._models_dir, **quiet, **word_by_word)
        except FileNotFoundError as error:
            raise ModelNotFoundError(f"No whisper.cpp model {self._model!r}: {error}") from error
        except OSError as error:
            raise NetworkError(f"whisper.cpp model {self._model!r} cannot be downloaded: {error}") from error


class _Carrier:
    """Hears the engine, and carries an error of the caller's across it, which would lose it. told: segments so far."""

    def __init__(
        self, on_progress: Progress | None, duration: Seconds, language: str | None, on_segment: OnSegment | None
    ) -> None:
        self.raised: BaseException | None = None
        self.told = 0
        self._on_progress, self._duration, self._on_segment = on_progress, duration, on_segment
        self._spacing, self._grouping = _Spacing(duration), Grouping(language)

    def on_segment(self, segment: Any) -> None:
        if self.raised is None:
            try:
                self._hear(segment)
            except BaseException as error:  # noqa: BLE001 - raised again as it is, once the engine has stopped
                self.raised = error

    def stopped(self) -> bool:
        return self.raised is not None

    def _hear(self, segment: Any) -> None:
        if self._on_segment is not None:
            for word in self._spacing.words(segment):
                whole = self._grouping.add(word)
                self.told += len(whole)
                keep([], whole, self._on_segment)
        report(self._on_progress, segment.t1 / _HUNDREDTHS, self._duration)


class _Spacing:
    """Words of one-word segments, whose text the engine strips: the space before each is put back where one belongs."""

    def __init__(self, duration: Seconds) -> None:
        self._duration, self._before = duration, " "

    def words(self, segment: Any) -> Iterator[Word]:
        """The word of a segment, if it has one."""
        if segment.text:
            start = min(segment.t0 / _HUNDREDTHS, self._duration)
            end = max(start, min(segment.t1 / _HUNDREDTHS, self._duration))
            space = "" if unspaced(self._before[-1], segment.text[0]) else " "
            self._before = segment.text
            yield Word(start, end, space + segment.text)
