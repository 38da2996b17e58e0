import json

import numpy as np
import pytest

from diarfuse.asr_adapters.words_json import WordsJson
from diarfuse.fusion.errors import OptionError, TranscriptError
from diarfuse.fusion.formats.files import read_any, transcript_of
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
    assert third.words[1] == Word(None, None, "number", timing="estimated")


def test_sentences_end_by_the_rules_of_the_language_that_is_asked_for(read):
    data = [{"word": word, "start": i / 5, "end": i / 5 + 0.1} for i, word in enumerate(("Am", "3.", "Mai."))]
    for language, expected in ((None, ["Am 3.", "Mai."]), ("de", ["Am 3. Mai."])):
        found = read(data, language=language)
        assert [segment.text for segment in found.segments] == expected
        assert found.language == language


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


OPENAI = {
    "task": "transcribe",
    "duration": 1.0,
    "text": "Hi you. Bye.",
    "segments": [{"start": 0, "end": 0.5, "text": " Hi you."}, {"start": 0.5, "end": 0.9, "text": " Bye."}],
    "words": [{"word": w, "start": i / 4, "end": i / 4 + 0.2} for i, w in enumerate(("Hi", "you", "Bye"))],
}
DEEPGRAM = {
    "results": {
        "channels": [{"alternatives": [{"transcript": "Hi.", "words": [{"word": "hi", "start": 0.1, "end": 0.4}]}]}]
    }
}
ALIKE = {
    "Deepgram": DEEPGRAM,
    "words beside segments": OPENAI,
    "just before zero": [{"word": "a", "start": -0.01, "end": 0.3}],
    "end before start": [{"word": "a", "start": 0.5, "end": 0.4}],
    "times as text": [{"word": "a", "start": "0.1", "end": "0.3s"}],
    "whisper.cpp": {"transcription": [{"offsets": {"from": 100, "to": 900}, "text": " Hi."}]},
    "lines": {"segments": [{"start": "0", "end": 0.9, "text": "Hi. You."}]},
    "score of another name": [{"text": "a", "start": 0, "end": 0.3, "conf": 0.25}],
}


@pytest.mark.parametrize("kind", ALIKE)
def test_what_attach_reads_is_read_alike(read, kind):
    expected = transcript_of(read_any(ALIKE[kind]))
    found = read(ALIKE[kind])
    assert (found.segments, found.notes, found.language) == (expected.segments, expected.notes, expected.language)
    assert found.segments
    assert found.duration == 1.0


def test_words_beside_segments_are_not_lost(read):
    assert [[w.text for w in s.words] for s in read(OPENAI).segments] == [["Hi", "you"], ["Bye"]]


def test_milliseconds_are_refused_until_they_are_named(read, tmp_path):
    data = [{"word": "Hi", "start": 30_000, "end": 30_400}]
    with pytest.raises(TranscriptError, match=r"look like milliseconds .*in a recording of 1 s"):
        read(data)
    path = tmp_path / "ms.json"
    path.write_text(json.dumps(data))
    assert WordsJson(path, unit="ms").transcribe(SECOND).words[0].start == 30.0


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("{not json", "is no JSON"),
        ({"words": 1}, "none of the transcripts known"),
        ([{"start": 0, "end": 1}], r"words\[0\] has no text"),
        ([{"word": "a", "start": 0, "end": 1}, 3], r"words\[1\] has no text"),
        ([{"word": "a", "start": "soon", "end": 1}], r"words\[0\].start is 'soon'"),
        ([{"word": "a", "start": -2, "end": 1}], r"words\[0\] \('a'\) has the time -2"),
        ('[{"word": "a", "start": NaN, "end": 1}]', r"words\[0\].start is nan"),
        ([{"word": "a", "start": 0, "end": 10**400}], r"words\[0\].end is 1000"),
        ({"segments": [{"text": "a"}]}, r"segments\[0\] has no start and end"),
        ({"segments": [{"words": "a"}]}, r"segments\[0\].words must be a list"),
        ({"segments": [7]}, r"segments\[0\] has no start and end"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name_and_index(read, data, message):
    with pytest.raises(TranscriptError, match=message) as caught:
        read(data)
    assert "words.json" in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(TranscriptError, match=r"nowhere\.json cannot be read"):
        WordsJson(tmp_path / "nowhere.json").transcribe(SECOND)
    with pytest.raises(OptionError, match=r"words-json needs the file with the words: --model WORDS\.json"):
        WordsJson()


def test_words_after_the_end_of_the_recording_are_told_of(read):
    assert read([{"word": "a", "start": 1.9, "end": 2.1}]).notes == ()
    (note,) = read([{"word": "a", "start": 0.1, "end": 0.2}, {"word": "b", "start": 9.0, "end": 9.5}]).notes
    assert note == "Words begin at 9.0 s, and the recording lasts 1.0 s: are they of this one?"
    (note,) = read([{"word": "a", "start": at / 2, "end": at / 2 + 0.5} for at in range(9)]).notes
    assert note.startswith("Words begin at 4.0 s"), "a line without a pause is looked at word by word"
