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
IGNORED = ("prompt", "temperature", "include", "chunking_strategy", "keywords")
"""OpenAI's knobs of another engine. They are accepted, do nothing, and the answer's header says so."""
_DATED = re.compile(r"-\d{4}-\d\d-\d\d\Z", re.ASCII)
"""What follows the name of a model as it was on a day."""
HONOURED = (
    "model",
    "response_format",
    "stream",
    "diarize",
    "num_speakers",
    "min_speakers",
    "max_speakers",
    "language",
)
LISTS = ("timestamp_granularities", "languages")
"""What may be sent several times, with `[]` behind the name or without."""
_READ = {*HONOURED, *LISTS, *(f"{name}[]" for name in LISTS), "file"}
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
    try:
        asked = _only(fields, "model") or model
        if asked not in (model, *OPENAI_MODELS) and (asked := _DATED.sub("", asked)) not in OPENAI_MODELS:
            raise HTTPException(404, f"The model {asked[:60]!r} is not served here: ask for {model!r} or leave it out.")
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
            language=_language(fields),
            words=_words(fields, response_format, stream=stream),
        ),
        response_format=response_format,
        stream=stream,
        ignored=_ignored(fields),
    )


def _ignored(fields: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The fields that nothing here reads; one that is nearly one of ours is refused, for it would be missed."""
    sent = dict.fromkeys(map(_base, fields))
    unknown = [name for name in fields if name not in _READ and _base(name) not in IGNORED]
    for name in unknown:
        if near := difflib.get_close_matches(name.lower(), (*HONOURED, *LISTS, "file"), 1, _ALIKE):
            raise OptionError(f"There is no field {name[:40]!r}: did you mean {near[0]!r}?")
    several = len(_possible(fields)) + bool(_only(fields, "language")) > 1
    unused = (*IGNORED, *(("languages",) if several else ()))
    return (*filter(sent.__contains__, unused), *filter(_PLAIN.fullmatch, dict.fromkeys(map(_base, unknown))))


def _base(name: str) -> str:
    """A field's name without what stands in brackets behind it."""
    return name.partition("[")[0]


def _only(fields: Mapping[str, Sequence[str]], name: str) -> str:
    """The value of a field that has one; empty where it was not sent."""
    values = dict.fromkeys(value.strip() for value in fields.get(name, ("",)))
    if len(values) > 1:
        raise OptionError(f"The field {name!r} was sent with several values: send one.")
    return next(iter(values))


def _language(fields: Mapping[str, Sequence[str]]) -> str | None:
    """The language that is spoken; None where none, or one of several, is said to be."""
    possible = _possible(fields)
    return _only(fields, "language") or (possible[0] if len(possible) == 1 else None)


def _possible(fields: Mapping[str, Sequence[str]]) -> list[str]:
    """The languages that may be spoken."""
    return [*dict.fromkeys(value.strip() for name in ("languages[]", "languages") for value in fields.get(name, ()))]


def _choice(fields: Mapping[str, Sequence[str]], name: str, known: Iterable[str]) -> str | None:
    value = _only(fields, name)
    if value and value not in known:
        raise OptionError(f"{name}={value[:40]!r} must be one of {', '.join(known)}.")
    return value or None


def _flag(fields: Mapping[str, Sequence[str]], name: str) -> bool | None:
    """Whether it is switched on; None where nothing is said. Python's clients may send True."""
    value = _choice({name: [_only(fields, name).lower()]}, name, FLAGS)
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
    speakers = SpeakerCount.of(*(_number(name, _only(fields, name)) for name in names))
    for name in speakers.given() if not diarize else ():
        raise OptionError(f"{name} does nothing without diarize=true: add it, or leave out {name}.")
    return speakers


def _number(name: str, text: str) -> int | None:
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > len(str(MOST_SPEAKERS)):
        raise OptionError(f"{name}={text[:20]!r} must be a whole number, 1 or more, at most {MOST_SPEAKERS}.")
    return int(text)
