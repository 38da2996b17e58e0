"""OpenAI's shapes, as OpenAI's own client and our reader of them take them."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from diarfuse.exporters import registry
from diarfuse.exporters.openai import full_text
from diarfuse.fusion.document import Document
from diarfuse.fusion.formats.files import read_any
from diarfuse.fusion.types import Segment, Transcript, Word
from tests.fusion.documents import MEETING

SEGMENT_KEYS = {"id", "seek", "start", "end", "text", "tokens", "temperature", "avg_logprob"}
SEGMENT_KEYS |= {"compression_ratio", "no_speech_prob"}


@pytest.mark.parametrize(
    ("lines", "whole"),
    [
        (["Hello.", "Again."], "Hello. Again."),
        (["Hello.", " Again."], "Hello. Again."),
        (["今日は。", "元気？", "はい"], "今日は。元気？はい"),
        (["今日は。", "OK"], "今日は。OK"),
        (["བོད།", "ཡིན།"], "བོད།ཡིན།"),
        (["\U00020000", "\U00030000"], "\U00020000\U00030000"),
        (["ﾊｲ", "ﾊｲ"], "ﾊｲﾊｲ"),
        (["ＡＢＣ", "ＤＥＦ"], "ＡＢＣ ＤＥＦ"),
        (["안녕.", "네."], "안녕. 네."),
    ],
)
def test_lines_are_joined_as_their_script_joins_them(lines: list[str], whole: str) -> None:
    segments = tuple(Segment(float(i), i + 1.0, line) for i, line in enumerate(lines))
    assert full_text(Transcript(segments, None, 9.0)) == whole


def test_verbose_json_is_the_clients() -> None:
    text = registry.dumps(MEETING, "verbose_json")
    from openai.types.audio import TranscriptionVerbose

    answer = TranscriptionVerbose.model_validate_json(text, strict=True)
    assert (answer.language, answer.duration) == ("en", 10.0)
    assert answer.text == "Hello there Anna. How are you to day? I am fine Anna Smith really fine."
    assert [word.word for word in answer.words or ()][:3] == ["Hello", "there", "Anna."]
    assert answer.segments is not None
    assert json.loads(text)["segments"][0].keys() == SEGMENT_KEYS | {"speaker"}
    assert answer.usage is not None
    assert answer.usage.seconds == 10


def test_how_likely_a_line_is_is_that_of_its_words() -> None:
    likely = [Word(0.0, 0.5, " Hi", probability=0.5), Word(0.5, 1.0, " you.", probability=0.25), Word(1.0, 1.1, " So.")]
    said = Transcript((Segment(0.0, 1.1, " Hi you. So.", tuple(likely)), Segment(2.0, 3.0, " Yes.")), None, 3.0)
    found = [line["avg_logprob"] for line in json.loads(registry.dumps(Document(said), "verbose_json"))["segments"]]
    assert found == [pytest.approx(math.log(0.5 * 0.25) / 2), 0.0]


def test_without_speakers_the_keys_are_openais_alone() -> None:
    said = Transcript((Segment(0.0, 1.0, " Hi.", (Word(0.0, 0.5, " Hi."), Word(None, None, " so"))),), None, 1.0)
    row = json.loads(registry.dumps(Document(said), "verbose_json"))
    assert row["segments"][0].keys() == SEGMENT_KEYS
    assert row["words"] == [{"word": "Hi.", "start": 0.0, "end": 0.5}]
    assert row.keys() == {"task", "language", "duration", "text", "segments", "usage", "words"}


def test_diarized_json_is_the_clients_and_cut_where_the_speaker_changes() -> None:
    words = (Word(0.0, 0.5, " Hi.", speaker="Ana"), Word(0.6, 1.0, " Yes.", speaker="Ben"))
    said = Transcript((Segment(0.0, 1.5, " Hi. Yes.", words, "Ana"), Segment(3.0, 4.0, " Hm.")), "en", 5.0)
    text = registry.dumps(Document(said), "diarized_json")
    from openai.types.audio.transcription_diarized import TranscriptionDiarized

    answer = TranscriptionDiarized.model_validate_json(text, strict=True)
    assert [(s.id, s.start, s.end, s.speaker, s.text) for s in answer.segments] == [
        ("seg_000", 0.0, 0.5, "Ana", "Hi."),
        ("seg_001", 0.6, 1.5, "Ben", "Yes."),
        ("seg_002", 3.0, 4.0, "UNKNOWN", "Hm."),
    ]
    assert json.loads(text)["segments"][0].keys() == {"type", "id", "start", "end", "speaker", "text"}


@pytest.mark.parametrize("name", ["verbose_json", "diarized_json"])
def test_our_own_reader_finds_the_words(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"a{registry.ending(name)}"
    path.write_text(str(registry.dumps(MEETING, name)), encoding="utf-8")
    reading = read_any(path)
    assert " ".join(" ".join(line.text.split()) for line in reading.lines) == full_text(MEETING.transcript)
    assert registry.format_of(path) == name
