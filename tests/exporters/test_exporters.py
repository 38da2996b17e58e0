"""Every format: what it looks like, that its own readers get the content back, and its edges."""

from __future__ import annotations

import csv
import html
import io
import json
import re

import numpy as np
import pysubs2
import pytest
import srt
from hypothesis import given
from hypothesis import strategies as st

from diarfuse.exporters import registry
from diarfuse.exporters.lines import label, named
from diarfuse.exporters.style import Style
from diarfuse.fusion.cues import Layout
from diarfuse.fusion.document import Document
from diarfuse.fusion.errors import OptionError, UnknownNameError
from diarfuse.fusion.text import one_line
from diarfuse.fusion.types import Attribution, Diarization, Segment, SpeakerShare, Transcript, Turn, Word

WORDS = (
    Word(0.5, 0.9, " Good", 0.98765, speaker="SPEAKER_00", attribution=Attribution("overlap", 0.97123)),
    Word(
        0.9,
        None,
        " morning.",
        None,
        "estimated",
        attribution=Attribution("none", 0.0, (SpeakerShare("SPEAKER_01", 0.25),), "no turn"),
    ),
)
MEETING = Transcript(
    (
        Segment(0.5, 1.4996, " Good morning.", WORDS, "SPEAKER_00"),
        Segment(3661.5, 3662.0, "a < b & c --> d", speaker="Ana > Ben"),
        Segment(3663.0, 3663.0, "  "),
    ),
    "en",
    3700.0,
)
PLAIN = Transcript((Segment(0.0, 1.0, " 你好\n世界", ()),), None, 1.0)
EMPTY = Transcript((), None, 0.0)
TURNS = Diarization((Turn(0.5, 2.0, "A"), Turn(1.5, 2.0, "B")), (Turn(0.5, 2.0, "A"),), 3.0)

TEXTS = [name for name in registry.names() if name not in {"docx", "png"}]
"""The formats that people can read; test_docx.py and test_picture.py have the others' names."""

steering = "\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
texts = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters=steering), max_size=30)
times = st.floats(0, 400_000, allow_nan=False)
segments = st.builds(
    lambda start, length, text, speaker: Segment(start, start + length, text, (), speaker),
    times,
    st.floats(0, 60),
    texts,
    st.none() | st.sampled_from(["SPEAKER_00", "Ana & <b>", "李雷"]),
)
transcripts = st.builds(lambda rows: Transcript(tuple(rows), "en", 1.0), st.lists(segments, max_size=6))


def test_srt() -> None:
    assert registry.dumps(Document(MEETING), "srt") == (
        "1\n00:00:00,500 --> 00:00:01,500\nSPEAKER_00: Good morning.\n\n"
        "2\n01:01:01,500 --> 01:01:02,000\nAna > Ben: a < b & c -> d\n\n"
    )


def test_vtt_escapes_text_and_names() -> None:
    assert registry.dumps(Document(MEETING), "vtt") == (
        "WEBVTT\n\n00:00:00.500 --> 00:00:01.500\n<v SPEAKER_00>Good morning.\n\n"
        "01:01:01.500 --> 01:01:02.000\n<v Ana &gt; Ben>a &lt; b &amp; c --&gt; d\n\n"
    )


def test_txt() -> None:
    assert registry.dumps(Document(MEETING), "txt") == "SPEAKER_00: Good morning.\n\nAna > Ben: a < b & c --> d\n"
    assert registry.dumps(Document(PLAIN), "txt") == "你好 世界\n"


def test_json_keeps_everything() -> None:
    document = json.loads(registry.dumps(Document(MEETING), "json"))
    assert document["speakers"] == ["Ana > Ben", "SPEAKER_00"]
    first = document["segments"][0]
    assert first["text"] == " Good morning."
    assert first["words"][0] == {
        "start": 0.5,
        "end": 0.9,
        "word": " Good",
        "probability": 0.98765,
        "timing": "recognised",
        "speaker": "SPEAKER_00",
        "attribution": {"reason": "overlap", "confidence": 0.97123, "others": [], "detail": ""},
    }
    assert first["words"][1]["end"] is None
    assert first["words"][1]["speaker"] is None
    assert first["words"][1]["attribution"]["others"] == [{"speaker": "SPEAKER_01", "share": 0.25}]


