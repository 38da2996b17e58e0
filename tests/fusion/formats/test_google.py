"""Google's results: two ways of writing keys, wrapped or not, and the repeat of everything that some end with."""

from __future__ import annotations

import json

import pytest

from diarfuse.fusion.attaching import attach, attach_same_shape
from diarfuse.fusion.errors import TranscriptError
from diarfuse.fusion.formats.files import read_any
from tests.fusion.formats.said import TURNS

GOOGLE = {"results": [{"alternatives": [{"words": [{"word": "Hi", "startTime": "2.2s", "endTime": "2.5s"}]}]}]}


SNAKE = {"results": [{"alternatives": [{"words": [{"word": "Hi", "start_offset": "2.2s", "end_offset": "2.5s"}]}]}]}


@pytest.mark.parametrize(
    ("data", "key"),
    [
        ({"name": "1", "done": True, "response": GOOGLE}, "speakerLabel"),
        ({"results": {"gs://b/a.wav": {"inlineResult": {"transcript": GOOGLE}}}}, "speakerLabel"),
        ({"results": {"gs://b/a.wav": {"transcript": GOOGLE}}}, "speakerLabel"),
        (SNAKE, "speaker_label"),
    ],
)
def test_google_wraps_its_results_and_names_keys_in_two_ways(data, key):
    assert read_any(data).family == "Google"
    assert f'"{key}": "Bob"' in json.dumps(attach_same_shape(data, TURNS))
    assert attach({"results": []}, TURNS).segments == ()


def test_a_batch_of_several_recordings_is_refused():
    files = {f"gs://b/{name}.wav": {"transcript": GOOGLE} for name in "abc"}
    for data in ({"results": files}, {"response": {"results": files}}):
        with pytest.raises(TranscriptError, match=r"holds 3 recordings \(gs://b/a\.wav, .*: give the lines of one"):
            attach(data, TURNS)


def test_google_without_word_times_gives_lines_or_says_what_to_ask_for():
    results = [
        {"alternatives": [{"transcript": "Hi Ann"}], "resultEndTime": "1.8s"},
        {"alternatives": [{"transcript": " Hi Bob"}], "resultEndTime": "3.5s"},
    ]
    spoken = [(s.speaker, s.start, s.end, s.text) for s in attach({"results": results}, TURNS).segments]
    assert spoken == [("Ann", 0.0, 1.8, "Hi Ann"), ("Bob", 1.8, 3.5, " Hi Bob")]
    labelled = attach_same_shape({"results": results}, TURNS)
    assert [result["speakerLabel"] for result in labelled["results"]] == ["Ann", "Bob"]
    del results[1]["resultEndTime"]
    with pytest.raises(TranscriptError, match=r"results\[1\] has text, .* ask for enableWordTimeOffsets"):
        attach({"results": results}, TURNS)


def test_lines_without_words_follow_each_other_through_a_stream(tmp_path):
    said = [("Hi Ann", "1.8s"), ("Hi Bob", "3.5s"), ("Bye", "29s")]
    answers = [
        {"results": [{"alternatives": [{"transcript": text}], "isFinal": True, "resultEndTime": end}]}
        for text, end in said
    ]
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps(answer) + "\n" for answer in answers))
    found = [(line.start, line.end, line.text) for line in read_any(path).lines]
    assert found == [(0.0, 1.8, "Hi Ann"), (1.8, 3.5, "Hi Bob"), (3.5, 29.0, "Bye")]


def spoken(text: str, *times: tuple[str, str], transcript: bool = True) -> dict[str, object]:
    said = [{"word": text, "startTime": start, "endTime": end} for start, end in times]
    return {"alternatives": [{**({"transcript": text} if transcript else {}), "words": said}]}


def test_googles_repeat_is_labelled_but_a_second_answer_stays():
    twice = [spoken("yes", ("0.5s", "0.9s")), spoken("yes", ("2.5s", "2.9s"))]
    assert [s.speaker for s in attach({"results": twice}, TURNS).segments] == ["Ann", "Bob"]
    repeat = spoken("yes", ("0.5s", "0.9s"), ("2.5s", "2.9s"), transcript=False)
    assert len(attach({"results": [*twice, repeat]}, TURNS).words) == 2
    *_, last = attach_same_shape({"results": [*twice, repeat]}, TURNS)["results"]
    assert [word["speakerLabel"] for word in last["alternatives"][0]["words"]] == ["Ann", "Bob"]
