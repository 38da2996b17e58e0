"""ElevenLabs: a transcript a channel, and whole seconds."""

from __future__ import annotations

from diarfuse.fusion.attaching import attach_same_shape
from diarfuse.fusion.formats.files import read_any
from tests.fusion.formats.said import TURNS, lines


def test_elevenlabs_writes_a_transcript_a_channel():
    channels = [
        {"channel_index": c, "language_code": "en", "text": text, "words": [
            {"text": text, "start": start, "end": start + 0.4, "type": "word", "speaker_id": None}
        ]}
        for c, (text, start) in enumerate([("Later", 2.5), ("Sooner", 0.5)])
    ]  # fmt: skip
    assert lines({"transcripts": channels}) == [("Ann", "Sooner"), ("Bob", "Later")]
    labelled = attach_same_shape({"transcripts": channels}, TURNS)["transcripts"]
    assert [channel["words"][0]["speaker_id"] for channel in labelled] == ["Bob", "Ann"]


def test_elevenlabs_whole_seconds_are_no_milliseconds():
    """JavaScript writes 1.0 as 1; the languages' codes are called as AssemblyAI's."""
    words = [
        {"text": "Hi", "start": 0, "end": 1, "type": "word"},
        {"text": " ", "start": 1, "end": 2, "type": "spacing"},
        {"text": "you", "start": 2, "end": 3, "type": "word"},
    ]
    assert read_any({"language_code": "eng", "text": "Hi you", "words": words}).family == "ElevenLabs"
    assert lines({"language_code": "eng", "text": "Hi you", "words": words}) == [("Ann", "Hi"), ("Bob", " you")]
