"""Any recogniser's words: each vendor's shape, the same shape back, live objects, and what must be refused."""

from __future__ import annotations

import copy
import json
import math
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diarfuse.fusion.attaching import attach, attach_lazily, attach_same_shape
from diarfuse.fusion.errors import OptionError, TranscriptError
from diarfuse.fusion.formats.files import read_any
from diarfuse.fusion.types import Diarization, Turn, Word
from tests.amounts import examples
from tests.fusion.vendors import SEGMENT, VENDORS, WORDS, W, ms

TURNS = (Turn(0.0, 1.0, "A"), Turn(1.0, 3.0, "B"))


def without_speakers(data):
    if isinstance(data, dict):
        return {k: without_speakers(v) for k, v in data.items() if not k.lower().startswith("speaker")}
    return [without_speakers(v) for v in data] if isinstance(data, list) else data


def speakers(data) -> list[str]:
    if isinstance(data, dict):
        own = [v for k, v in data.items() if k.lower().startswith("speaker") and isinstance(v, str)]
        return own + [s for v in data.values() for s in speakers(v)]
    return [s for v in data for s in speakers(v)] if isinstance(data, list) else []


@pytest.mark.parametrize("vendor", VENDORS)
def test_each_shape_is_recognised_read_and_split(vendor):
    reading = read_any(VENDORS[vendor])
    assert reading.family == vendor
    transcript = attach(VENDORS[vendor], TURNS)
    words = [w for w in transcript.words if w.start is not None]
    assert [(w.text.strip(" .").lower(), w.start, round(w.end, 6), w.speaker) for w in words] == [
        ("hi", 0.2, 0.8, "A"),
        ("there", 1.2, 1.6, "B"),
    ]
    assert [(s.speaker, s.text.strip(" .")) for s in transcript.segments] == [("A", "Hi"), ("B", "there")]


@pytest.mark.parametrize("vendor", VENDORS)
def test_the_same_shape_comes_back_with_only_speakers_added(vendor):
    data = copy.deepcopy(VENDORS[vendor])
    labelled = attach_same_shape(data, TURNS)
    assert data == VENDORS[vendor], "the caller's own is untouched"
    assert without_speakers(labelled) == without_speakers(data)
    assert {"A", "B"} <= set(speakers(labelled))
    assert json.loads(json.dumps(labelled)) == labelled


def test_whisperx_copies_of_the_words_are_labelled_too():
    labelled = attach_same_shape(VENDORS["WhisperX"], TURNS)
    assert [w["speaker"] for w in labelled["word_segments"]] == ["A", "B"]


def test_files_json_ctm_and_lines_without_words(tmp_path):
    path = tmp_path / "words.json"
    path.write_text("\ufeff" + json.dumps(VENDORS["WhisperX"]), encoding="utf-8")
    assert [s.speaker for s in attach(path, TURNS).segments] == ["A", "B"]
    ctm = tmp_path / "a.ctm"
    ctm.write_text(";; comment\na 1 1.2 0.4 there. 0.8\na 1 0.2 0.6 Hi\n")
    assert [w.text for w in attach(str(ctm), TURNS).words] == ["Hi", "there."]
    lines = {"segments": [{"start": 0, "end": 0.9, "text": "Hi"}, {"start": 1.1, "end": 2, "text": "there"}]}
    assert [s.speaker for s in attach(lines, TURNS).segments] == ["A", "B"]


def test_live_segments_words_and_generators():
    live = (SimpleNamespace(start=0.1, end=1.7, text=" Hi there.", words=[Word(s, e, t) for t, s, e in W]) for _ in "x")
    assert [s.speaker for s in attach(live, TURNS).segments] == ["A", "B"]
    assert [s.speaker for s in attach((Word(s, e, t) for t, s, e in W), TURNS).segments] == ["A", "B"]


def test_lazily_one_segment_after_the_other():
    transcribe = pytest.importorskip("faster_whisper.transcribe")
    pulled = []

    def recognise():
        for i in range(3):
            pulled.append(i)
            words = [
                transcribe.Word(start=i + s, end=i + s + 0.4, word=t, probability=1.0)
                for t, s in (("a", 0.1), ("b", 0.5))
            ]
            yield transcribe.Segment(
                id=i, seek=0, start=i, end=i + 1, text="ab", tokens=[], avg_logprob=0.0, compression_ratio=1.0,
                no_speech_prob=0.0, words=words, temperature=0.0,
            )  # fmt: skip

    found = attach_lazily(recognise(), TURNS)
    first = next(found)
    assert pulled == [0]
    assert isinstance(first, transcribe.Segment)
    assert (first.speaker, [w.speaker for w in first.words]) == ("A", ["A", "A"])
    assert [segment.speaker for segment in found] == ["B", "B"]
    dicts = attach_lazily([copy.deepcopy(SEGMENT), {"start": 1, "end": 2, "text": "x"}], TURNS)
    assert [d["speaker"] for d in dicts] == ["A", "B"]


