"""Transcripts as their vendors write them today: texts kept, wrapped and repeated parts, broken characters."""

from __future__ import annotations

import copy
from collections import namedtuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarfuse.exporters import ctm
from diarfuse.fusion.attaching import attach, attach_same_shape
from diarfuse.fusion.cues import passages_of
from diarfuse.fusion.document import Document
from diarfuse.fusion.errors import TranscriptError
from diarfuse.fusion.formats.files import read_any
from diarfuse.fusion.formats.reading import flat_lines, make_slot
from diarfuse.fusion.types import Turn
from tests.fusion.formats.said import TURNS, lines

TEXT = "It's $25, Bob. (Thanks!) See example.org"
WORDS = [("It's", 0.2), ("25", 0.6), ("Bob", 1.2), ("Thanks", 2.2), ("See", 2.7), ("example.org", 3.0)]
LINES = [("Ann", "It's $25, Bob."), ("Bob", " (Thanks!)"), ("Bob", " See example.org")]


def words(name: str = "word", **more: object) -> list[dict[str, object]]:
    return [{name: text, "start": start, "end": start + 0.3, **more} for text, start in WORDS]


OWN_TEXT = {
    "OpenAI's words alone": {"task": "transcribe", "duration": 4.0, "text": TEXT, "words": words()},
    "no segments": {"text": TEXT, "segments": [], "words": words()},
    "Hugging Face": {"text": TEXT, "chunks": [{"text": t, "timestamp": [s, s + 0.3]} for t, s in WORDS]},
    "NeMo": {"text": TEXT, "timestamp": {"word": words()}},
    "Deepgram": {"results": {"channels": [{"alternatives": [{"transcript": TEXT, "words": words()}]}]}},
    "AssemblyAI": {
        "audio_duration": 4,
        "text": TEXT,
        "words": [{"text": t, "start": round(1000 * s), "end": round(1000 * s) + 300} for t, s in WORDS],
    },
    "AWS": {
        "results": {
            "transcripts": [{"transcript": TEXT}],
            "items": [
                {"start_time": str(s), "end_time": str(s + 0.3), "alternatives": [{"content": t}]} for t, s in WORDS
            ],
        }
    },
}


@pytest.mark.parametrize("vendor", OWN_TEXT)
def test_lines_are_cut_from_the_recognisers_own_text(vendor):
    assert lines(OWN_TEXT[vendor]) == LINES


ORDINAL = [("Am", 0.0), (" 3.", 0.4), (" Oktober", 0.8), (" war", 1.2), (" es.", 1.6)]
SAID = [{"text": t.strip(), "start": s, "end": s + 0.3} for t, s in ORDINAL]
IN_GERMAN = {
    "OpenAI": {"task": "transcribe", "duration": 2.0, "language": "german", "words": SAID},
    "plain list": {"language": "de-AT", "words": SAID},
    "ElevenLabs": {
        "language_code": "deu",
        "words": [{"type": "word", "text": t, "start": s, "end": s + 0.3} for t, s in ORDINAL],
    },
    "sherpa-onnx": {"lang": "de", "tokens": [t for t, _ in ORDINAL], "timestamps": [s for _, s in ORDINAL]},
    "AssemblyAI": {
        "language_code": "de",
        "audio_duration": 2,
        "words": [
            {**word, "start": round(1000 * s), "end": round(1000 * s) + 300}
            for word, (_, s) in zip(SAID, ORDINAL, strict=True)
        ],
    },
    "AWS": {
        "results": {
            "language_code": "de-DE",
            "items": [
                {"start_time": str(s), "end_time": str(s + 0.3), "alternatives": [{"content": t.strip()}]}
                for t, s in ORDINAL
            ],
        }
    },
    "AWS while it listens": {
        "Transcript": {
            "Results": [
                {
                    "LanguageCode": "de-DE",
                    "Alternatives": [
                        {"Items": [{"Content": t.strip(), "StartTime": s, "EndTime": s + 0.3} for t, s in ORDINAL]}
                    ],
                }
            ]
        }
    },
    "whisper.cpp": {
        "result": {"language": "de"},
        "transcription": [
            {"text": t, "offsets": {"from": round(1000 * s), "to": round(1000 * s) + 300}} for t, s in ORDINAL
        ],
    },
}


@pytest.mark.parametrize("vendor", IN_GERMAN)
def test_lines_end_by_the_abbreviations_of_the_language_that_is_told(vendor):
    found = read_any(IN_GERMAN[vendor])
    assert (found.language, [line.text.strip() for line in found.lines]) == ("de", ["Am 3. Oktober war es."])


