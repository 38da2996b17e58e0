"""Results one after the other, and JSON lines."""

from __future__ import annotations

import json

import pytest

from diarfuse.fusion.attaching import attach
from diarfuse.fusion.errors import TranscriptError
from diarfuse.fusion.formats import read
from diarfuse.fusion.formats.files import read_any
from diarfuse.fusion.types import Turn

TURNS = [Turn(0.0, 2.0, "A"), Turn(2.0, 9.0, "B")]
VOSK = [
    {"partial": "one"},
    {"result": [{"conf": 1.0, "start": 0.3, "end": 1.2, "word": "one"}], "text": "one"},
    {"partial": "", "partial_result": []},
    {"text": ""},
    {"result": [{"conf": 0.9, "start": 3.5, "end": 4.2, "word": "three"}], "text": "three"},
    {"text": ""},
]


def google(text: str, start: float) -> dict[str, object]:
    words = [{"word": text, "startTime": f"{start}s", "endTime": f"{start + 0.5}s"}]
    return {"results": [{"alternatives": [{"transcript": text, "words": words}], "languageCode": "en-us"}]}


def word(text: str, start: float) -> dict[str, object]:
    return {"text": text, "start": start, "end": start + 0.5}


def lines_of(values: list[object]) -> str:
    return "".join(json.dumps(value) + "\n" for value in values)


@pytest.mark.parametrize(
    ("text", "family"),
    [
        ("LOG (VoskAPI:model.cc:213) beam=10\n" + "\n".join(json.dumps(v, indent=2) for v in VOSK), "Vosk"),
        (lines_of(VOSK), "Vosk"),
        (json.dumps(VOSK), "Vosk"),
        (lines_of([google("one", 0.3), google("three", 3.5)]), "Google"),
        (lines_of([word("one", 0.3), word("three", 3.5)]), "plain list"),
        (lines_of([{**word("one", 0.3), "words": []}, word("three", 3.5)]),
         "segments"),
        ("".join(json.dumps(v) for v in VOSK), "Vosk"),
    ],
)  # fmt: skip
def test_one_result_after_the_other(tmp_path, text, family):
    (tmp_path / "a.txt").write_text(text)
    assert read_any(tmp_path / "a.txt").family == family
    found = attach(tmp_path / "a.txt", TURNS)
    assert [(s.speaker, s.text.strip()) for s in found.segments] == [("A", "one"), ("B", "three")]


def test_bad_parts_are_named(tmp_path):
    path = tmp_path / "a.jsonl"
    bad = google("two", 1.0)
    bad["results"][0]["alternatives"][0]["words"][0]["startTime"] = "soon"  # type: ignore[index]
    path.write_text(lines_of([google("one", 0.3), bad]))
    with pytest.raises(TranscriptError, match=r"a\.jsonl: answer 2: results\[0\].*'soon'"):
        read_any(path)
    path.write_text(lines_of([{"audio_filepath": f"{n}.wav", "text": "a", "timestamp": {"word": []}} for n in "ab"]))
    with pytest.raises(TranscriptError, match=r"a\.jsonl holds 2 recordings \(a\.wav, b\.wav"):
        read_any(path)
    path.write_text(" \n")
    with pytest.raises(TranscriptError, match=r"a\.jsonl is no JSON \(it is empty\): give JSON, CTM, SRT or VTT"):
        read_any(path)
    for text in ("{}{", "1\n2\n", "hello {}", ""):
        path.write_text(text)
        with pytest.raises(TranscriptError, match=r"a\.jsonl is no JSON"):
            read_any(path)


DEEPGRAM = {"channel": {"alternatives": [{"words": [{"word": "three", "start": 3.5, "end": 4.2}]}]}, "is_final": True}