def test_a_bad_live_segment_is_named_when_its_turn_comes():
    found = attach_lazily(iter([SEGMENT, {"start": math.nan, "end": 1, "text": "x"}]), TURNS)
    assert next(found)["speaker"] == "A"
    with pytest.raises(TranscriptError, match=r"segments\[1\].*start=nan"):
        next(found)


@pytest.mark.parametrize("source", [5, None, object()])
def test_what_holds_no_words_at_all_is_refused(source):
    with pytest.raises(TranscriptError, match="none of the transcripts known"):
        attach(source, TURNS)
    with pytest.raises(TranscriptError, match="use attach_lazily"):
        attach_same_shape((word for word in WORDS), TURNS)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([{"word": "a", "start": math.nan, "end": 1}], r"words\[0\].start is nan"),
        ([{"word": "a", "start": "soon", "end": 1}], r"words\[0\].start is 'soon'"),
        ([{"word": "a", "start": True, "end": 1}], r"words\[0\].start is True"),
        ([{"start": 0, "end": 1}], r"words\[0\] has no text"),
        ([{"word": "a", "start": -5, "end": 1}], r"words\[0\] \('a'\) has the time -5"),
        ({"segments": [{"text": "a", "words": [{"word": "a"}]}]}, r"segments\[0\] has no start and end"),
        ({"segments": [{"words": {"word": "a"}}]}, r"segments\[0\].words must be a list"),
        ({"chunks": [{"text": "a", "timestamp": 3}]}, r"chunks\[0\].timestamp is 3"),
        ({"hello": 1}, "with the keys hello is none of the transcripts known"),
        ([{"word": "a", "start": 200, "end": 600}, {"word": "b", "start": 700, "end": 900}], "look like milliseconds"),
        ([{"word": "a", "start": 3200, "end": 9600}, {"word": "b", "start": 9900, "end": 32_000}], "look like samples"),
    ],
)
def test_what_cannot_be_is_refused_by_name_and_index(data, message):
    with pytest.raises(TranscriptError, match=message):
        attach(data, TURNS)


def test_milliseconds_are_told_by_the_recordings_length_or_by_the_caller():
    data = [{"word": "a", "start": 900, "end": 910}]
    with pytest.raises(TranscriptError, match="in a recording of 2 s"):
        attach(data, Diarization(TURNS, TURNS, 2.0))
    assert attach(data, TURNS, unit="ms").words[0].start == pytest.approx(0.9)
    with pytest.raises(OptionError, match="unit='h'"):
        attach(data, TURNS, unit="h")  # type: ignore[arg-type]


def test_a_recording_of_unknown_length_lasts_until_the_last_turn():
    assert attach(WORDS, TURNS).duration == 3.0
    assert attach(WORDS, TURNS[:1]).duration == 1.6
    assert attach(WORDS, TURNS, duration=2.0).duration == 2.0


def test_small_mistakes_are_repaired_and_noted():
    data = [{"word": "a", "start": -0.02, "end": 0.3}, {"word": "b", "start": 1.5, "end": 1.2}, {"word": "5"}]
    transcript = attach(data, TURNS)
    assert [(w.start, w.end, w.speaker) for w in transcript.words] == [
        (0.0, 0.3, "A"),
        (1.5, 1.5, "B"),
        (None, None, "B"),
    ]
    assert transcript.words[2].timing == "estimated"
    assert [note.split(" (")[0] for note in transcript.notes] == ["words[0]", "words[1]"]


def test_bad_files_are_named(tmp_path):
    for name, content in (("none.json", None), ("bad.json", b"{"), ("bytes.json", b"\xff\xfe\x00")):
        path = tmp_path / name
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(TranscriptError, match=name):
            attach(path, TURNS)
    (tmp_path / "x.ctm").write_text("a 1 0.2\n")
    with pytest.raises(TranscriptError, match="line 1"):
        attach(tmp_path / "x.ctm", TURNS)


def test_google_variants():
    v2 = {"results": [{"alternatives": [{"words": [{"word": "Hi", "endOffset": {"seconds": 0, "nanos": 400000000}}]}]}]}
    assert attach(v2, TURNS).words[0].end == pytest.approx(0.4)
    repeat = copy.deepcopy(VENDORS["Google"])
    repeat["results"].append({"alternatives": [{"words": repeat["results"][0]["alternatives"][0]["words"]}]})
    assert len(attach(repeat, TURNS).words) == 2


def test_azure_fast_transcription():
    words = [{"text": t, "offsetMilliseconds": ms(s), "durationMilliseconds": ms(e - s)} for t, s, e in W]
    data = {"phrases": [{"offsetMilliseconds": 100, "durationMilliseconds": 1600, "text": "Hi there.", "words": words}]}
    assert [w.speaker for w in attach(data, TURNS).words] == ["A", "B"]


