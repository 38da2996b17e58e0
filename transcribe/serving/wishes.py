"""What a request asks for, read from its form fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiRequest:
    """One request: what is asked of the job, and how the answer is to look.

    words: with their times. ignored: the fields that were sent and do nothing here.
    """

    wish: Wish = field(default_factory=Wish)
    response_format: str = "json"
    stream: bool = False
    words: bool = False
    ignored: tuple[str, ...] = ()


def read_request(fields: Mapping[str, Sequence[str]], model: str) -> ApiRequest:
    """Read the form of ``POST /v1/audio/transcriptions``.

    Raises:
        HTTPException: 400 for an impossible value, 404 for a model that is not served.
    """
    asked = _last(fields, "model") or model
    if asked not in (model, *OPENAI_MODELS):
        raise HTTPException(404, f"The model {asked[:60]!r} is not served here: ask for {model!r} or leave it out.")
    response_format = _choice(fields, "response_format", FORMATS, "json")
    granularities = {
        v for name in ("timestamp_granularities[]", "timestamp_granularities") for v in fields.get(name, ())
    }
    diarize = response_format == "diarized_json" or asked.endswith("-diarize") or _flag(fields, "diarize")
    return ApiRequest(
        wish=Wish(diarize=diarize, language=_last(fields, "language") or None, speakers=_speakers(fields)),
        response_format=response_format,
        stream=_flag(fields, "stream"),
        words="word" in granularities,
        ignored=tuple(name for name in IGNORED if any(f == name or f.startswith(f"{name}[") for f in fields)),
    )


def _last(fields: Mapping[str, Sequence[str]], name: str) -> str:
    return fields.get(name, ("",))[-1].strip()


def _choice(fields: Mapping[str, Sequence[str]], name: str, known: Sequence[str], default: str) -> str:
    value = _last(fields, name) or default
    if value not in known:
        raise HTTPException(400, f"{name}={value[:40]!r} must be one of {', '.join(known)}.")
    return value


def _flag(fields: Mapping[str, Sequence[str]], name: str) -> bool:
    return _choice(fields, name, ("true", "false", "1", "0", "True", "False"), "false").lower() in ("true", "1")


def _speakers(fields: Mapping[str, Sequence[str]]) -> SpeakerCount:
    names = ("num_speakers", "min_speakers", "max_speakers")
    try:
        return SpeakerCount.of(*(_number(name, _last(fields, name)) for name in names))
    except OptionError as error:
        raise HTTPException(400, str(error)) from error


def _number(name: str, text: str) -> int | None:
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > len(str(MOST_SPEAKERS)):
        raise OptionError(f"{name}={text[:20]!r} must be a whole number, 1 or more, at most {MOST_SPEAKERS}.")
    return int(text)