def test_a_text_of_other_words_is_not_used():
    assert lines({"text": "Something else entirely was said here", "words": words()})[0][1].startswith("It's 25")


@given(st.lists(st.text("ab .。日é\u0301", min_size=1, max_size=4), max_size=12))
def test_flat_lines_put_together_are_the_text(texts):
    slots = [make_slot({}, f"words[{i}]", text, i / 2, i / 2 + 0.4) for i, text in enumerate(texts)]
    for text in ("".join(texts), " ".join(texts)):
        assert "".join(line.text for line in flat_lines(slots, "words", text)).split() == text.split()
        assert [slot for line in flat_lines(slots, "words", text) for slot in line.slots] == slots


def test_characters_make_words_and_all_are_labelled():
    text = "HI YOU."
    data = {"text": text, "chunks": [{"text": c, "timestamp": [i / 2, i / 2 + 0.4]} for i, c in enumerate(text)]}
    transcript = attach(data, [Turn(0.0, 1.2, "Ann"), Turn(1.4, 4.0, "Bob")])
    assert [(w.text, w.start, w.speaker) for w in transcript.words] == [("HI", 0.0, "Ann"), (" YOU.", 1.5, "Bob")]
    labelled = attach_same_shape(data, [Turn(0.0, 1.2, "Ann"), Turn(1.4, 4.0, "Bob")])
    assert [chunk["speaker"] for chunk in labelled["chunks"]] == ["Ann"] * 2 + ["Bob"] * 5


def test_copies_utterances_and_paragraphs_are_labelled():
    paragraphs = {"paragraphs": [{"start": 2.2, "end": 3.3, "speaker": 0, "sentences": []}]}
    alternative = {"transcript": TEXT, "words": words(speaker=0), "paragraphs": paragraphs}
    utterances = [{"start": 0.2, "end": 1.5, "speaker": 0, "words": words(speaker=0)[:3]}]
    data = {"results": {"channels": [{"alternatives": [alternative]}], "utterances": utterances}}
    found = attach_same_shape(data, TURNS)["results"]
    (utterance,) = found["utterances"]
    assert [utterance["speaker"], *(w["speaker"] for w in utterance["words"])] == ["Ann"] * 4
    assert found["channels"][0]["alternatives"][0]["paragraphs"]["paragraphs"][0]["speaker"] == "Bob"


def test_assemblyais_utterances_are_labelled():
    data = copy.deepcopy(OWN_TEXT["AssemblyAI"])
    data["utterances"] = [{"start": 200, "end": 3300, "speaker": "A", "words": copy.deepcopy(data["words"])}]
    (utterance,) = attach_same_shape(data, TURNS)["utterances"]
    assert utterance["speaker"] in ("Ann", "Bob")
    assert [w["speaker"] for w in utterance["words"]] == ["Ann"] * 3 + ["Bob"] * 3


def test_awss_own_segments_are_labelled():
    data = copy.deepcopy(OWN_TEXT["AWS"])
    times = {"start_time": "2.2", "end_time": "3.3", "speaker_label": "spk_0"}
    data["results"]["audio_segments"] = [{"id": 0, **times}]
    data["results"]["speaker_labels"] = {"segments": [{**times, "items": [dict(times)]}]}
    found = attach_same_shape(data, TURNS)["results"]
    (segment,) = found["speaker_labels"]["segments"]
    places = [found["audio_segments"][0], segment, segment["items"][0]]
    assert [place["speaker_label"] for place in places] == ["Bob"] * 3


def test_azures_spoken_words_are_labelled_beside_the_written_ones():
    ticks = {"offsetInTicks": 22_000_000.0, "durationInTicks": 3_000_000.0}
    best = {
        "display": "Thanks!",
        "words": [{"word": "thanks", **ticks}],
        "displayWords": [{"displayText": "x", **ticks}],
    }
    found = attach_same_shape({"recognizedPhrases": [{**ticks, "nBest": [best]}]}, TURNS)["recognizedPhrases"][0]
    assert {w["speaker"] for name in ("words", "displayWords") for w in found["nBest"][0][name]} == {"Bob"}


@pytest.mark.parametrize(
    "data",
    [
        {
            "transcription": [
                {"text": f" line {i} is here", "offsets": {"from": t, "to": t}} for i, t in enumerate((0, 900))
            ]
        },
        {
            "segments": [
                {"start": 1, "end": 1, "text": "Good morning to you all"},
                {"start": 1, "end": 3, "text": "Hm no"},
            ]
        },
        {"text": "", "chunks": [{"text": "a line of words", "timestamp": [2.0, None]}]},
    ],
)
def test_lines_that_last_no_time_get_some_and_a_note(data):
    reading = read_any(data)
    assert all(line.end - line.start > 0.19 for line in reading.lines)
    assert any("lasts no time: it was given" in line.note for line in reading.lines)
    assert all(cue.end > cue.start for cue in attach(data, TURNS).segments)


