"""One file a transcript format: each says whether data has its shape, and reads it.

The order matters: the shapes with a vendor's own keys come first, the plain
list last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from ..errors import TranscriptError
from ..records import check_version
from ..text import is_punctuation, opens
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
from .reading import extended, interleaved, with_lengths

if TYPE_CHECKING:
    from .reading import Line, Reading, Slot


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
    whisper_cpp, deepgram, aws, speechmatics, watson, google, azure, elevenlabs, assemblyai, gladia, rev, soniox,
    chunks, nemo, parakeet_mlx, vosk,
)  # fmt: skip
UNSETTLED: tuple[Unsettled, ...] = (segments, plain)
KNOWN = (
    "WhisperX, openai-whisper, faster-whisper, OpenAI verbose_json, whisper.cpp, Deepgram, AssemblyAI, Google, "
    "AWS Transcribe, Azure, NeMo or CTM, Hugging Face chunks, Speechmatics, Gladia, Rev AI, ElevenLabs, Soniox, "
    "IBM Watson, Vosk, parakeet-mlx, SRT, VTT, a plain list of words"
)


def read(data: Any, per_second: int = 1) -> Reading:
    """Read a transcript of whichever known shape.

    Args:
        data: parsed JSON, or live objects.
        per_second: units of time in a second, for the shapes that do not settle it.

    Raises:
        TranscriptError: an unknown shape, or a word that cannot be, by its place.
    """
    return in_shape(_read(data, per_second))


def in_shape(found: Reading) -> Reading:
    """What a format read, in the order of time where it has several channels, no line without a length.

    Marks that stand as words without times go with the word before them: nobody says them, so that they
    count as no words, and make nobody speak for longer.
    """
    lines = (replace(line, slots=_without_marks(line)) for line in found.lines)
    return replace(found, lines=with_lengths(interleaved(tuple(lines))))


def _without_marks(line: Line) -> tuple[Slot, ...]:
    slots: list[Slot] = []
    for slot in line.slots:
        timeless = slot.start is None and slot.end is None
        if slots and timeless and is_punctuation(slot.text) and not opens(slot.text):
            apart = f"{slots[-1].text} {slot.text}".strip() in line.text
            slots[-1] = extended(slots[-1], replace(slot, text=f" {slot.text}") if apart else slot)
        else:
            slots.append(slot)
    return tuple(slots)


def read_several(values: Sequence[Any], per_second: int = 1) -> Reading:
    """Read results that came one after the other: the parts of one transcript, a word or line each, or whole answers.

    Raises:
        TranscriptError: see `read`.
    """
    forms = [next((form for form in SETTLED if form.matches(value)), None) for value in values]
    if any(form is vosk for form in forms) or not all(forms):
        whole = values[0] if len(values) == 1 else [value for value in values if not _is_partial(value)]
        return read(whole, per_second)
    parts = [_part(form, value, i) for i, (form, value) in enumerate(zip(forms, values, strict=True)) if form]
    lines = tuple(line for part in parts for line in part.lines)
    return in_shape(replace(parts[0], lines=lines, spans=tuple(span for part in parts for span in part.spans)))


def _part(form: Format, value: Any, index: int) -> Reading:
    """One of several answers; messages say which."""
    try:
        return form.read(value)
    except TranscriptError as error:
        raise TranscriptError(f"answer {index + 1}: {error}") from error


def _is_partial(value: Any) -> bool:
    """Whether it is what Vosk prints while it still listens, or has heard nothing."""
    return isinstance(value, Mapping) and ("partial" in value or value == {"text": ""}) and "result" not in value


def _read(data: Any, per_second: int) -> Reading:
    """What the first format reads that knows the shape, as it stands there."""
    if isinstance(data, Mapping) and str(data.get("format")).startswith("diarfuse/"):
        check_version(data["format"])  # a newer one's segments may mean something else
    for form in SETTLED:
        if form.matches(data):
            return form.read(data)
    for unsettled in UNSETTLED:
        if unsettled.matches(data):
            return unsettled.read(data, per_second)
    keys = f" with the keys {', '.join(map(str, list(data)[:8]))}" if isinstance(data, dict) and data else ""
    raise TranscriptError(f"A {type(data).__name__}{keys} is none of the transcripts known: {KNOWN}.")
