"""`transcribe attach` with turns that are already known."""

from __future__ import annotations

import json

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from diarfuse.fusion.attaching import attach as attach_function
from diarfuse.fusion.document import Document, parse_document
from diarfuse.fusion.errors import DiarfuseError, OptionError, TranscriptError
from diarfuse.fusion.estimating import with_estimated_words
from diarfuse.fusion.formats.rttm import read_rttm
from diarfuse.fusion.types import SAMPLE_RATE, Diarization, Turn
from diarfuse.transcribe.__main__ import run as main
from diarfuse.transcribe.commands.attach import attach
from diarfuse.transcribe.job import Job

RTTM = "SPEAKER a 1 0 1 <NA> <NA> Ann <NA> <NA>\nSPEAKER a 1 1 2 <NA> <NA> Bob <NA> <NA>\n"
WORDS = [{"word": "Hi", "start": 0.2, "end": 0.8}, {"word": "there.", "start": 1.2, "end": 1.6}]


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "words.json").write_text(json.dumps(WORDS))
    (tmp_path / "turns.rttm").write_text(RTTM)

    def invoke(*arguments: str) -> str:
        result = CliRunner().invoke(attach, list(arguments))
        if isinstance(result.exception, DiarfuseError):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result.stdout

    return invoke


def test_subtitles_from_words_and_turns(run, tmp_path):
    run("words.json", "--rttm", "turns.rttm", "-o", "out.srt")
    text = (tmp_path / "out.srt").read_text()
    assert "Ann: Hi" in text
    assert "Bob: there." in text


def test_the_same_shape_comes_back(run):
    labelled = json.loads(run("words.json", "--rttm", "turns.rttm", "--same-shape", "-o", "-"))
    assert labelled == [{**w, "speaker": s} for w, s in zip(WORDS, ("Ann", "Bob"), strict=True)]


LONG = "because the budget is late and nobody has looked at it yet, we meet again on Tuesday in the afternoon"
SPOKEN = [{"word": word, "start": 0.1 * i, "end": 0.1 * i + 0.08} for i, word in enumerate(LONG.split())]


def test_cues_are_made_to_be_read_unless_segments_are_asked_for(run, tmp_path):
    (tmp_path / "long.json").write_text(json.dumps(SPOKEN))
    (tmp_path / "one.rttm").write_text("SPEAKER a 1 0 9 <NA> <NA> Ann <NA> <NA>\n")
    cues = run("long.json", "--rttm", "one.rttm").split("\n\n")[:-1]
    assert len(cues) > 1
    assert all(len(line) <= len("Ann: ") + 42 for cue in cues for line in cue.splitlines()[2:])
    assert run("long.json", "--rttm", "one.rttm", "--cues", "segments").count("-->") == 1


def test_every_word_says_why_in_json(run, tmp_path):
    run("words.json", "--rttm", "turns.rttm", "-o", "out.srt", "-o", "why.json")
    found = [w for s in json.loads((tmp_path / "why.json").read_text())["segments"] for w in s["words"]]
    assert [(w["word"], w["speaker"], w["attribution"]["reason"]) for w in found] == [
        ("Hi", "Ann", "overlap"),
        ("there.", "Bob", "overlap"),
    ]


LINES = {"text": "", "segments": [{"start": 0.0, "end": 2.0, "text": " We met here. Did you really?"}]}


def test_lines_without_words_are_cut_at_sentences_and_say_that_times_are_guessed(run, tmp_path):
    (tmp_path / "lines.json").write_text(json.dumps(LINES))
    document = json.loads(run("lines.json", "--rttm", "turns.rttm", "--format", "json"))
    assert [(s["speaker"], s["text"]) for s in document["segments"]] == [
        ("Ann", " We met here."),
        ("Bob", " Did you really?"),
    ]
    words = [w for s in document["segments"] for w in s["words"]]
    assert {w["timing"] for w in words} == {"estimated"}
    assert all("estimated" in w["attribution"]["detail"] for w in words)
    assert "no recording to align" in document["notes"][0]
    same = json.loads(run("lines.json", "--rttm", "turns.rttm", "--same-shape"))
    assert same["segments"][0].pop("speaker") in ("Ann", "Bob")
    assert same == LINES


