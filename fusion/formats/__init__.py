"""One file a transcript format: each says whether data has its shape, and reads it.

The order matters: the shapes with a vendor's own keys come first, the plain
list last.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from ..errors import TranscriptError
from . import (
    assemblyai,
    aws,
    azure,
    chunks,
    deepgram,
    elevenlabs,
    gladia,
    google,
    nemo,
    parakeet_mlx,
    plain,
    rev,
    segments,
    soniox,
    speechmatics,
    vosk,
    watson,
    whisper_cpp,
)
from .reading import interleaved, with_lengths

if TYPE_CHECKING:
    from .reading import Reading


class Format(Protocol):
    """A module of this folder."""

    def matches(self, data: Any) -> bool:
        """Whether `data` has this format's shape."""
        ...

    def read(self, data: Any) -> Reading:
        """Read it."""
        ...


class Unsettled(Format, Protocol):
    """One whose unit of time is whatever its writer took."""

    def read(self, data: Any, per_second: int = 1) -> Reading:
        """Read it, with so many units of time in a second."""
        ...


SETTLED: tuple[Format, ...] = (
    whisper_cpp, deepgram, aws, speechmatics, watson, google, azure, assemblyai, gladia, rev, soniox, elevenlabs,
    chunks, nemo, parakeet_mlx, vosk,
)  # fmt: skip
UNSETTLED: tuple[Unsettled, ...] = (segments, plain)
KNOWN = (
    "WhisperX, openai-whisper, faster-whisper, OpenAI verbose_json, whisper.cpp, Deepgram, AssemblyAI, Google, "
    "AWS Transcribe, Azure, NeMo or CTM, Hugging Face chunks, Speechmatics, Gladia, Rev AI, ElevenLabs, Soniox, "
    "IBM Watson, Vosk, parakeet-mlx, a plain list of words"
)


def read(data: Any, per_second: int = 1) -> Reading:
    """Read a transcript of whichever known shape.

    Args:
        data: parsed JSON, or live objects.
        per_second: units of time in a second, for the shapes that do not settle it.

    Raises:
        TranscriptError: an unknown shape, or a word that cannot be, by its place.
    """
    found = _read(data, per_second)
    return replace(found, lines=with_lengths(interleaved(found.lines)))


def _read(data: Any, per_second: int) -> Reading:
    """What the first format reads that knows the shape, as it stands there."""
    for form in SETTLED:
        if form.matches(data):
            return form.read(data)
    for unsettled in UNSETTLED:
        if unsettled.matches(data):
            return unsettled.read(data, per_second)
    keys = f" with the keys {', '.join(map(str, list(data)[:8]))}" if isinstance(data, dict) else ""
    raise TranscriptError(f"A {type(data).__name__}{keys} is none of the transcripts known: {KNOWN}.")
