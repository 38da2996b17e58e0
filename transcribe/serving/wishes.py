"""What a request asks for, read from its form fields."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from starlette.exceptions import HTTPException

from ...fusion.errors import OptionError
from ...fusion.types import MOST_SPEAKERS, SpeakerCount
from ..options import Wish

FORMATS = ("json", "text", "srt", "vtt", "verbose_json", "diarized_json")
OPENAI_MODELS = (
    "whisper-1",
    "gpt-4o-transcribe",
    "gpt-4o-mini-transcribe",
    "gpt-4o-transcribe-diarize",
    "gpt-transcribe",
)
"""Names that unchanged clients send; each means the one model that this server runs."""
IGNORED = ("prompt", "temperature", "include", "chunking_strategy")
"""OpenAI's knobs of another engine. They are accepted, do nothing, and the answer's header says so."""


HONOURED = (
    "model",
    "response_format",
    "stream",
    "diarize",
    "num_speakers",
    "min_speakers",
    "max_speakers",
    "language",
    "timestamp_granularities",
)
_ALIKE = 0.8  # difflib's ratio, from which on a field is a slip and no other server's
_PLAIN = re.compile(r"[\w.-]{1,40}", re.ASCII)
"""A field's name that a header can hold."""

GRANULARITIES = ("word", "segment")
FLAGS = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiRequest:
    """One request: what is asked of the job, and how the answer is to look.

    ignored: the fields that were sent and do nothing here, without those whose names are odd.
    """

    wish: Wish = field(default_factory=Wish)
    response_format: str = "json"
    stream: bool = False
    ignored: tuple[str, ...] = ()


def read_request(fields: Mapping[str, Sequence[str]], model: str) -> ApiRequest:
    """Read the form of ``POST /v1/audio/transcriptions``.

    Raises:
        HTTPException: 400 for an impossible value, or values that contradict each other; 404 for a model that is not
            served.
    """
    asked = _last(fields, "model") or model
    if asked not in (model, *OPENAI_MODELS):
        raise HTTPException(404, f"The model {asked[:60]!r} is not served here: ask for {model!r} or leave it out.")
    try:
        return _read(fields, asked)
    except OptionError as error:
        raise HTTPException(400, str(error)) from error


def _read(fields: Mapping[str, Sequence[str]], model: str) -> ApiRequest:
    response_format = _choice(fields, "response_format", FORMATS) or "json"
    stream = _flag(fields, "stream") or False
    return ApiRequest(
        wish=Wish(
            diarize=(diarize := _diarize(fields, model, response_format)),
            speakers=_speakers(fields, diarize=diarize),
            language=_last(fields, "language"),
            words=_words(fields, response_format, stream=stream),
        ),
        response_format=response_format,
        stream=stream,
        ignored=_ignored(fields),
    )


def _ignored(fields: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The fields that nothing here reads; one that is nearly one of ours is refused, for it would be missed."""
    sent = dict.fromkeys(name.partition("[")[0].strip() for name in fields)
    unknown = [name for name in sent if name not in (*HONOURED, *IGNORED, "file")]
    for name in unknown:
        if near := difflib.get_close_matches(name.lower(), HONOURED, 1, _ALIKE):
            raise OptionError(f"There is no field {name[:40]!r}: did you mean {near[0]!r}?")
    return (*filter(sent.__contains__, IGNORED), *filter(_PLAIN.fullmatch, unknown))


def _last(fields: Mapping[str, Sequence[str]], name: str) -> str:
    return fields.get(name, ("",))[-1].strip()


def _choice(fields: Mapping[str, Sequence[str]], name: str, known: Iterable[str]) -> str | None:
    value = _last(fields, name)
    if value and value not in known:
        raise OptionError(f"{name}={value[:40]!r} must be one of {', '.join(known)}.")
    return value or None


def _flag(fields: Mapping[str, Sequence[str]], name: str) -> bool | None:
    """Whether it is switched on; None where nothing is said. Python's clients may send True."""
    value = _choice({name: [_last(fields, name).lower()]}, name, FLAGS)
    return None if value is None else FLAGS[value]


def _diarize(fields: Mapping[str, Sequence[str]], model: str, response_format: str) -> bool:
    """Whether speakers are wanted: by a field, or by a model or a format that is made for them."""
    flag = _flag(fields, "diarize")
    for name, value in (("model", model), ("response_format", response_format)):
        if value.endswith("-diarize") or value == "diarized_json":
            if flag is False:
                raise OptionError(f"diarize=false contradicts {name}={value}: leave out one of them.")
            flag = True
    return flag or False


def _words(fields: Mapping[str, Sequence[str]], response_format: str, *, stream: bool) -> bool:
    """Whether words with times are wanted, which only one answer has a place for."""
    name = "timestamp_granularities[]"
    values = [value for field in (name, "timestamp_granularities") for value in fields.get(field, ())]
    for value in values:
        _choice({name: [value]}, name, GRANULARITIES)
    if "word" not in values:
        return False
    if response_format != "verbose_json" or stream:
        raise OptionError(
            f"{name}=word needs response_format=verbose_json without stream: ask for that, or leave it out."
        )
    return True


def _speakers(fields: Mapping[str, Sequence[str]], *, diarize: bool) -> SpeakerCount:
    names = ("num_speakers", "min_speakers", "max_speakers")
    speakers = SpeakerCount.of(*(_number(name, _last(fields, name)) for name in names))
    for name in speakers.given() if not diarize else ():
        raise OptionError(f"{name} does nothing without diarize=true: add it, or leave out {name}.")
    return speakers


def _number(name: str, text: str) -> int | None:
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > len(str(MOST_SPEAKERS)):
        raise OptionError(f"{name}={text[:20]!r} must be a whole number, 1 or more, at most {MOST_SPEAKERS}.")
    return int(text)