def test_json_of_an_untouched_transcript_does_not_speak_of_speakers() -> None:
    text = registry.dumps(Document(PLAIN), "json")
    assert '"speaker"' not in text
    assert "attribution" not in text


def test_rttm_skips_segments_without_speaker_or_length() -> None:
    assert registry.dumps(Document(MEETING), "rttm") == (
        "SPEAKER audio 1 0.500 1.000 <NA> <NA> SPEAKER_00 <NA> <NA>\n"
        "SPEAKER audio 1 3661.500 0.500 <NA> <NA> Ana_>_Ben <NA> <NA>\n"
    )


def test_whisperx_shape() -> None:
    document = json.loads(registry.dumps(Document(MEETING), "whisperx"))
    assert set(document) == {"segments", "word_segments", "language"}
    assert document["word_segments"] == [
        {"word": "Good", "start": 0.5, "end": 0.9, "score": 0.988, "speaker": "SPEAKER_00"},
        {"word": "morning.", "start": 0.9},
    ]


def test_seglst() -> None:
    rows = json.loads(registry.dumps(Document(PLAIN), "seglst"))
    assert rows == [
        {"session_id": "audio", "speaker": "unknown", "start_time": 0.0, "end_time": 1.0, "words": "你好 世界"}
    ]


@pytest.mark.parametrize(("name", "delimiter"), [("csv", ","), ("tsv", "\t")])
def test_tables_are_read_back(name: str, delimiter: str) -> None:
    rows = list(csv.reader(io.StringIO(registry.dumps(Document(MEETING), name)), delimiter=delimiter))
    assert rows == [
        ["start", "end", "speaker", "text"],
        ["0.500", "1.300", "SPEAKER_00", "Good morning."],
        ["3661.500", "3662.000", "Ana > Ben", "a < b & c --> d"],
    ]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "＝", "\x1b=", "\u202e-"])
def test_no_cell_is_a_formula(start: str) -> None:
    said = Transcript((Segment(0.0, 1.0, f"{start}1+1", (), f"{start}A1"), Segment(5.0, 6.0, "1+1", (), "A1")), "en", 9)
    rows = list(csv.reader(io.StringIO(registry.dumps(Document(said), "csv"))))
    assert [row[2:] for row in rows[1:]] == [[f"'{start[-1]}A1", f"'{start[-1]}1+1"], ["A1", "1+1"]]


@pytest.mark.parametrize("name", TEXTS)
def test_an_empty_transcript_is_a_valid_file(name: str) -> None:
    text = registry.dumps(Document(EMPTY, Diarization((), (), 0.0)), name)
    marks = {"html": "<!doctype html>", "svg": "</svg>", "eaf": "<TIME_ORDER>", "textgrid": '"unknown"', "edl": "FCM"}
    if "json" in registry.ending(name) or name == "otio":
        json.loads(text)
    elif name == "md":
        assert text.startswith("---\ntitle: ")
    elif name == "chat":
        assert text.decode().endswith("@End\n")
    elif name in marks:
        assert marks[name] in text
    elif name == "ass":
        assert "[Events]" in text
        assert "Dialogue:" not in text
    else:
        assert text in {"", "WEBVTT\n\n", "start,end,speaker,text\n", "start\tend\tspeaker\ttext\n"}


@given(transcripts)
def test_srt_loses_no_text(transcript: Transcript) -> None:
    cues = list(srt.parse(registry.dumps(Document(transcript), "srt")))
    expected = [segment for segment in transcript.segments if segment.text.strip()]
    expected.sort(key=lambda segment: (segment.start, segment.end))
    assert [cue.index for cue in cues] == list(range(1, len(expected) + 1))
    for cue, segment in zip(cues, expected, strict=True):
        assert abs(cue.start.total_seconds() - segment.start) <= 0.00051
        assert cue.content == named(segment.speaker, one_line(segment.text)).replace("<b>", "\u2039b\u203a")