def test_lines_are_aligned_to_the_recording_where_it_is_there(run, tmp_path, monkeypatch):
    turns = (Turn(0.0, 1.0, "Ann"), Turn(1.0, 3.0, "Bob"))
    monkeypatch.setattr(Job, "check", lambda _: None)
    monkeypatch.setattr(Job, "diarize", lambda *_, **__: Diarization(turns, turns, 3.0))
    (tmp_path / "lines.json").write_text(json.dumps({**LINES, "language": "de"}))
    soundfile.write(tmp_path / "a.wav", np.zeros(3 * SAMPLE_RATE, np.float32), SAMPLE_RATE)
    document = json.loads(run("lines.json", "a.wav", "--format", "json"))
    assert document["duration"] == 3.0
    assert "only English can be aligned" in document["notes"][0]
    assert [s["speaker"] for s in document["segments"]] == ["Ann", "Bob"]
    both = json.loads(run("lines.json", "a.wav", "--rttm", "turns.rttm", "--format", "json"))
    assert both["speakers"] == ["Ann", "Bob"]
    assert "only English" in both["notes"][0]
    assert '"session_id": "a"' in run("lines.json", "a.wav", "--format", "seglst")


def test_subtitles_are_aligned_in_the_language_that_is_told(run, tmp_path, monkeypatch):
    told = []

    def align(transcript, _samples, **_options):
        told.append(transcript.language)
        return with_estimated_words(transcript, "as ever")

    monkeypatch.setattr("diarfuse.asr_adapters.align.align", align)
    (tmp_path / "a.srt").write_text("1\n00:00:00,200 --> 00:00:01,600\nHi there.\n")
    soundfile.write(tmp_path / "a.wav", np.zeros(32_000, np.float32), SAMPLE_RATE)
    for given, language in (((), None), (("--language", "English"), "en"), (("--language", "auto"), None)):
        run("a.srt", "a.wav", "--rttm", "turns.rttm", "-o", "out.json", "--replace", *given)
        assert told.pop() == language
        assert parse_document((tmp_path / "out.json").read_bytes(), "out.json").transcript.language == language
    with pytest.raises(OptionError, match="language='englisch' is none that is known here: did you mean english"):
        run("a.srt", "--rttm", "turns.rttm", "--language", "englisch")


def test_lines_are_cut_by_the_rules_of_the_language_that_is_told(run, tmp_path):
    words = [{"word": w, "start": i / 5, "end": i / 5 + 0.1} for i, w in enumerate(("Am", "3.", "Oktober.", "Gut."))]
    (tmp_path / "words.json").write_text(json.dumps(words))
    (tmp_path / "one.rttm").write_text("SPEAKER a 1 0.0 2.0 <NA> <NA> Ann <NA> <NA>\n")
    for language, expected in (("en", ["Am 3.", "Oktober.", "Gut."]), ("de", ["Am 3. Oktober.", "Gut."])):
        document = json.loads(run("words.json", "--rttm", "one.rttm", "--format", "json", "--language", language))
        assert [segment["text"].strip() for segment in document["segments"]] == expected
        assert document["language"] == language


def test_halves_of_characters_come_back(run, tmp_path):
    content = b'{"transcription": [{"text": "\xe5", "offsets": {"from": 100, "to": 300}}, {"text": "\\ud83d"}]}'
    (tmp_path / "cpp.json").write_bytes(content)
    run("cpp.json", "--rttm", "turns.rttm", "--same-shape", "-o", "out.json")
    labelled = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert [entry["text"] for entry in labelled["transcription"]] == ["\udce5", "\ud83d"]


def test_usage(run, tmp_path):
    result = CliRunner().invoke(attach, ["words.json", "-o", "-"])
    assert result.exit_code == 2
    assert "Give either AUDIO" in result.output
    (tmp_path / "meeting.WAV").touch()
    for given in (("meeting.WAV",), ("meeting.WAV", "words.json")):
        with pytest.raises(OptionError, match=r"meeting\.WAV is a recording: give the words first"):
            run(*given, "-o", "-")
    with pytest.raises(OptionError, match="--same-shape writes JSON"):
        run("words.json", "--rttm", "turns.rttm", "--same-shape", "--format", "srt", "-o", "-")
    for out in (["-o", "a.SRT"], ["-o", "b.json", "-o", "a.verbose.txt"], ["--plot", "a.svg"]):
        with pytest.raises(OptionError, match="--same-shape writes JSON, not 'a"):
            run("words.json", "--rttm", "turns.rttm", "--same-shape", *out)
    run("words.json", "--rttm", "turns.rttm", "--same-shape", "-o", "aws.speakers.json")