@pytest.mark.parametrize(
    "data",
    [
        {"transcription": [{"offsets": {"from": -300, "to": 2900}, "text": " And so my fellow people"}]},
        {"transcription": [{"offsets": {"from": 0, "to": 900}, "text": " a b c", "tokens": [
            {"text": " a", "offsets": {"from": 0, "to": 300}}, {"text": "b", "offsets": {"from": -20, "to": 900}}]}]},
        {"text": "", "chunks": [{"text": "a line of words", "timestamp": [-0.5, 2.0]}]},
        {"segments": [{"start": -0.5, "end": 2.0, "text": "a line of words"}]},
    ],
)  # fmt: skip
def test_a_repair_is_noted_however_the_words_come(data):
    assert any("before the recording: it was moved to 0" in note for note in attach(data, TURNS).notes)


def test_lines_of_scripts_without_spaces_are_lines():
    entries = [{"text": "今天天气怎么样啊", "offsets": {"from": 0, "to": 1900}}]
    assert read_any({"transcription": entries}).lines[0].slots == ()
    chunks = [{"text": "今天天气怎么样啊", "timestamp": [0, 1.9]}]
    assert read_any({"text": "", "chunks": chunks}).lines[0].slots == ()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"null", "holds null: a transcript is an object or a list"),
        (b"3", "holds 3"),
        (b'"a 1 0 1 hi"', "holds "),
        (b'{"segments": [{"start": 0, "end": 1, "te', "is no JSON"),
        (b'[{"word": "caf\xe9", "start": 0, "end": 1}]', "bad.json is no text in UTF-8: save it as such"),
        ('[{"word": "caf\xe9", "start": 0, "end": 1}]'.encode("utf-16")[:-1], "bad.json is no text in UTF-8"),
        (b'[{"word": "a", "start": NaN, "end": 1}]', r"bad.json: words\[0\].start is nan"),
    ],
)
def test_what_is_no_transcript_is_refused_with_the_files_name(tmp_path, content, message):
    path = tmp_path / "bad.json"
    path.write_bytes(content)
    with pytest.raises(TranscriptError, match=message) as caught:
        attach(path, TURNS)
    assert "bad.json" in str(caught.value)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])  # as Notepad and PowerShell write
@pytest.mark.parametrize(
    "text",
    [
        '[{"word": "Caf\xe9", "start": 0.2, "end": 0.5}]',
        "a 1 0.2 0.3 Caf\xe9\n",
        "1\n00:00:00,200 --> 00:00:00,500\nCaf\xe9\n",
        "WEBVTT\n\n00:00.200 --> 00:00.500\nCaf\xe9\n",
    ],
)
def test_a_text_with_a_mark_is_read_in_what_the_mark_says(tmp_path, text, encoding):
    path = tmp_path / "words.txt"
    path.write_bytes(text.encode(encoding))
    assert [word.text.strip() for word in attach(path, TURNS).words] == ["Caf\xe9"]


@pytest.mark.parametrize(
    "data",
    [
        {"results": [{"final": True, "alternatives": [{"transcript": "a", "timestamps": ["a" * 9999]}]}]},
        {"text": "a", "chunks": [{"text": "a", "timestamp": "1" * 9999}]},
        [{"word": "a" * 9999, "start": -5, "end": 1}],
        "a 1 -5" + "0" * 9999 + " 1 a",
    ],
)
def test_a_long_value_is_cut_in_the_sentence(data, tmp_path):
    if isinstance(data, str):
        (tmp_path / "a.ctm").write_text(data, encoding="utf-8")
    with pytest.raises(TranscriptError) as caught:
        attach(tmp_path / "a.ctm" if isinstance(data, str) else data, TURNS)
    assert len(str(caught.value).replace(str(tmp_path), "")) < 300


