"""Whisper through OpenAI's own package, for who has it: it brings torch, so none of our extras installs it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..fusion.errors import DeviceError, ModelNotFoundError, NetworkError, UnknownNameError
from ..fusion.text.languages import whisper_code
from ..fusion.types import SAMPLE_RATE, Progress, Samples, Segment, Transcript, Word
from .common import LOADING, empty, engine, report, seconds, silent, sound, told, told_options


class OpenaiWhisper:
    """Whisper with word times.

    Args:
        model: a size such as ``small``, or a checkpoint file.
        device: ``auto``, ``cpu`` or ``cuda``.
        models_dir: where downloaded models are kept.
        options: passed on to ``transcribe``, e.g. ``{"beam_size": 5}``.
    """

    def __init__(
        self,
        model: str = "small",
        *,
        device: str = "auto",
        models_dir: str | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        self._model, self._device, self._models_dir = model, device, models_dir
        self._given = dict(options or {})
        self._options = {"word_timestamps": True, **self._given}
        self._engine: Any = None

    def transcribe(
        self,
        samples: Samples,
        *,
        sample_rate: float = SAMPLE_RATE,
        language: str | None = None,
        on_progress: Progress | None = None,
    ) -> Transcript:
        """Recognise in one go: the engine tells no progress and cannot be stopped on the way."""
        samples = sound(samples, sample_rate)
        language = whisper_code(language) if language else None
        if silent(samples):
            return empty(samples, language)
        duration = seconds(samples)
        report(on_progress, 0.0, duration)
        with LOADING:
            if self._engine is None:
                self._engine = self._load()
        with told_options("openai-whisper", self._given | ({"language": language} if language else {})):
            found = self._engine.transcribe(samples, language=language, verbose=None, **self._options)
        report(on_progress, duration, duration)
        return told(samples, tuple(map(_segment, found["segments"])), found.get("language", language))

    def _load(self) -> Any:
        whisper = engine("whisper", "--asr openai-whisper", "openai-whisper", None)
        device = None if self._device == "auto" else self._device
        try:
            return whisper.load_model(self._model, device=device, download_root=self._models_dir)
        except FileNotFoundError as error:
            raise ModelNotFoundError(f"No Whisper checkpoint {self._model}.") from error
        except OSError as error:  # urllib's, when the download fails
            raise NetworkError(f"Whisper model {self._model!r} cannot be downloaded: {error}") from error
        except RuntimeError as error:
            if "not found" in str(error):
                raise UnknownNameError("Whisper model", self._model, whisper.available_models()) from error
            raise DeviceError(f"device={self._device!r} is not usable for openai-whisper: {error}") from error


def _segment(item: Mapping[str, Any]) -> Segment:
    words = tuple(
        Word(float(word["start"]), float(word["end"]), word["word"], float(word["probability"]))
        for word in item.get("words", ())
    )
    return Segment(float(item["start"]), float(item["end"]), item["text"], words)