def test_mistakes_are_named_and_nothing_is_written(run, tmp_path):
    (tmp_path / "bad.json").write_text('[{"word": "a", "start": NaN, "end": 1}]')
    with pytest.raises(TranscriptError, match=r"words\[0\].start is nan"):
        run("bad.json", "--rttm", "turns.rttm", "-o", "out.srt")
    with pytest.raises(TranscriptError, match=r"There is no file 'none\.rttm'"):
        run("words.json", "--rttm", "none.rttm", "-o", "out.srt")
    assert not (tmp_path / "out.srt").exists()


def test_what_is_read_is_not_written_over(run, tmp_path):
    for given in ("turns.rttm", "words.json"):
        with pytest.raises(OptionError, match=f"'{given}' would replace what is read"):
            run("words.json", "--rttm", "turns.rttm", "--format", "srt", "-o", given)
    (tmp_path / "link.rttm").symlink_to(tmp_path / "turns.rttm")
    with pytest.raises(OptionError, match="would replace what is read"):
        run("words.json", "--rttm", "turns.rttm", "-o", "link.rttm")
    assert (tmp_path / "turns.rttm").read_text() == RTTM


def test_turns_that_are_given_are_not_counted_anew(run):
    with pytest.raises(OptionError, match="--max-speakers does nothing with --rttm"):
        run("words.json", "--rttm", "turns.rttm", "--max-speakers", "1")


def test_repairs_are_told_with_the_same_shape_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "turns.rttm").write_text(RTTM)
    (tmp_path / "early.json").write_text(json.dumps([{"word": "a", "start": -0.02, "end": 0.3}]))
    result = CliRunner().invoke(attach, ["early.json", "--rttm", "turns.rttm", "--same-shape"])
    assert "words[0] ('a') begins before the recording" in result.stderr


def test_words_in_milliseconds_keep_their_sentences(run, tmp_path):
    words = [{"word": word, "start": 100 * i, "end": 100 * i + 80} for i, word in enumerate(["One", "two", "three."])]
    (tmp_path / "ms.json").write_text(json.dumps(words))
    assert run("ms.json", "--rttm", "turns.rttm", "--unit", "ms").count("-->") == 1


TWINS = {
    "lines without words": {"segments": [{"start": 0.0, "end": 2.0, "text": "Are you there? Yes I am."}]},
    "words": WORDS,
    "lines that change within": {"segments": [{"start": 0.0, "end": 2.9, "text": "One two three four five six"}]},
    "whisper.cpp lines": {"transcription": [{"offsets": {"from": 0, "to": 1900}, "text": " Did he? He did."}]},
    "repaired": [{"word": "Hi", "start": -0.02, "end": 0.8}, {"word": "you", "start": 1.2, "end": 1.1}],
}


@pytest.mark.parametrize("kind", TWINS)
def test_the_command_and_the_function_are_twins(run, tmp_path, kind):
    (tmp_path / "given.json").write_text(json.dumps(TWINS[kind]))
    turns = read_rttm(tmp_path / "turns.rttm")
    transcript = attach_function(tmp_path / "given.json", turns)
    expected = Document(transcript, Diarization(turns, turns, 3.0), "given")
    found = parse_document(run("given.json", "--rttm", "turns.rttm", "--format", "json"), "stdout")
    assert (found.content, found.name) == (expected.content, expected.name)


def test_a_line_of_two_people_is_two_lines(run, tmp_path):
    (tmp_path / "given.json").write_text(json.dumps(TWINS["lines without words"]))
    found = attach_function(TWINS["lines without words"], read_rttm(tmp_path / "turns.rttm"))
    assert [(s.speaker, s.text) for s in found.segments] == [("Ann", "Are you there?"), ("Bob", " Yes I am.")]
    assert run("given.json", "--rttm", "turns.rttm").count("-->") == 2


def test_the_twins_refuse_alike(run, tmp_path):
    (tmp_path / "given.json").write_text(json.dumps([{"word": "Hi", "start": 900, "end": 910}]))
    for refused in (
        lambda: attach_function(tmp_path / "given.json", read_rttm(tmp_path / "turns.rttm")),
        lambda: run("given.json", "--rttm", "turns.rttm"),
    ):
        with pytest.raises(TranscriptError, match="in a recording of 3 s"):
            refused()


def test_our_own_json_of_turns_is_read_and_names_keep_their_spaces(run, tmp_path):
    rows = [{"start": 0, "end": 1, "speaker": "Ana Maria"}, {"start": 1, "end": 3, "speaker": "Ana Lopez"}]
    (tmp_path / "turns.json").write_text(json.dumps({"duration": 3.0, "turns": rows, "exclusive": rows}))
    (tmp_path / "names.rttm").write_text(RTTM.replace("Ann", "Ana Maria").replace("Bob", "Ana Lopez"))
    for given in ("turns.json", "names.rttm"):
        text = run("words.json", "--rttm", given)
        assert "Ana Maria: Hi" in text
        assert "Ana Lopez: there." in text