@pytest.mark.parametrize(
    "values",
    [[VOSK[1], DEEPGRAM], [[VOSK[1]], [VOSK[4]]], [VOSK[1], google("three", 3.5)]],
    ids=["two recognisers", "lists of answers", "another two"],
)
def test_no_answer_is_lost_beside_one_of_vosk(tmp_path, values):
    (tmp_path / "a.jsonl").write_text(lines_of(values))
    for data in (values, tmp_path / "a.jsonl"):
        assert [word.text.strip() for word in attach(data, TURNS).words] == ["one", "three"]


def test_what_vosk_hears_without_words_is_not_lost():
    with pytest.raises(TranscriptError, match=r"\[1\]\.result has no words, though there is text: .* SetWords\(True\)"):
        read_any([VOSK[1], {"text": "three"}])
    with pytest.raises(TranscriptError, match=r"\[1\]\.result has no words, though there is text"):
        read_any([VOSK[1], {"text": "three", "result": []}])


def test_a_list_of_messages_is_read_as_the_lines_of_a_file_are(tmp_path):
    said = [{"type": "Metadata", "request_id": "a"}, {**DEEPGRAM, "is_final": False}, DEEPGRAM]
    (tmp_path / "a.json").write_text(json.dumps(said))
    for data in (said, tmp_path / "a.json"):
        assert [(word.text, word.start) for word in attach(data, TURNS).words] == [("three", 3.5)]


def speechmatics(*results: tuple[str, str, float]) -> dict[str, object]:
    said = [
        {"type": kind, "start_time": at, "end_time": at + 0.5, "alternatives": [{"content": text}],
         "attaches_to": "previous" if kind == "punctuation" else "none"}
        for kind, text, at in results
    ]  # fmt: skip
    return {"message": "AddTranscript", "metadata": {"transcript": ""}, "results": said}


def test_a_mark_that_comes_in_the_next_message_goes_to_its_word():
    found = read_any([speechmatics(), speechmatics(("word", "one", 0.3)), speechmatics(("punctuation", ".", 0.8))])
    assert (found.family, [slot.text for line in found.lines for slot in line.slots]) == ("Speechmatics", ["one."])


@pytest.mark.parametrize(
    "message",
    [{"state": "listening"}, {"speaker_labels": []}, {"speechEventType": "END_OF_SINGLE_UTTERANCE"},
     {"totalBilledTime": "15s"}],
)  # fmt: skip
def test_messages_without_words_are_passed_over(message):
    found = read_any([message, google("one", 0.3), message])
    assert ([line.text for line in found.lines], found.notes) == (["one"], ())


@pytest.mark.parametrize(
    "message",
    [
        {"message": "Error", "type": "timelimit_exceeded", "reason": "Too long."},
        {"type": "Error", "description": "Too long.", "message": "x"},
        {"error_code": 408, "error_message": "Too long.", "tokens": []},
        {"error": "Too long.", "type": "error"},
    ],
)
def test_a_service_that_fails_in_between_is_noted(message):
    found = attach([google("one", 0.3), message], TURNS)
    assert [word.text for word in found.words] == ["one"]
    assert found.notes == ("The recogniser says that it failed ('Too long.'): what was said after that is missing.",)


REV = [
    {"type": "connected", "id": "s1d24ax2fd21"},
    {"type": "partial", "ts": 0.3, "end_ts": 1.0, "elements": [{"type": "text", "value": "on"}]},
    {
        "type": "final",
        "ts": 0.3,
        "end_ts": 1.2,
        "elements": [
            {"type": "text", "value": "One", "ts": 0.3, "end_ts": 1.2, "confidence": 0.9},
            {"type": "punct", "value": "."},
        ],
    },
    {
        "type": "final",
        "ts": 3.5,
        "end_ts": 4.2,
        "elements": [{"type": "text", "value": "three", "ts": 3.5, "end_ts": 4.2, "confidence": 0.9}],
    },
]
"""As Rev AI's streaming API sends it."""


def gladia(text: str, start: float, *, final: bool = True) -> dict[str, object]:
    """As Gladia's live API sends it."""
    words = [{"word": text, "start": start, "end": start + 0.9, "confidence": 0.9}]
    said = {"text": text, "start": start, "end": start + 0.9, "language": "en", "channel": 0, "words": words}
    data = {"id": "00-00000001", "is_final": final, "utterance": said}
    return {"session_id": "x", "created_at": "2026-11-01", "type": "transcript", "data": data}


