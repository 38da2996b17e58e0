"""whisper.cpp through pywhispercpp (extra ``whisper-cpp``)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from ..fusion.errors import ModelNotFoundError, NetworkError
from ..fusion.text import unspaced
from ..fusion.text.languages import whisper_code
from ..fusion.types import SAMPLE_RATE, Progress, Samples, Seconds, Transcript, Word
from .common import LOADING, empty, engine, report, seconds, silent, sound, told, told_options
from .grouping import grouped

_HUNDREDTHS = 100


class WhisperCpp:
    """One engine segment a word (``-ml 1 -sow``), grouped into segments by sentence and pause.

    Args:
        model: a name such as ``base.en`` (downloaded by the engine), or a ggml file.
        models_dir: where models are kept.
        threads: of the CPU; 0 leaves it to the engine.
        options: passed on to ``transcribe``, e.g. ``{"initial_prompt": "..."}``.
    """

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
    ) -> Transcript:
        """Recognise; progress and a stop by the caller come with every batch of words."""
        samples = sound(samples, sample_rate)
        language = whisper_code(language) if language else None
        if silent(samples):
            return empty(samples, language)
        duration = seconds(samples)
        report(on_progress, 0.0, duration)
        with LOADING:
            if self._engine is None:
                self._engine = self._load()
        carrier = _Carrier(on_progress, duration)
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
        report(on_progress, duration, duration)
        return told(samples, tuple(grouped(_words(found, duration), language)), language)

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
    """Carries an error of the caller's `on_progress` across the engine, which would lose it."""

    def __init__(self, on_progress: Progress | None, duration: Seconds) -> None:
        self.raised: BaseException | None = None
        self._on_progress, self._duration = on_progress, duration

    def on_segment(self, segment: Any) -> None:
        if self.raised is None:
            try:
                report(self._on_progress, segment.t1 / _HUNDREDTHS, self._duration)
            except BaseException as error:  # noqa: BLE001 - raised again as it is, once the engine has stopped
                self.raised = error

    def stopped(self) -> bool:
        return self.raised is not None


def _words(found: Iterable[Any], duration: Seconds) -> Iterator[Word]:
    """Words of one-word segments, whose text the engine strips: the space before each is put back where one belongs."""
    before = " "
    for segment in found:
        if segment.text:
            start = min(segment.t0 / _HUNDREDTHS, duration)
            space = "" if unspaced(before[-1], segment.text[0]) else " "
            yield Word(start, max(start, min(segment.t1 / _HUNDREDTHS, duration)), space + segment.text)
            before = segment.text