@given(transcripts)
def test_vtt_text_never_holds_markup(transcript: Transcript) -> None:
    for cue in registry.dumps(Document(transcript), "vtt").split("\n\n")[1:-1]:
        stamp, text = cue.split("\n")
        assert re.fullmatch(r"\d\d+:\d\d:\d\d\.\d{3} --> \d\d+:\d\d:\d\d\.\d{3}", stamp)
        assert "-->" not in text
        assert re.sub(r"^<v [^<>]*>", "", text).count("<") == 0


@given(transcripts)
def test_every_format_writes_any_transcript_the_same_twice(transcript: Transcript) -> None:
    document = Document(transcript, TURNS)
    late = any(segment.start > 22 * 3600 for segment in transcript.segments)
    for name in [name for name in TEXTS if not (late and name == "edl")]:  # whose clock ends after 23 hours
        content = registry.dumps(document, name)
        assert content == registry.dumps(document, name)
        assert isinstance(content, bytes) or content.encode("utf-8") is not None


def test_a_name_of_a_hundred_characters_is_shown_whole_and_a_longer_one_is_cut() -> None:
    assert label("a" * 100) == "a" * 100
    assert label("a" * 101) == "a" * 99 + "…"


@pytest.mark.parametrize(
    ("path", "expected"),
    [("a.srt", "srt"), ("A.SRT", "srt"), ("x/a.whisperx.json", "whisperx"), ("a.b.json", "json"), ("a.vtt", "vtt")],
)
def test_format_of(path: str, expected: str) -> None:
    assert registry.format_of(path) == expected


def test_an_unknown_ending_suggests_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match=r"'\.str'.*did you mean '\.srt'") as caught:
        registry.format_of("meeting.str")
    assert caught.value.exit_code == 2
    with pytest.raises(OptionError, match="no file ending"):
        registry.format_of("meeting")
    with pytest.raises(OptionError, match="no file ending"):
        registry.format_of(".srt")
    with pytest.raises(UnknownNameError, match="did you mean 'srt'"):
        registry.dumps(Document(EMPTY), "strt")


@pytest.mark.parametrize("name", registry.names())
def test_numbers_of_numpy_are_written_like_pythons(name: str) -> None:
    def spoken_with(number) -> Document:
        why = Attribution("overlap", number(0.75), (SpeakerShare("B", number(0.25)),))
        word = Word(number(0.5), number(1.25), "Hi", number(0.5), speaker="A", attribution=why)
        turns = (Turn(number(0.5), number(1.25), "A"),)
        said = Transcript((Segment(number(0.5), number(1.25), "Hi", (word,), "A"),), "en", number(2.0))
        return Document(said, Diarization(turns, turns, number(2.0)))

    assert registry.dumps(spoken_with(np.float32), name) == registry.dumps(spoken_with(float), name)


def test_json_of_turns_alone() -> None:
    document = json.loads(registry.dumps(Document(Transcript((), None, 3.0, ("A note.",)), TURNS), "json"))
    assert document["speakers"] == ["A", "B"]
    assert document["turns"][1] == {"start": 1.5, "end": 2.0, "speaker": "B"}
    assert document["exclusive"] == [{"start": 0.5, "end": 2.0, "speaker": "A"}]
    assert (document["duration"], document["notes"], document["segments"]) == (3.0, ["A note."], [])


def test_rttm_is_made_of_turns_or_refused() -> None:
    assert registry.dumps(Document(PLAIN, TURNS, "my talk"), "rttm") == (
        "SPEAKER my_talk 1 0.500 1.500 <NA> <NA> A <NA> <NA>\nSPEAKER my_talk 1 1.500 0.500 <NA> <NA> B <NA> <NA>\n"
    )
    with pytest.raises(OptionError, match="talk has none"):
        registry.dumps(Document(PLAIN, name="talk"), "rttm")


def test_every_format_has_an_ending() -> None:
    assert {registry.format_of(f"a{registry.ending(name)}") for name in registry.names()} == set(registry.names())


