import json

import numpy as np
import pytest

from diarfuse.asr_adapters.words_json import WordsJson
from diarfuse.fusion.errors import TranscriptError
from diarfuse.fusion.types import Word

SECOND = np.zeros(16000, np.float32)


@pytest.fixture
def read(tmp_path):
    def transcribe(data, **options):
        path = tmp_path / "words.json"
        path.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")
        return WordsJson(path).transcribe(SECOND, **options)

    return transcribe


def test_segments_keep_their_text_times_and_words(read):
    data = {
        "language": "en",
        "segments": [
            {
                "start": 0.5,
                "end": 2,
                "text": " Hi, you.",
                "words": [{"word": " Hi,", "start": 0.5, "end": 1, "score": 0.5}],
            },
            {"start": 3, "end": 4, "text": "no words"},
            {
                "words": [
                    {"text": "no", "start": 5, "end": 6},
                    {"text": "number"},
                    {"text": "7", "start": 6, "end": 6.5},
                ]
            },
        ],
    }
    found = read(data)
    assert (found.language, found.duration) == ("en", 1.0)
    first, second, third = found.segments
    assert (first.start, first.end, first.text) == (0.5, 2.0, " Hi, you.")
    assert first.words == (Word(0.5, 1.0, " Hi,", 0.5),)
    assert second.words == ()
    assert (third.start, third.end, third.text) == (5.0, 6.5, "no number 7")
    assert third.words[1] == Word(None, None, "number")


def test_a_list_breaks_at_sentences_and_pauses(read):
    words = [("One", 0, 1), ("two.", 1, 2), ("Three", 2, 3), ("four", 5, 6)]
    found = read([{"word": word, "start": start, "end": end} for word, start, end in words], language="en")
    assert [segment.text for segment in found.segments] == ["One two.", "Three", "four"]
    assert len(found.words) == 4


def test_words_that_bring_their_spaces_get_no_others(read):
    found = read([{"word": " One", "start": 0, "end": 1}, {"word": "-two", "start": 1, "end": 2}])
    assert found.segments[0].text == " One-two"


def test_words_of_unspaced_scripts_are_joined_without_spaces(read):
    found = read([{"word": word, "start": 0, "end": 1} for word in ("今日", "は", "ok", "then")])
    assert found.segments[0].text == "今日はok then"


def test_empty_lists_are_empty_transcripts(read):
    assert read([]).segments == read({"segments": []}).segments == ()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("{not json", "is no JSON"),
        ({"words": 1}, "expected a list of words"),
        ([{"start": 0, "end": 1}], 'word 0 has no "word"'),
        ([{"word": "a", "start": 0, "end": 1}, 3], "word 1 must be an object"),
        ([{"word": "a", "start": "0", "end": 1}], "word 0 .*start='0' must be a number"),
        ([{"word": "a", "start": 0}], "end=None must be a number"),
        ([{"word": "a", "start": -1, "end": 1}], "start=-1"),
        ([{"word": "a", "start": 2, "end": 1}], "end=1 lies before start=2"),
        ('[{"word": "a", "start": NaN, "end": 1}]', "start=nan"),
        ([{"word": "a", "start": 0, "end": 10**400}], "end=1000.* must be a number of seconds"),
        ({"segments": [{"text": "a"}]}, "segment 0 has no start and end"),
        ({"segments": [{"words": "a"}]}, '"words" must be a list'),
        ({"segments": [7]}, "segment 0 must be an object"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name_and_index(read, data, message):
    with pytest.raises(TranscriptError, match=message) as caught:
        read(data)
    assert "words.json" in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(TranscriptError, match=r"nowhere\.json cannot be read"):
        WordsJson(tmp_path / "nowhere.json").transcribe(SECOND)
