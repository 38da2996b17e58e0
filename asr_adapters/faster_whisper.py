"""Whisper through faster-whisper: the default recogniser."""

from __future__ import annotations

import os
import sys
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Literal

from ..fusion.errors import (
    DeviceError,
    LowMemoryError,
    ModelError,
    ModelNotFoundError,
    NetworkError,
    OptionError,
    UnknownNameError,
)
from ..fusion.given import is_number, ran_out
from ..fusion.text.languages import whisper_code
from ..fusion.types import SAMPLE_RATE, OnSegment, Progress, Samples, Seconds, Segment, Transcript, Word
from .common import LOADING, empty, engine, keep, report, seconds, silent, sound, taking, told, told_options
from .resuming import Begun, OnMark, mark
from .streaming import Windows
from .whisper_windows import Window, asked

DEFAULT_MODEL = "small"
_PROBE_SECONDS: Seconds = 3.0
_TIES = ("vad_filter", "clip_timestamps", "initial_prompt")
"""Options with which the engine cannot be told to go on: its places and what it was told first have other meanings."""


def available(model: str = DEFAULT_MODEL) -> bool:
    """Whether `model` is on disk, or its hub answers for it at once; downloads nothing."""
    return on_disk(model) is not None or _reachable(repository(model))


def on_disk(model: str, *, models_dir: str | None = None) -> Path | None:
    """The folder of `model` if it needs no download: a folder itself, or complete in the hub's cache."""
    if is_folder(model):
        return Path(model)
    from huggingface_hub.errors import LocalEntryNotFoundError

    repository(model)
    try:
        folder = Path(_utils().download_model(model, local_files_only=True, cache_dir=models_dir))
    except LocalEntryNotFoundError:
        return None
    return folder if (folder / "model.bin").exists() else None  # an interrupted download leaves the folder


def is_folder(model: str) -> bool:
    """Whether a folder is meant, and not a size whose name somebody's folder happens to have."""
    folder = Path(model)
    return folder.is_dir() and ((folder / "model.bin").is_file() or model not in _sizes())