def test_cues_keep_their_line_breaks() -> None:
    words = (Word(0.0, 0.5, " Good", speaker="Ana"), Word(0.5, 1.0, " morning <all>.", speaker="Ana"))
    document = Document(Transcript((Segment(0.0, 1.0, " Good morning <all>.", words, "Ana"),), "en", 1.0), TURNS)
    style = Style(layout=Layout(width=15, lines=2))
    assert registry.dumps(document, "srt", style) == ("1\n00:00:00,000 --> 00:00:01,353\nAna: Good\nmorning <all>.\n\n")
    assert registry.dumps(document, "vtt", style) == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:01.059\n<v Ana>Good morning\n&lt;all&gt;.\n\n"
    )
    whole = registry.dumps(document, "srt", Style(cues="segments"))
    assert whole == "1\n00:00:00,000 --> 00:00:01,000\nAna: Good morning <all>.\n\n"


def without_bullets(text: str, name: str) -> str:
    """CHAT's own times stand between control characters."""
    return re.sub("\x15\\d+_\\d+\x15", "", text) if name == "chat" else text


HOSTILE = (
    "Ana\n00:00:09,000 --> 00:00:10,000\nBen",
    "\x1b[31mAna\x9b2J\x07",
    "Ana\u202eneB",
    "<script>alert(1)</script>{\\an8}",
    "00:00:00 --> 00:00:01",
    "A" * 10_000,
    "\x00",
    'Ana\t"B",=1',
)


@pytest.mark.parametrize("name", TEXTS)
def test_no_name_is_written_raw(name: str) -> None:
    for who in HOSTILE:
        word = Word(0.0, 0.5, " Hi", speaker=who, attribution=Attribution("overlap", 0.9))
        turns = (Turn(0.0, 1.0, who),)
        said = Transcript((Segment(0.0, 0.5, " Hi", (word,), who),), "en", 1.0)
        content = registry.dumps(Document(said, Diarization(turns, turns, 1.0)), name)
        assert_not_raw(content if isinstance(content, str) else content.decode(), name)


def assert_not_raw(text: str, name: str) -> None:
    """The one name in it is on no line of its own, and neither steers a terminal nor reads as what it is not."""
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e]", without_bullets(text, name))
    if name not in {"json", "whisperx", "html"}:  # which keep a name as it is, escaped
        assert len(text) < 3000
    if "json" in registry.ending(name):
        json.loads(text)
    if name == "srt":
        (cue,) = srt.parse(text)
        assert (cue.content.count("<"), cue.content.count("{\\"), "\n\n" in cue.content) == (0, 0, False)
    if name in {"txt", "rttm"}:
        assert text.count("\n") == 1
    if name in {"csv", "tsv"}:
        assert [len(row) for row in csv.reader(io.StringIO(text), delimiter="," if name == "csv" else "\t")] == [4, 4]
    if name == "vtt":
        assert text.count("-->") == 1
        assert text.count("<") == 1


def styled(document: Document, format_name: str, **layout: object) -> str:
    text = registry.dumps(document, format_name, Style(layout=Layout(**layout)))
    assert isinstance(text, str)
    return text


def spoken_by(*turns: tuple[str, str, float, float]) -> Document:
    segments = tuple(
        Segment(start, end, f" {text}", (Word(start, end, f" {text}", speaker=who),), who)
        for text, who, start, end in turns
    )
    return Document(Transcript(segments, "en", 9.0), TURNS)


def test_two_who_speak_at_once_share_a_cue_in_both_formats() -> None:
    document = spoken_by(("Are you sure?", "Ana", 0.0, 2.0), ("Yes & no.", "Ben", 0.5, 2.2))
    assert styled(document, "srt") == ("1\n00:00:00,000 --> 00:00:02,200\n- Ana: Are you sure?\n- Ben: Yes & no.\n\n")
    assert styled(document, "vtt").endswith("<v Ana>- Are you sure?</v>\n<v Ben>- Yes &amp; no.</v>\n\n")


def test_right_to_left_text_keeps_its_direction_beside_a_latin_label() -> None:
    document = spoken_by(("שלום, מה שלומך?", "SPEAKER_00", 0.0, 2.0), ("OK.", "דנה", 3.0, 4.0))
    srt = styled(document, "srt")
    assert "\n\u200fSPEAKER_00: שלום, מה שלומך?\n" in srt
    assert "\n\u200eדנה: OK.\n" in srt
    assert "\u200f" not in styled(document, "vtt"), "the label is no text there"
    assert "\u200f" not in styled(document, "srt", labels="none")


