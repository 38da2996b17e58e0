"""One file a transcript format: each says whether data has its shape, and reads it.

The order matters: the shapes with a vendor's own keys come first, the plain
list last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from ..errors import TranscriptError
from ..given import short
from ..records import check_version
from . import (
    assemblyai,
    aws,
    aws_calls,
    aws_stream,
    azure,
    chunks,
    deepgram,
    dote,
    elevenlabs,
    funasr,
    gladia,
    google,
    nemo,
    parakeet_mlx,
    plain,
    rev,
    segments,
    soniox,
    speechmatics,
    tokens,
    vibe,
    vosk,
    watson,
    whisper_cpp,
)
from .jobs import check_done, failure
from .reading import Reading, flat_lines, get
from .shaping import in_shape

if TYPE_CHECKING:
    from ..types import Seconds


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
    chunks, nemo, parakeet_mlx, vosk, tokens, vibe, aws_calls, aws_stream, funasr, dote,
)  # fmt: skip
UNSETTLED: tuple[Unsettled, ...] = (segments, plain)
KNOWN = (
    "WhisperX, openai-whisper, faster-whisper, OpenAI verbose_json, whisper.cpp, Deepgram, AssemblyAI, Google, AWS "
    "Transcribe and its Call Analytics, Azure, NeMo or CTM, Hugging Face chunks, Speechmatics, Gladia, Rev AI, "
    "ElevenLabs, Soniox, IBM Watson, Vosk, parakeet-mlx, sherpa-onnx, onnx-asr, FunASR, Vibe, DOTe, SRT, VTT, a plain "
    "list of words"
)


_FAILED = "The recogniser says that it failed ({}): what was said after that is missing."
_OF_THE_SERVICE = frozenset(
    {"state", "speechEventType", "speechEventTime", "totalBilledTime", "requestId", "speaker_labels"}
)
"""Keys of messages without words that tell no kind."""
_LISTS = frozenset({"items", "lines", "results", "sentences", "tokens", "transcript", "transcripts", "utterances"})
"""Under which formats have their rows, by which they are known where there are any."""
_TEXTS = ("word", "text", "body", "value", "words", "segments")
"""Where a word or a line has what is said."""
_BACK: Seconds = 5.0
"""So far an answer may begin before the end of the one before it."""


def read(data: Any, per_second: int = 1) -> Reading:
    """Read a transcript of whichever known shape.

    Args:
        data: parsed JSON, or live objects.
        per_second: units of time in a second, for the shapes that do not settle it.

    Raises:
        TranscriptError: an unknown shape, or a word that cannot be, by its place.
    """
    found = _read(data, per_second)
    if not found.lines:
        check_done(data)
    return in_shape(found)


def read_several(values: Sequence[Any], per_second: int = 1) -> Reading:
    """Read results that came one after the other: the parts of one transcript, a word or line each, or whole answers.

    What a service says again until it is sure, and its messages about its own work, are passed over.

    Raises:
        TranscriptError: see `read`.
    """
    if len(values) == 1:
        return read(values[0], per_second)
    if any(map(gladia.is_live, values)):
        values = [value for value in values if not gladia.says_again(value)]
    again = {value["turn_order"]: i for i, value in enumerate(values) if _is_turn(value)}
    final = {
        i: value
        for i, value in enumerate(values)
        if not _is_interim(value) and not (_is_turn(value) and again[value["turn_order"]] > i)
    }
    forms = {i: form for i, value in final.items() if (form := _settled(value)) is not None}
    notes: tuple[str, ...] = ()
    if forms:
        notes = tuple(
            _FAILED.format(why) for i, value in enumerate(values) if i not in forms and (why := failure(value))
        )
        final = {i: value for i, value in final.items() if i in forms or not _is_message(value)}
    found = _read_answers(final, forms, per_second)
    return replace(found, notes=(*found.notes, *notes))


def _read_answers(final: Mapping[int, Any], forms: Mapping[int, Format], per_second: int) -> Reading:
    """What is said in the answers, by their numbers; `forms` has those that are whole."""
    rest = list(final.values())
    if len(forms) < len(final) or not forms or vosk.matches(rest):
        return _read_as_one(rest, per_second)
    parts = {i: _part(form, final[i], i) for i, form in forms.items()}  # apart at first: a fault is told by its answer
    _check_in_turn(parts)
    for form in (soniox, google, speechmatics):
        if all(one is form for one in forms.values()):
            return read(form.together(final.values()))
    lines = tuple(line for part in parts.values() for line in part.lines)
    spans = tuple(span for part in parts.values() for span in part.spans)
    return in_shape(replace(next(iter(parts.values())), lines=lines, spans=spans))


def _check_in_turn(parts: Mapping[int, Reading]) -> None:
    """Refuse answers that go back in time within a channel, as those of several recordings do.

    Raises:
        TranscriptError: one does.
    """
    latest: dict[str, Seconds] = {}
    for i, part in parts.items():
        ends: dict[str, Seconds] = {}
        for line in part.lines:
            if not line.slots:  # its start may only be that nothing tells it
                continue
            if line.start < (before := latest.get(line.channel, 0.0)) - _BACK:
                raise TranscriptError(
                    f"answer {i + 1} begins at {line.start:g} s, and those before it end at {before:g} s: they are of "
                    "several recordings. Give the answers of one."
                )
            ends[line.channel] = max(ends.get(line.channel, 0.0), line.end)
        latest |= {channel: max(end, latest.get(channel, 0.0)) for channel, end in ends.items()}


def _part(form: Format, value: Any, index: int) -> Reading:
    """One of several answers; messages say which."""
    try:
        return form.read(value)
    except TranscriptError as error:
        raise TranscriptError(f"answer {index + 1}: {error}") from error


def _is_turn(value: Any) -> bool:
    """Whether it is what AssemblyAI says of a turn that is over; it says it again with marks and capitals, if asked."""
    return isinstance(value, Mapping) and isinstance(value.get("turn_order"), int) and not _is_interim(value)


def _is_interim(value: Any) -> bool:
    """Whether it is what a service says while it still listens to it, or that Vosk has heard nothing."""
    if not isinstance(value, Mapping):
        return False
    is_partial = ("partial" in value or value == {"text": ""}) and "result" not in value
    is_empty = value.get("tokens") == []  # Soniox has nothing to say yet
    results = value.get("results")
    is_unsure = isinstance(results, list) and bool(results) and all(map(_is_unsure, results))
    is_open = is_unsure or value.get("is_final") is False or value.get("end_of_turn") is False
    return is_partial or is_empty or is_open or value.get("message") == "AddPartialTranscript"


def _is_unsure(result: Any) -> bool:
    """Whether IBM Watson says of it that it may still change: it has no times of words then."""
    return isinstance(result, Mapping) and result.get("final") is False


def _is_message(value: Any) -> bool:
    """Whether it is one of those by which services say that they begin, end, go on or fail."""
    if not isinstance(value, Mapping):
        return False
    tells_kind = any(isinstance(value.get(key), str) for key in ("message", "type"))
    return tells_kind or value.keys() <= _OF_THE_SERVICE or "error_code" in value


def _settled(data: Any) -> Format | None:
    """The first format with a unit of its own whose shape this is."""
    return next((form for form in SETTLED if form.matches(data)), None)


def _read(data: Any, per_second: int) -> Reading:
    """What the first format reads that knows the shape, as it stands there."""
    if isinstance(data, Mapping) and str(data.get("format")).startswith("diarfuse/"):
        check_version(data["format"])  # a newer one's segments may mean something else
    if (form := _settled(data)) is not None:
        return form.read(data)
    if isinstance(data, list) and _are_answers(data):
        return read_several(data, per_second)  # as pipelines and hypotheses come, which take several recordings
    return _read_unsettled(data, per_second)


def _are_answers(values: Sequence[Any]) -> bool:
    """Whether all are whole answers, but for what a service says of its own work among them."""
    settled = [_settled(value) is not None for value in values]
    return any(settled) and all(
        known or _is_interim(value) or _is_message(value) for known, value in zip(settled, values, strict=True)
    )


def _read_as_one(values: list[Any], per_second: int) -> Reading:
    """The parts of one transcript, of which not each is a whole answer."""
    form = _settled(values)
    return in_shape(_read_unsettled(values, per_second) if form is None else form.read(values))


def _check_words(data: Any) -> None:
    """Refuse messages of a service among which are some without words, and none that is known.

    Raises:
        TranscriptError: they are such.
    """
    nodes = data if isinstance(data, list) else ()
    told = [get(node, "type", "message") for node in nodes if _is_message(node) and get(node, *_TEXTS) is None]
    if kinds := sorted({kind for kind in told if isinstance(kind, str)}):
        raise TranscriptError(
            f"None of a service's messages ({short(', '.join(kinds), 80)}) tells words with their times: "
            "ask it for those, or give its transcript of the whole recording."
        )


def _empty_list(data: Any) -> str | None:
    """The key under which a transcript's list lies and holds nothing: nobody said anything."""
    rows = data.items() if isinstance(data, Mapping) else ()
    return next((key for key, value in rows if value == [] and str(key).casefold() in _LISTS), None)


def _read_unsettled(data: Any, per_second: int) -> Reading:
    """What the first format reads that leaves the unit of time open."""
    _check_words(data)
    for unsettled in UNSETTLED:
        if unsettled.matches(data):
            return unsettled.read(data, per_second)
    check_done(data)
    if (empty := _empty_list(data)) is not None:
        return Reading("none", flat_lines([], empty, get(data, "text")))
    keys = f" with the keys {', '.join(map(str, list(data)[:8]))}" if isinstance(data, dict) and data else ""
    raise TranscriptError(f"A {type(data).__name__}{keys} is none of the transcripts known: {KNOWN}.")
