"""Parakeet, Canary, GigaAM, T-one, Vosk and Whisper as ONNX models through onnx-asr; no torch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np

from ..fusion import cuda
from ..fusion.errors import DeviceError, ModelError, ModelNotFoundError
from ..fusion.text.languages import code_of
from ..fusion.types import SAMPLE_RATE, OnSegment, Progress, Samples, Seconds, Segment, Transcript, Word
from .common import LOADING, blocks, empty, engine, keep, no_option, report, seconds, silent, sound, told, told_options
from .grouping import grouped
from .resuming import Begun, OnMark, left, mark
from .streaming import Windows

LAST_TOKEN: Seconds = 0.24
"""A model that tells only where tokens begin: the last of a word is taken to last this long at most."""


class OnnxAsr:
    """Words timed by the model's own tokens; models without token times (Whisper, Canary) give lines.

    Args:
        model: a name that onnx-asr knows, e.g. ``nemo-parakeet-tdt-0.6b-v3``, or a model type with `path`.
        path: folder with the model's files; nothing is downloaded then.
        quantization: e.g. ``int8``.
        device: ``auto``, ``cpu`` or ``cuda``.
        options: passed on to ``recognize``, e.g. ``{"pnc": True}``.
    """

    tells_segments: ClassVar[Literal[True]] = True
    resumes_with: ClassVar[tuple[str, ...]] = ("onnx-asr", "onnxruntime")

    def __init__(
        self,
        model: str = "nemo-parakeet-tdt-0.6b-v3",
        *,
        path: str | None = None,
        quantization: str | None = None,
        device: str = "auto",
        options: Mapping[str, Any] | None = None,
    ) -> None:
        self._model, self._path, self._quantization, self._device = model, path, quantization, device
        self._options = dict(options or {})
        self._engine: Any = None

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
        """Recognise in blocks of at most 20 s, cut in pauses; a caller can stop, and go on, between two."""
        samples = sound(samples, sample_rate)
        language = (code_of(language) or language) if language else None
        if silent(samples):
            return empty(samples, language)
        duration = seconds(samples)
        report(on_progress, 0.0, duration)
        with LOADING:
            if self._engine is None:
                self._engine = self._load()
        options = {**self._options, **({"language": language} if language else {})}
        segments: list[Segment] = []
        keep(segments, begun.segments if begun else (), on_segment)
        for first, last in left(blocks(samples), begun):
            with told_options("onnx-asr", self._options):
                found = self._engine.recognize(samples[first:last], sample_rate=SAMPLE_RATE, **options)
            keep(segments, segments_of(found, first / SAMPLE_RATE, last / SAMPLE_RATE, language), on_segment)
            mark(on_mark, last / SAMPLE_RATE, language)
            report(on_progress, last / SAMPLE_RATE, duration)
        return told(samples, tuple(segments), language)

    def stream(self, *, language: str | None = None) -> Windows:
        """Begin a recording that is heard as it comes."""
        return Windows(lambda piece, _: self.transcribe(piece, language=language).segments)

    def _load(self) -> Any:
        self._check_options()
        package = engine("onnx_asr", "--asr onnx-asr", "onnx-asr", "onnx-asr")
        errors = engine("onnx_asr.utils", "--asr onnx-asr", "onnx-asr", "onnx-asr")
        try:
            model = package.load_model(
                self._model, self._path, quantization=self._quantization, providers=self._providers()
            )
        except errors.ModelLoadingError as error:
            raise ModelError(f"onnx-asr cannot load {self._model!r}: {error}") from error
        except OSError as error:  # the hub's, when the model is neither on disk nor reachable
            raise ModelNotFoundError(f"onnx-asr model {self._model!r} cannot be fetched: {error}") from error
        return model.with_timestamps()

    def _check_options(self) -> None:
        """Refuse options that the package would pass over in silence.

        Raises:
            OptionError: there is one.
        """
        if not self._options:
            return
        adapters = engine("onnx_asr.adapters", "--asr onnx-asr", "onnx-asr", "onnx-asr")
        if not hasattr(adapters, "RecognizeOptions"):  # an older version, which refuses them itself
            return
        known = ("channel", *adapters.RecognizeOptions.__annotations__)
        for key in self._options:
            if key not in known:
                raise no_option("onnx-asr", key, self._options[key], known)

    def _providers(self) -> list[str]:
        problem = None if self._device == "cpu" else cuda.problem()
        if self._device == "cuda" and problem is not None:
            raise DeviceError(f"device='cuda' is not usable for onnx-asr: {problem}; or use device='cpu'.")
        on_gpu = self._device != "cpu" and problem is None
        return [*([cuda.PROVIDER] if on_gpu else []), "CPUExecutionProvider"]


def segments_of(found: Any, start: Seconds, end: Seconds, language: str | None = None) -> Iterator[Segment]:
    """Segments of one block's ``TimestampedResult``, whose times count from `start`."""
    if found.tokens and found.timestamps:
        yield from grouped(words_of(found.tokens, found.timestamps, found.logprobs, start, end), language)
    elif found.text.strip():
        yield Segment(start, end, found.text)


def words_of(
    tokens: Sequence[str], times: Sequence[Seconds], logprobs: Sequence[float] | None, start: Seconds, end: Seconds
) -> Iterator[Word]:
    """Words of word-piece tokens; a token that begins with a space begins a word.

    A word ends 0.24 s after its last token begins, or where the next begins.
    Its probability is the geometric mean of its tokens'.
    """
    heads = [index for index, token in enumerate(tokens) if index == 0 or token[:1].isspace()]
    for head, following in zip(heads, [*heads[1:], len(tokens)], strict=True):
        limit = start + times[following] if following < len(tokens) else end
        begin, last = start + times[head], start + times[following - 1]
        text = "".join(tokens[head:following])
        chance = float(np.exp(np.mean(logprobs[head:following]))) if logprobs else None
        if text.strip():
            yield Word(min(begin, end), max(min(last + LAST_TOKEN, limit, end), min(begin, end)), text, chance)