def test_ctm_under_any_name_but_of_one_recording(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text(";; made by NeMo\na 1 0.2 0.3 Hi NA lex NA\n")
    assert [w.speaker for w in attach(path, TURNS).words] == ["Ann"]
    path.write_text("a 1 0.2 0.3 Hi\nb 1 0.2 0.3 Ho\n")
    with pytest.raises(TranscriptError, match="holds 2 recordings"):
        attach(path, TURNS)


@pytest.mark.parametrize("score", [float("nan"), "n/a", None, True])
def test_a_score_that_is_none_does_not_stop_the_join(score):
    (word,) = attach([{"word": "a", "start": 0.1, "end": 0.4, "score": score}], TURNS).words
    assert word.speaker == "Ann"
    assert word.probability in (None, 1.0)


def test_vosk_with_alternatives_reads_the_best():
    best = {"confidence": 0.9, "text": "hi", "result": [{"word": "hi", "start": 0.2, "end": 0.5}]}
    assert lines({"alternatives": [best, {**best, "text": "high"}]}) == [("Ann", "hi")]


def test_gladia_also_sends_its_result_as_a_callback():
    utterance = {"start": 0.2, "end": 0.8, "text": " Hi", "words": [{"word": " Hi", "start": 0.2, "end": 0.8}]}
    data = {"id": "x", "event": "transcription.success", "payload": {"transcription": {"utterances": [utterance]}}}
    assert read_any(data).family == "Gladia"
    assert lines(data) == [("Ann", " Hi")]
    labelled = attach_same_shape(data, TURNS)["payload"]["transcription"]["utterances"][0]
    assert (labelled["speaker"], labelled["words"][0]["speaker"]) == ("Ann", "Ann")


def test_watsons_own_labels_are_replaced():
    best = {"transcript": "hi you ", "timestamps": [["hi", 0.2, 0.5], ["you", 2.2, 2.5]]}
    labels = [{"from": 0.2, "to": 0.5, "speaker": 1}, {"from": 2.2, "to": 2.5, "speaker": 1}]
    data = {"results": [{"alternatives": [best], "final": True}], "speaker_labels": labels}
    assert [label["speaker"] for label in attach_same_shape(data, TURNS)["speaker_labels"]] == ["Ann", "Bob"]
    best["timestamps"][0] = ["hi", 0.2]  # type: ignore[index]
    with pytest.raises(TranscriptError, match=r"timestamps\[0\] is \['hi', 0.2\]: it must be \[word, start, end\]"):
        attach(data, TURNS)


def test_a_list_of_segments_without_words_holds_lines():
    text = " Good morning everyone, welcome."
    for more in ({"words": None}, {}):
        (line,) = read_any([{"start": 0.0, "end": 1.9, "text": text, **more}]).lines
        assert (line.text, line.slots) == (text, ())
    assert len(read_any([{"start": 0.0, "end": 1.9, "text": "Good"}]).lines[0].slots) == 1


@pytest.mark.parametrize(
    "data",
    [{"text": "Hello", "words": []}, {"text": "Hello", "chunks": []}, {"text": "Hello", "timestamp": {"word": []}}],
)
def test_text_without_words_is_not_lost(data):
    with pytest.raises(TranscriptError, match="has no words, though there is text"):
        attach(data, TURNS)
    assert attach({**data, "text": " "}, TURNS).segments == ()


def test_copies_of_words_agree_with_the_words():
    said = [("So", 0, 1000), ("yes", 300, 700), ("and", 1000, 1300), ("x", 1400, 1400)]
    own = [{"text": t, "start": s, "end": e} for t, s, e in said]
    data = {"audio_duration": 4, "words": own, "utterances": [{"start": 0, "end": 1400, "words": copy.deepcopy(own)}]}
    labelled = attach_same_shape(data, [Turn(0, 1.5, "Ann"), Turn(0.3, 0.7, "Bob")])
    (utterance,) = labelled["utterances"]
    assert [w["speaker"] for w in labelled["words"]] == ["Ann", "Bob", "Ann", "Ann"]
    assert [w["speaker"] for w in utterance["words"]] == ["Ann", "Bob", "Ann", "Ann"]


def test_what_cannot_carry_speakers_back_is_refused():
    line = namedtuple("line", "start end text words")  # noqa: PYI024 - as plain as they come
    with pytest.raises(TranscriptError, match=r"segments\[0\] is a line, which cannot change: use attach_lazily"):
        attach_same_shape([line(0.1, 0.8, "Hi", [{"word": "Hi", "start": 0.1, "end": 0.8}])], TURNS)
    with pytest.raises(TranscriptError, match=r"'words.json' is a file's name"):
        attach_same_shape("words.json", TURNS)


def item(text: str, *times: str) -> dict[str, object]:
    kind = dict(zip(("start_time", "end_time"), times, strict=True)) if times else {}
    return {"type": "pronunciation" if times else "punctuation", "alternatives": [{"content": text}], **kind}


def timed(text: str, *times: float) -> dict[str, object]:
    return {"word": text, **(dict(zip(("start", "end"), times, strict=True)) if times else {})}


@pytest.mark.parametrize(
    "data",
    [
        {"results": {"items": [item("Hi", "0.5", "0.75"), item(","), item("you", "1", "1.5"), item(".")]}},
        [timed("Hi", 0.5, 0.75), timed(","), timed("you", 1.0, 1.5), timed(".")],
        {"segments": [{"start": 0.5, "end": 1.5, "text": " Hi , you.", "words": [
            timed("Hi", 0.5, 0.75), timed(","), timed("you", 1.0, 1.5), timed("."),
        ]}]},
    ],
    ids=["AWS", "plain list", "segments"],
)  # fmt: skip
def test_nobody_says_marks(data):
    transcript = attach(data, TURNS)
    assert [(word.start, word.end) for word in transcript.words] == [(0.5, 0.75), (1.0, 1.5)]
    (row,) = passages_of(transcript)
    assert (row.start, row.end, row.text) == (0.5, 1.5, transcript.segments[0].text.strip())
    assert ctm.dumps(Document(transcript, name="a")) == "a 1 0.500 0.250 Hi,\na 1 1.000 0.500 you.\n"


def test_a_bracket_that_opens_stays_before_its_word():
    said = [timed("Hi", 0.5, 0.75), timed("("), timed("you", 1.0, 1.5), timed(")")]
    assert [word.text.strip() for word in attach(said, TURNS).words] == ["Hi", "(", "you)"]


@pytest.mark.parametrize("time", ["1_0", "1_0s", "\u0663"])
def test_times_as_only_python_writes_them_are_refused(time):
    with pytest.raises(TranscriptError, match=r"words\[0\].start is '.*': give a finite number"):
        attach([{"word": "Hi", "start": time, "end": 20}], TURNS)


def test_a_small_time_before_zero_is_repaired_in_milliseconds_too():
    (word,) = attach([{"word": "a", "start": -20, "end": 300}], TURNS, unit="ms").words
    assert (word.start, word.end) == (0.0, 0.3)


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        *[("en-US", "en"), ("pt_br", "pt"), ("german", "de"), ("haitian creole", "ht"), ("deu", "de"), ("xx-YY", "xx")],
        *[
            ("multi", None),
            ("auto", None),
            ("\ud800", None),
            ("\x1b[2J", None),
            ("", None),
            ("-", None),
            (5, None),
            (None, None),
            ("日本", None),
        ],
    ],
)
def test_only_what_can_be_a_language_is_one(tag, language):
    assert read_any({"language": tag, "segments": [{"start": 0, "end": 1, "text": "Hi"}]}).language == language