def test_whisper_cpp_with_a_word_an_entry():
    entries = [{"offsets": {"from": ms(s), "to": ms(e)}, "text": f" {t}"} for t, s, e in W]
    assert [w.speaker for w in attach({"transcription": entries}, TURNS).words] == ["A", "B"]


def places(data: object) -> list[tuple[object, object]]:
    """Every (container, key) in parsed JSON."""
    keys = list(data) if isinstance(data, dict) else range(len(data)) if isinstance(data, list) else []
    return [pair for key in keys for pair in [(data, key), *places(data[key])]]  # type: ignore[index]


ODD = st.sampled_from(
    [None, True, -7, 1e300, 10**400, math.inf, "", "x", "1.5", [], [[]], {}, {"a": 1}, [None], ["x"], [{}]]
)


@pytest.mark.parametrize("vendor", VENDORS)
@settings(max_examples=examples(25))
@given(where=st.integers(0, 10_000), value=ODD)
def test_one_odd_value_anywhere_is_read_or_refused_but_never_breaks(vendor, where, value):
    data = [copy.deepcopy(VENDORS[vendor])]
    found = places(data)
    container, key = found[where % len(found)]
    container[key] = value
    for put in (attach, attach_same_shape):
        try:
            put(data[0], TURNS)
        except TranscriptError as error:
            assert str(error).endswith(".")  # noqa: PT017 - that it may succeed too is the point


@pytest.mark.parametrize("kind", [dict, SimpleNamespace])
def test_what_faster_whisper_tells_beside_its_segments_is_read(kind):
    said = [{"start": 0.2, "end": 1.6, "text": " Guten Tag", "words": None}]
    info = kind(language="de", language_probability=0.9, duration=7.5, duration_after_vad=2.0)
    for data in ((said, info), (iter(said), info), [said, info], {"segments": said, "info": info}):
        found = attach(data, TURNS)
        assert (found.language, found.duration, len(found.words)) == ("de", 7.5, 2)
    with pytest.raises(TranscriptError, match="use attach_lazily"):
        attach_same_shape((iter(said), info), TURNS)
    assert attach({"segments": said, "language": "fr", "info": info}, TURNS).language == "fr"


VERBOSE = {
    "task": "transcribe",
    "duration": 3.0,
    "language": "english",
    "text": "Hi there.",
    "words": WORDS,
    "segments": [{"id": 0, "start": 0.2, "end": 1.6, "text": " Hi there."}],
}


class Dumped:
    """As the models of OpenAI's client: walked through by pairs of names and values."""

    def model_dump(self) -> dict[str, object]:
        return copy.deepcopy(VERBOSE)

    def __iter__(self):
        return iter(VERBOSE.items())


class Converted:
    def to_dict(self) -> dict[str, object]:
        return copy.deepcopy(VERBOSE)


class Answered:
    json_response = VERBOSE


def test_what_a_client_answers_is_read_as_its_json():
    told = attach(VERBOSE, TURNS)
    assert [segment.speaker for segment in told.segments] == ["A", "B"]
    assert attach(SimpleNamespace(**VERBOSE), TURNS) == told
    assert attach(told, TURNS).words == told.words
    for kind in (Dumped, Converted, Answered):
        assert attach(kind(), TURNS) == told
        with pytest.raises(TranscriptError, match=f"^A {kind.__name__} is no JSON: give its "):
            attach_same_shape(kind(), TURNS)
    given = SimpleNamespace(**copy.deepcopy({**VERBOSE, "words": [SimpleNamespace(**word) for word in WORDS]}))
    assert [word.speaker for word in attach_same_shape(given, TURNS).words] == ["A", "B"]
    assert not hasattr(given.words[0], "speaker")


def test_json_as_text_is_told_from_a_files_name():
    with pytest.raises(TranscriptError) as caught:
        attach(json.dumps(VERBOSE), TURNS)
    assert str(caught.value).startswith('\'{"task": "transcribe", ')
    assert str(caught.value).endswith("... is JSON, and no file's name: give json.loads of it.")


@pytest.mark.parametrize("duration", [-1, math.nan, "4", True, 1e30])
def test_a_length_that_no_recording_has_is_refused(duration):
    for function in (attach, attach_same_shape):
        with pytest.raises(OptionError, match=r"^duration=.* must be a number of seconds, 0 or more"):
            function(WORDS, TURNS, duration=duration)


def test_the_two_that_faster_whisper_returns_are_labelled_as_its_segments_are():
    segment = {"start": 0.2, "end": 0.8, "text": "Hi", "words": WORDS[:1]}
    (found,) = attach_lazily((iter([segment]), SimpleNamespace(language="en")), TURNS)
    assert found["speaker"] == "A"
