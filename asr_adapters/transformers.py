"""Any speech-recognition pipeline of Hugging Face transformers: wav2vec2 and other CTC models, and Whisper."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..fusion.errors import ModelNotFoundError, TranscriptError
from ..fusion.text.languages import code_of
from ..fusion.types import SAMPLE_RATE, Progress, Samples, Seconds, Segment, Transcript, Word
from .common import LOADING, empty, engine, report, seconds, silent, sound, told, told_options
from .grouping import grouped


class Transformers:
    """The pipeline's chunks as words, in segments by sentence and pause.

    Args:
        model: hub id or folder of a CTC or Whisper model.
        pipeline: a pipeline that is already loaded, instead of `model`.
        device: ``auto``, ``cpu``, ``cuda``.
        chunk_length: seconds the pipeline hears at once; it overlaps its chunks by itself.
        options: passed on at every call, e.g. ``{"batch_size": 8}``.
    """

    def __init__(
        self,
        model: str = "facebook/wav2vec2-base-960h",
        *,
        pipeline: Any = None,
        device: str = "auto",
        chunk_length: Seconds = 30.0,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        self._model, self._pipeline, self._device = model, pipeline, device
        self._given = dict(options or {})
        self._options = {"return_timestamps": "word", "chunk_length_s": chunk_length, **self._given}

    def transcribe(
        self,
        samples: Samples,
        *,
        sample_rate: float = SAMPLE_RATE,
        language: str | None = None,
        on_progress: Progress | None = None,
    ) -> Transcript:
        """Recognise in one go; `language` reaches models that take one (Whisper)."""
        samples = sound(samples, sample_rate)
        language = (code_of(language) or language) if language else None
        if silent(samples):
            return empty(samples, language)
        duration = seconds(samples)
        report(on_progress, 0.0, duration)
        with LOADING:
            if self._pipeline is None:
                self._pipeline = self._load()
        options = dict(self._options)
        if language and str(getattr(self._pipeline, "type", "")).startswith("seq2seq"):
            options["generate_kwargs"] = {"language": language, **options.get("generate_kwargs", {})}
        # The pipeline edits the dictionary and may write into the array: both are its own.
        with told_options("transformers", self._given):
            found = self._pipeline({"raw": samples.copy(), "sampling_rate": SAMPLE_RATE}, **options)
        report(on_progress, duration, duration)
        return told(samples, tuple(segments_of(found, duration, language)), language)

    def _load(self) -> Any:
        transformers = engine("transformers", "--asr transformers", "transformers", "transformers")
        options: dict[str, Any] = {} if self._device == "auto" else {"device": self._device}
        try:
            return transformers.pipeline("automatic-speech-recognition", model=self._model, **options)
        except OSError as error:  # what transformers raises for a model that is not there or not reachable
            raise ModelNotFoundError(f"transformers cannot load {self._model!r}: {error}") from error


def segments_of(found: Mapping[str, Any], duration: Seconds, language: str | None = None) -> Iterator[Segment]:
    """Segments of a pipeline's output: its word chunks grouped, or its text as one segment without words.

    >>> [s.text for s in segments_of({"text": "", "chunks": [{"text": "hm", "timestamp": (0.5, None)}]}, 1.0)]
    ['hm']
    """
    chunks = found.get("chunks")
    if chunks is None:
        text = found.get("text", "")
        return iter([Segment(0.0, duration, text)] if text.strip() else [])
    return grouped(_words(chunks, duration), language)


def _words(chunks: Sequence[Mapping[str, Any]], duration: Seconds) -> Iterator[Word]:
    for index, chunk in enumerate(chunks):
        start, end = chunk.get("timestamp") or (None, None)
        if start is None:
            yield Word(None, None, chunk["text"])
            continue
        if end is None:  # Whisper leaves the last end open where the audio stops first
            end = duration
        if end < start:
            raise TranscriptError(f"The pipeline's chunk {index} ({chunk['text']!r}) ends at {end} before {start}.")
        yield Word(float(start), float(end), chunk["text"])