def test_words_are_highlighted_in_vtt() -> None:
    words = tuple(Word(i * 0.5, i * 0.5 + 0.4, f" {w}", speaker="Ana") for i, w in enumerate(["So", "<it>", "is."]))
    document = Document(Transcript((Segment(0.0, 1.4, " So <it> is.", words, "Ana"),), "en", 2.0), TURNS)
    text = registry.dumps(document, "vtt", Style(highlight_words=True))
    assert "<v Ana>So <00:00:00.500>&lt;it&gt; <00:00:01.000>is.\n" in text
    assert "::cue(:future)" in text
    assert "<00:" not in registry.dumps(document, "vtt")


def test_no_cue_has_no_length() -> None:
    """Lines of no length, as other programs write them, whichever cues are asked for."""
    times = [(0.0, 2.8), (2.8, 2.8), (3.3, 5.9), (5.9, 5.9), (5.9, 5.9002)]
    segments = tuple(Segment(start, end, f" line {i}.", speaker="Ana") for i, (start, end) in enumerate(times))
    for document in (Document(Transcript(segments, "en", 6.0), TURNS), Document(Transcript(segments, "en", 6.0))):
        for cues in ("readable", "segments"):
            for name in ("srt", "vtt"):
                text = registry.dumps(document, name, Style(cues=cues)).replace(",", ".")
                spans = [line.split(" --> ") for line in text.splitlines() if "-->" in line]
                assert spans
                assert all(start < end for start, end in spans)
    text = registry.dumps(Document(Transcript(segments, "en", 6.0)), "srt")
    assert "00:00:02,800 --> 00:00:03,300" in text, "until the next begins"
    assert "00:00:05,900 --> 00:00:06,733" in text


@pytest.mark.parametrize("format_name", TEXTS)
def test_no_word_steers_a_terminal_or_turns_a_line_round(format_name: str) -> None:
    turns = (Turn(0.0, 1.0, "SPEAKER_00"),)
    for bad in ("\x1b[2J", "\x1b]0;title\x07", "\u202etxt.exe", "\u2067x\u2069", "\x9b31m", "\x00", "\r"):
        said = f"one{bad}two"
        word = Word(0.0, 1.0, said, speaker="SPEAKER_00")
        transcript = Transcript((Segment(0.0, 1.0, said, (word,), "SPEAKER_00"),), "en", 1.0)
        for document in (Document(transcript), Document(transcript, Diarization(turns, turns, 1.0))):
            content = registry.dumps(document, format_name)
            text = without_bullets(content.decode() if isinstance(content, bytes) else content, format_name)
            assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]", text), bad


@pytest.mark.parametrize("diarized", [True, False])
@pytest.mark.parametrize("text", [" Press --> now.", " 00:00:01,000 --> 00:00:02,000", " ---> -->> --", " <!-- a -->"])
def test_an_arrow_in_the_text_breaks_no_reader(diarized: bool, text: str) -> None:
    """SRT has no way to write it, so it loses dashes there; VTT writes it as an entity."""
    words = tuple(Word(i * 0.5, i * 0.5 + 0.4, f" {word}", None, "Ana") for i, word in enumerate(text.split()))
    after = Word(9.0, 9.4, " After.", None, "Ana")
    transcript = Transcript(
        (Segment(0.0, 2.0, text, words, "Ana"), Segment(9.0, 9.4, " After.", (after,), "Ana")), "en", 10.0
    )
    found = Diarization((Turn(0.0, 10.0, "Ana"),), (Turn(0.0, 10.0, "Ana"),), 10.0) if diarized else None
    document = Document(transcript, found)
    srt_text, vtt = (registry.dumps(document, name) for name in ("srt", "vtt"))
    cues = list(srt.parse(srt_text))
    assert srt_text.count("-->") == vtt.count("-->") == len(cues) == 2
    assert cues[0].content.split() == ["Ana:", *re.sub("-{2,}>", "->", text).split()]
    read = pysubs2.SSAFile.from_string(vtt)
    assert [html.unescape(line.plaintext).split() for line in read] == [text.split(), ["After."]]
    if "00:" not in text:  # this reader takes any two times in a line for a cue's
        assert [line.plaintext.split()[-1] for line in pysubs2.SSAFile.from_string(srt_text)][1] == "After."