@pytest.mark.parametrize("half", ["\\ud83d", "\\ude00", "\\udcc3"])
@pytest.mark.parametrize(
    "shape",
    [
        '[{"word": "Hi%s.", "start": 0.1, "end": 0.4}, {"word": "you", "start": 2.1, "end": 2.4}]',
        '{"text": "Hi%s. you", "chunks": [{"text": "Hi%s. you", "timestamp": [0.1, 2.4]}]}',
        '{"segments": [{"start": 0.1, "end": 2.4, "text": "Hi%s. you"}]}',
        '{"text": "Hi%s. you", "words": [{"word": "Hi", "start": 0, "end": 1}, {"word": "you", "start": 2, "end": 3}]}',
    ],
)
def test_halves_of_characters_become_the_replacement_character(tmp_path, shape, half):
    (tmp_path / "half.json").write_text(shape.replace("%s", half))
    found = attach(tmp_path / "half.json", TURNS)
    text = "".join(segment.text for segment in found.segments)
    assert "\ufffd" in text
    assert text.encode("utf-8")


def test_a_document_of_a_newer_version_is_refused() -> None:
    newer = {"format": "diarfuse/9", "segments": [{"start": 0.0, "end": 1.0, "text": "hi"}]}
    with pytest.raises(TranscriptError, match="'diarfuse/9', of a newer version"):
        read_any(newer)


@pytest.mark.parametrize(
    "data",
    [
        {"transcript": []},
        {"Transcript": [], "JobStatus": "COMPLETED"},
        {"lines": []},
        {"sentences": []},
        {"utterances": []},
    ],
)
def test_an_empty_list_of_what_was_said_is_silence(data):
    assert lines(data) == []
    with pytest.raises(TranscriptError, match="has no words, though there is text"):
        read_any({**data, "text": "Hello."})


@pytest.mark.parametrize("words", [[{"text": ""}], [{"word": "a"}, {"word": "b"}]])
def test_words_of_which_none_has_a_time_are_told_as_such(words):
    for data in (words, {"words": words}):
        with pytest.raises(TranscriptError, match=r"^None of the words has a time: add start and end, in seconds\.$"):
            read_any(data)