def test_subtitles_are_words_too_but_not_for_the_same_shape(run, tmp_path):
    (tmp_path / "a.srt").write_text("1\n00:00:00,000 --> 00:00:02,000\nAre you there? Yes I am.\n")
    assert run("a.srt", "--rttm", "turns.rttm").count("-->") == 2
    with pytest.raises(TranscriptError, match=r"a\.srt is no JSON: --same-shape writes JSON back"):
        run("a.srt", "--rttm", "turns.rttm", "--same-shape")


@pytest.mark.parametrize("nothing", [[], {"segments": []}, {"segments": [{"start": 0, "end": 1, "text": " "}]}])
def test_an_empty_result_does_not_come_without_a_word(run, tmp_path, nothing):
    (tmp_path / "empty.json").write_text(json.dumps(nothing))
    run("empty.json", "--rttm", "turns.rttm", "-o", "out.json")
    notes = json.loads((tmp_path / "out.json").read_text())["notes"]
    assert "The result is empty: empty.json holds no words." in notes


def test_json_that_python_cannot_read_is_told_in_our_words(run, tmp_path):
    for text, why in (("[" * 500_000, "is nested too deeply"), ("[%s]" % ("9" * 5000), "a number of too many digits")):
        (tmp_path / "odd.json").write_text(text)
        with pytest.raises(
            TranscriptError, match=rf"odd\.json is no JSON \(it .*{why}\): give JSON, CTM, SRT or VTT\.$"
        ):
            run("odd.json", "--rttm", "turns.rttm")


def test_turns_given_as_words_are_told_so(run):
    with pytest.raises(TranscriptError, match=r"turns\.rttm is RTTM, which says who speaks when and holds no words"):
        run("turns.rttm", "--rttm", "turns.rttm")


@pytest.mark.usefixtures("run")
def test_a_unit_that_the_format_settles_is_told_of(tmp_path, capsys):
    (tmp_path / "a.srt").write_text("1\n00:00:00,500 --> 00:00:00,900\nHi.\n", encoding="utf-8")
    assert main(["attach", "a.srt", "--rttm", "turns.rttm", "--unit", "ms", "-o", "a.vtt"]) == 0
    assert "--unit does nothing with SubRip, which settles it." in capsys.readouterr().err
    assert main(["attach", "words.json", "--rttm", "turns.rttm", "--unit", "s", "-o", "b.vtt"]) == 0
    assert "--unit" not in capsys.readouterr().err


def test_a_recording_tells_how_long_it_is(run, tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros(5 * SAMPLE_RATE, np.float32), SAMPLE_RATE)
    found = parse_document(run("words.json", "a.wav", "--rttm", "turns.rttm", "--format", "json"), "x")
    assert (found.transcript.duration, found.recording.duration) == (5.0, 5.0)


@pytest.mark.parametrize(
    ("turns", "said"),
    [
        (";; nobody\n", "turns.rttm holds no turns, so no word gets a speaker."),
        ("SPEAKER a 1 9 1 <NA> <NA> Ann <NA> <NA>\n", "No word of words.json has a speaker: no turn lies where "),
    ],
)
@pytest.mark.usefixtures("run")
def test_words_do_not_stay_without_speakers_in_silence(tmp_path, capsys, turns, said):
    (tmp_path / "turns.rttm").write_text(turns)
    assert main(["attach", "words.json", "--rttm", "turns.rttm", "-o", "a.vtt"]) == 0
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("audio", [(), ("meeting.wav",)])
def test_turns_in_milliseconds_are_refused_by_their_file(run, tmp_path, audio):
    soundfile.write(tmp_path / "meeting.wav", np.zeros(32_000), 16_000)
    far = "SPEAKER a 1 910 1010 <NA> <NA> Ann <NA> <NA>\nSPEAKER a 1 980 1011 <NA> <NA> Bob <NA> <NA>\n"
    (tmp_path / "far.rttm").write_text(far)
    with pytest.raises(TranscriptError) as caught:
        run("words.json", *audio, "--rttm", "far.rttm", "-o", "out.srt")
    beside = "the recording at 2" if audio else "the last word at 1.6"
    told = f"The times of far.rttm look like milliseconds (the last ends at 1991, {beside}): give them in seconds."
    assert str(caught.value) == told
    assert not (tmp_path / "out.srt").exists()
