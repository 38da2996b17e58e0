"""What a form asks for: honoured or refused by name, never passed over."""

from __future__ import annotations

import pytest
from starlette.exceptions import HTTPException

from diarfuse.fusion.types import SpeakerCount
from diarfuse.transcribe.options import Wish
from diarfuse.transcribe.serving.wishes import read_request


def asked(**fields: object):
    values = {name: value if isinstance(value, list) else [value] for name, value in fields.items()}
    return read_request(values, "tiny")


def granularities(*values: str, **fields: str):
    return asked(**{"timestamp_granularities[]": list(values)}, **fields)


@pytest.mark.parametrize(
    ("fields", "status", "says"),
    [
        ({"model": "huge"}, 404, "'huge' is not served"),
        ({"response_format": "docx"}, 400, "response_format='docx' must be one of json, text"),
        ({"diarize": "yes"}, 400, "diarize='yes' must be one of true, 1, false, 0"),
        ({"diarize": "yes", "model": "gpt-4o-transcribe-diarize"}, 400, "diarize='yes' must be"),
        ({"diarize": "maybe", "response_format": "diarized_json"}, 400, "diarize='maybe' must be"),
        ({"diarize": "false", "model": "gpt-4o-transcribe-diarize"}, 400, "diarize=false contradicts model="),
        ({"diarize": "0", "response_format": "diarized_json"}, 400, "contradicts response_format=diarized_json"),
        ({"stream": "on"}, 400, "stream='on' must be"),
        ({"num_speakers": "2"}, 400, "num_speakers does nothing without diarize=true"),
        ({"max_speakers": "3", "diarize": "false"}, 400, "max_speakers does nothing without diarize=true"),
        ({"num_speakers": "9" * 5000, "diarize": "true"}, 400, "must be a whole number, 1 or more, at most 999"),
        ({"num_speakers": "0", "diarize": "true"}, 400, "num_speakers=0 must be"),
        ({"num_speakers": "\u0665", "diarize": "true"}, 400, "must be a whole number"),
        ({"num_speakers": "2.0", "diarize": "true"}, 400, "must be a whole number"),
        ({"min_speakers": "4", "max_speakers": "2", "diarize": "true"}, 400, "min_speakers=4 is above max_speakers=2"),
        ({"language": "englsh"}, 400, "did you mean english"),
        ({"num_speaker": "2"}, 400, "no field 'num_speaker': did you mean 'num_speakers'"),
        ({"Diarize": "true"}, 400, "did you mean 'diarize'"),
        ({"diarise": "x" * 5000}, 400, "did you mean 'diarize'"),
        ({"timestamp-granularities[]": "word"}, 400, "did you mean 'timestamp_granularities'"),
        ({"timestamp_granularities[0]": "word"}, 400, "did you mean 'timestamp_granularities'"),
        ({"num_speakers[]": "2"}, 400, "did you mean 'num_speakers'"),
        ({" stream": "true"}, 400, "did you mean 'stream'"),
        ({"file[]": "x"}, 400, "did you mean 'file'"),
        ({"response_format": ["srt", "vtt"]}, 400, "'response_format' was sent with several values"),
        ({"language": ["en", "de"]}, 400, "'language' was sent with several values"),
        ({"model": ["tiny", "whisper-1"]}, 400, "'model' was sent with several values"),
        ({"languages[]": "englsh"}, 400, "did you mean english"),
        ({"model": "huge-2025-12-15"}, 404, "is not served"),
        ({"model": "tiny-2025-12-15"}, 404, "is not served"),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(fields: dict[str, str], status: int, says: str) -> None:
    with pytest.raises(HTTPException) as refused:
        asked(**fields)
    assert refused.value.status_code == status
    assert says in refused.value.detail
    assert len(refused.value.detail) < 250


def test_what_can_be_done_is_asked_of_the_job() -> None:
    assert asked(diarize="True", num_speakers="2", language="German").wish == Wish(
        diarize=True, speakers=SpeakerCount.of(2), language="de"
    )
    assert asked(model="gpt-4o-transcribe-diarize", diarize="true").wish.diarize
    assert asked(language="", diarize="").wish == Wish()
    assert asked(language="auto").wish.language is None


def test_a_model_as_it_was_on_a_day_is_the_model() -> None:
    assert asked(model="gpt-4o-mini-transcribe-2025-12-15") == asked()
    assert asked(model="gpt-4o-transcribe-diarize-2026-01-31").wish.diarize


def test_the_only_possible_language_is_the_language() -> None:
    assert asked(**{"languages[]": ["de"]}).wish.language == "de"
    several = asked(**{"languages[]": ["de", "en"]})
    assert (several.wish.language, several.ignored) == (None, ("languages",))
    assert asked(languages=["de"], language="en").wish.language == "en"
    assert asked(language=["de", " de "]).wish.language == "de"


def test_word_times_are_asked_of_the_job_where_the_answer_has_room_for_them() -> None:
    assert granularities("word", "segment", response_format="verbose_json").wish.words
    assert asked(timestamp_granularities="word", response_format="verbose_json").wish.words
    assert not granularities("segment", response_format="json").wish.words
    for fields in ({}, {"response_format": "srt"}, {"response_format": "verbose_json", "stream": "true"}):
        with pytest.raises(HTTPException, match="word needs response_format=verbose_json"):
            granularities("word", **fields)
    for value in ("syllable", "words", "Word"):
        with pytest.raises(HTTPException, match=f"granularities.*'{value}' must be one of word, segment"):
            granularities("segment", value, response_format="verbose_json")


def test_knobs_of_other_engines_are_named() -> None:
    assert asked(**{"prompt": "x", "include[]": "logprobs"}).ignored == ("prompt", "include")
    assert asked(**{"vad_filter": "true", "a\r\nb: c": "", "x" * 999: "", "temperature": "0", "": "x"}).ignored == (
        "temperature",
        "vad_filter",
    )