GLADIA = [
    {"type": "speech_start", "session_id": "x", "data": {"time": 0.3, "channel": 0}},
    gladia("on", 0.3, final=False),
    gladia("One.", 0.3),
    {"type": "audio_chunk", "acknowledged": True, "data": {"byte_range": [0, 8000]}},
    gladia("three", 3.5),
]
GLADIAS_LAST = {
    "type": "post_final_transcript",
    "data": {
        "metadata": {"audio_duration": 5.0},
        "transcription": {
            "languages": ["en"],
            "utterances": [row["data"]["utterance"] for row in (GLADIA[2], GLADIA[4])],
        },
    },
}


@pytest.mark.parametrize(
    ("values", "family"),
    [(REV, "Rev AI"), (GLADIA, "Gladia"), ([*GLADIA, GLADIAS_LAST], "Gladia"), ([GLADIAS_LAST], "Gladia")],
)
@pytest.mark.parametrize("write", [lines_of, json.dumps])
def test_what_services_send_while_they_listen_is_read_once(tmp_path, values, family, write):
    (tmp_path / "a.json").write_text(write(values))
    assert read_any(tmp_path / "a.json").family == family
    found = attach(tmp_path / "a.json", TURNS)
    assert [(s.speaker, s.text.strip()) for s in found.segments] == [("A", "One."), ("B", "three")]


def test_what_watson_may_still_change_is_passed_over(tmp_path):
    unsure = {"result_index": 0, "results": [{"final": False, "alternatives": [{"transcript": "hi "}]}]}
    said = {"transcript": "hi there ", "timestamps": [["hi", 0.0, 0.4], ["there", 0.5, 0.9]]}
    final = {"result_index": 0, "results": [{"final": True, "alternatives": [said]}]}
    messages = [{"state": "listening"}, unsure, final, {"state": "listening"}]
    path = tmp_path / "watson.jsonl"
    path.write_text("\n".join(map(json.dumps, messages)))
    for found in (read_any(path), read(messages)):
        assert [slot.text for line in found.lines for slot in line.slots] == ["hi", "there"]


@pytest.mark.parametrize("wrap", [lambda event: event, lambda event: {"TranscriptEvent": event}])
def test_what_aws_says_while_it_listens_counts_once(wrap):
    items = [
        {"Content": "Hi", "StartTime": 0.1, "EndTime": 0.4, "Type": "pronunciation"},
        {"Content": "there", "StartTime": 0.5, "EndTime": 0.9, "Type": "pronunciation"},
        {"Content": ".", "StartTime": 0.9, "EndTime": 0.9, "Type": "punctuation"},
    ]
    said = {"ChannelId": "ch_0", "Alternatives": [{"Transcript": "Hi there.", "Items": items}]}
    events = [{"Results": [said | {"IsPartial": is_partial}]} for is_partial in (True, False)]
    found = read([wrap({"Transcript": event}) for event in [*events, {"Results": []}]])
    (line,) = found.lines
    assert [(slot.text, slot.start, slot.end) for slot in line.slots] == [("Hi", 0.1, 0.4), ("there.", 0.5, 0.9)]
    assert (line.text, line.channel) == ("Hi there.", "ch_0")


@pytest.mark.parametrize("write", [lines_of, json.dumps])
def test_messages_without_times_are_no_words(tmp_path, write):
    """As OpenAI's Realtime API sends them."""
    kinds = ["input_audio_buffer.speech_started", "conversation.item.input_audio_transcription.completed"]
    (tmp_path / "a.json").write_text(write([{"type": kind, "item_id": "x", "transcript": "Hello."} for kind in kinds]))
    with pytest.raises(TranscriptError, match=r"None of a service's messages \('conversation\.item.*tells words with"):
        read_any(tmp_path / "a.json")