class FasterWhisper:
    """Whisper with word times; the engine's text and times leave as it gave them.

    Args:
        model: a size (``small``, ``large-v3`` ...), a hub id of a CTranslate2 model, or a folder with one.
        device: ``auto``, ``cpu`` or ``cuda``.
        compute_type: CTranslate2's, e.g. ``int8`` or ``float16``.
        threads: of the CPU; 0 leaves it to the engine.
        models_dir: where hub models are kept, instead of the Hugging Face cache.
        offline: never download.
        batch_size: pieces that go through the network at once, in the engine's `BatchedInferencePipeline`, which cuts
            at silence and does not look back at what was said: other words come out, and a note says so. 0: one after
            the other.
        options: passed on to the engine's ``transcribe``, e.g. ``{"beam_size": 1, "vad_filter": True}``.

    Raises:
        OptionError: `batch_size` is no whole number from 0, or does not go with an option.
    """

    tells_segments: ClassVar[Literal[True]] = True
    resumes_with: ClassVar[tuple[str, ...]] = ("faster-whisper", "ctranslate2")

    def __init__(
        self,
        model: str = DEFAULT_MODEL,
        *,
        device: str = "auto",
        compute_type: str = "default",
        threads: int = 0,
        models_dir: str | None = None,
        offline: bool = False,
        batch_size: int = 0,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        if not is_number(batch_size, whole=True) or batch_size < 0:
            raise OptionError(f"batch_size={batch_size!r} must be a whole number, 0 (no batches) or more.")
        if batch_size and not (options or {}).get("vad_filter", True):
            raise OptionError("faster-whisper cuts batches at silence: leave vad_filter on, or --batch-size out.")
        self._batch_size = batch_size
        self._model, self._device, self._compute_type, self._threads = model, device, compute_type, threads
        self._models_dir, self._offline = models_dir, offline
        self._given = dict(options or {})
        self._options = {"word_timestamps": True, **self._given}
        self._engine: Any = None
        self._files: tuple[Path, ...] = ()

    @property
    def model_files(self) -> tuple[Path, ...]:
        """The weights, once they are loaded."""
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
        """Recognise; `on_segment`, progress and a stop by the caller come after each of the engine's segments.

        Going on, it hears the last window (30 s at most) of `begun` once more, with what was said before it, and has to
        say the same: so the next one follows from what it would in one run. Not in batches, nor with `_TIES`.

        Raises:
            OtherwiseError: that window says something else now.
        """
        samples = sound(samples, sample_rate)
        language = whisper_code(language) if language else None
        if silent(samples):
            return empty(samples, language)
        duration = seconds(samples)
        report(on_progress, 0.0, duration)
        state = begun.mark.state if begun else None
        found, info = self._start(samples, begun.mark.language if begun else language, state)
        walk, window = taking("faster-whisper", self._given, found), Window.of(self._options)
        walk = window.follow(walk, state) if state else walk
        on_mark, segments = None if self._is_tied else on_mark, list[Segment]()
        keep(segments, begun.segments if begun else (), on_segment)
        for heard in walk:
            if on_mark is not None:
                if window.ends_before(heard):
                    mark(on_mark, window.end, info.language, window.state)
                window.take(heard)
            keep(segments, [_segment(heard)], on_segment)
            report(on_progress, heard.end, duration)
        if segments:
            mark(on_mark, duration, info.language, window.state)
        report(on_progress, duration, duration)
        transcript = told(samples, tuple(segments), info.language)
        if not self._batch_size:
            return transcript
        note = f"Words were recognised in batches of {self._batch_size} and differ from those without --batch-size."
        return replace(transcript, notes=(*transcript.notes, note))

    def stream(self, *, language: str | None = None) -> Windows:
        """Begin a recording that is heard as it comes; the language that its first piece is in holds for all."""
        known = language

        def hear(piece: Samples, complete: bool) -> Sequence[Segment]:
            nonlocal known
            found = self.transcribe(piece, language=known)
            known = found.language if complete and found.segments else known
            return found.segments

        return Windows(hear)

    def load(self) -> None:
        """Load the model now, fetched first if it is not on disk; otherwise the first recording does.

        Raises:
            NetworkError: it cannot be fetched.
            ModelError: it is not there, or is none that CTranslate2 can load.
            DeviceError, OptionError: not on this device, or not in this number format.
        """
        with LOADING:
            if self._engine is None:
                folder = _folder(self._model, self._models_dir, offline=self._offline)
                self._engine = self._load(folder)
                self._files = (folder / "model.bin",)

    @property
    def _is_tied(self) -> bool:
        return bool(self._batch_size) or any(self._given.get(name) for name in _TIES)

    def _start(
        self, samples: Samples, language: str | None, state: Mapping[str, Any] | None
    ) -> tuple[Iterable[Any], Any]:
        """Begin, with the window of `state` where there is one."""
        self.load()
        with told_options("faster-whisper", self._given | ({"language": language} if language else {})):
            if self._batch_size:
                batched = _whisper().BatchedInferencePipeline(self._engine)
                found, info = batched.transcribe(
                    samples, language=language, batch_size=self._batch_size, **self._options
                )
            else:
                options = self._options | (asked(state) if state else {})
                found, info = self._engine.transcribe(samples, language=language, **options)
        return found, info

    def _load(self, folder: Path) -> Any:
        whisper = _whisper()
        if self._offline and not (folder / "tokenizer.json").is_file():  # the engine would look for one on the hub
            raise ModelError(f"{folder} lacks its tokenizer.json, and downloads are off: give a complete model.")
        try:
            return whisper.WhisperModel(
                os.fspath(folder), device=self._device, compute_type=self._compute_type, cpu_threads=self._threads
            )
        except Exception as error:  # CTranslate2, tokenizers and the readers of the folder's JSON share no base
            raise self._explained(error, folder) from error

    def _explained(self, error: Exception, folder: Path) -> Exception:
        """CTranslate2 raises the same two builtins for everything; its words tell what is meant."""
        text = str(error)
        if ran_out(error):
            return LowMemoryError(
                f"There is not enough memory to load {folder.name}: free some, or take a smaller --model."
            )
        if "compute type" in text:
            return OptionError(f"compute_type={self._compute_type!r}: {text}")
        if "cuda" in text.lower() or "unsupported device" in text:
            return DeviceError(f"device={self._device!r} is not usable for faster-whisper ({text}); use device='cpu'.")
        return ModelError(f"{folder} holds no Whisper model that CTranslate2 can load: {text}")


def _segment(heard: Any) -> Segment:
    words = tuple(
        Word(float(word.start), float(word.end), word.word, float(word.probability)) for word in heard.words or ()
    )
    return Segment(float(heard.start), float(heard.end), heard.text, words)  # the engine mixes in numpy's floats


def _folder(model: str, models_dir: str | None, *, offline: bool) -> Path:
    from huggingface_hub.errors import RepositoryNotFoundError

    found = on_disk(model, models_dir=models_dir)
    if found is not None:
        return found
    advice = "use --asr moonshine (works offline), or --model with a folder that holds a CTranslate2 Whisper model."
    if offline:
        raise ModelNotFoundError(f"Whisper model {model!r} is not on disk and downloads are off; {advice}")
    try:
        return Path(_utils().download_model(model, cache_dir=models_dir))
    except RepositoryNotFoundError as error:
        raise ModelNotFoundError(f"Hugging Face has no Whisper model {model!r}, or it is not public.") from error
    except _network_errors() as error:
        why = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise NetworkError(
            f"Whisper model {model!r} is not on disk and cannot be downloaded ({why}); {advice}"
        ) from error


def repository(model: str) -> str:
    """The hub id of a size or id; raises `UnknownNameError` for a name that is neither."""
    if "/" in model:
        return model
    known = _sizes()
    if model not in known:
        raise UnknownNameError("Whisper model", model, known)
    return known[model]


def _sizes() -> Mapping[str, str]:
    """The repository of each size."""
    known: Mapping[str, str] = _utils()._MODELS  # noqa: SLF001 - the only list of them
    return known


def _reachable(repository: str) -> bool:
    from huggingface_hub import constants, hf_hub_url

    if constants.HF_HUB_OFFLINE:
        return False
    request = urllib.request.Request(hf_hub_url(repository, "config.json"), method="HEAD")  # noqa: S310 - the hub's own https address
    try:
        with urllib.request.urlopen(request, timeout=_PROBE_SECONDS):  # noqa: S310 - the hub's own https address
            return True
    except (urllib.error.URLError, OSError, ValueError):
        return False


def _network_errors() -> tuple[type[Exception], ...]:
    """What a failed download raises; the hub's HTTP client changed twice and its errors share no base.

    A `ValueError` comes where a network's login page stands in for the hub's JSON.
    """
    from huggingface_hub.errors import HfHubHTTPError

    clients = (sys.modules.get(name) for name in ("httpx", "httpx2"))
    return (HfHubHTTPError, OSError, ValueError, *(client.HTTPError for client in clients if client is not None))


def _whisper() -> Any:
    return engine("faster_whisper", "--asr faster-whisper", "faster-whisper", "whisper")


def _utils() -> Any:
    return engine("faster_whisper.utils", "--asr faster-whisper", "faster-whisper", "whisper")
