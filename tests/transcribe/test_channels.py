"""--channels: a speaker a channel, whatever the output; hybrid; channels that are all the same; mono."""

from __future__ import annotations

import hashlib
import json
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from diarfuse.asr_adapters import registry
from diarfuse.exporters import registry as exporters
from diarfuse.fusion.audio import AudioSource, SeparateFiles
from diarfuse.fusion.errors import AudioError, OptionError
from diarfuse.fusion.types import SAMPLE_RATE, Diarization, Samples, Segment, Transcript, Turn, Word
from diarfuse.transcribe import job as job_module
from diarfuse.transcribe.__main__ import run
from diarfuse.transcribe.job import Job
from diarfuse.transcribe.options import JobOptions

LENGTH = 8 * SAMPLE_RATE


class Listener:
    """Hears a word in every whole second that has sound; its text is the sound's level in hundredths."""

    def __init__(self, *, lines: bool = False) -> None:
        self.lines = lines

    def transcribe(self, samples: Samples, *, language=None, on_progress=None) -> Transcript:
        if on_progress is not None:
            on_progress("recognise", 0, 1)
            on_progress("recognise", 1, 1)
        segments = []
        for second in range(len(samples) // SAMPLE_RATE):
            level = np.abs(samples[second * SAMPLE_RATE : (second + 1) * SAMPLE_RATE]).mean()
            if level > 0.01:
                text = f" {round(100 * float(level))}"
                words = () if self.lines else (Word(float(second), second + 0.9, text, 0.9),)
                segments.append(Segment(float(second), second + 0.9, text, words))
        return Transcript(tuple(segments), language or "en", len(samples) / SAMPLE_RATE)


class Halves:
    """Finds two voices: one before the fourth second, one after it; remembers what it was asked."""

    models = SimpleNamespace(name="halves", hashes={})

    def __init__(self) -> None:
        self.asked: list[object] = []

    def diarize(self, samples: Samples, *, num_speakers=None, on_progress=None, **_: object) -> Diarization:
        self.asked.append(num_speakers)
        on_progress("segmentation", 1, 1)
        turns = (Turn(0.0, 4.0, "SPEAKER_00"), Turn(4.0, 8.0, "SPEAKER_01")) if samples.any() else ()
        return Diarization(turns, turns, len(samples) / SAMPLE_RATE)


@pytest.fixture
def halves(monkeypatch: pytest.MonkeyPatch) -> Halves:
    found = Halves()
    monkeypatch.setattr(job_module, "load_diarizer", lambda *_: found)
    return found


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A call (levels 0.2 and 0.4 by turns, together in second 3), the same as dual mono, and a mono file."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(registry, "_foreign", lambda: {"listener": Point()})
    call = np.zeros((LENGTH, 2), np.float32)
    for second, channel in ((0, 0), (1, 1), (2, 0), (3, 0), (3, 1), (5, 1), (6, 0)):
        call[second * SAMPLE_RATE : (second + 1) * SAMPLE_RATE, channel] = (0.2, 0.4)[channel]
    call *= np.where(np.random.default_rng(0).random(call.shape) < 0.5, 1, -1).astype(np.float32)  # unlike each other
    soundfile.write("call.wav", call, SAMPLE_RATE, subtype="FLOAT")
    soundfile.write("dual.wav", np.stack([call[:, 0], -call[:, 0]], 1), SAMPLE_RATE, subtype="FLOAT")
    soundfile.write("mono.wav", call[:, 0], SAMPLE_RATE, subtype="FLOAT")
    return tmp_path


class Point:
    def load(self) -> type[Listener]:
        return Listener


def done(path: AudioSource, **options):
    return Job(JobOptions(asr="listener", **options)).transcribe(path)


def spoken(transcript: Transcript) -> list[tuple[float, str, str]]:
    return [(word.start, word.text.strip(), word.speaker) for word in transcript.words]


CALL = [
    (0, "20", "SPEAKER_00"),
    (1, "40", "SPEAKER_01"),
    (2, "20", "SPEAKER_00"),
    (3, "20", "SPEAKER_00"),
    (3, "40", "SPEAKER_01"),
    (5, "40", "SPEAKER_01"),
    (6, "20", "SPEAKER_00"),
]


def test_each_channel_is_a_speaker() -> None:
    result = done("call.wav", channels="speakers")
    assert spoken(result.transcript) == CALL
    assert {word.attribution.reason for word in result.transcript.words} == {"channel"}
    assert result.diarization.speakers == ("SPEAKER_00", "SPEAKER_01")
    assert result.diarization.duration == 8.0
    assert sum(turn.start < 3.5 < turn.end for turn in result.diarization.turns) == 2
    exclusive = result.diarization.exclusive
    assert all(one.end <= two.start for one, two in pairwise(exclusive))
    assert result.notes == ("Speakers by channel: 1 is SPEAKER_00; 2 is SPEAKER_01.",)


def test_what_leaks_into_the_other_microphone_is_left_out_and_told() -> None:
    call, rate = soundfile.read("call.wav", dtype="float32")
    soundfile.write("table.wav", call + 0.2 * call[:, ::-1], rate, subtype="FLOAT")
    result = done("table.wav", channels="speakers")
    assert [(start, speaker) for start, _, speaker in spoken(result.transcript)] == [
        (start, speaker) for start, _, speaker in CALL
    ]
    assert result.notes[0] == "Left out: 5 words that leak from another channel, on which they are heard as well."


def test_a_channel_on_which_nobody_speaks_is_called_silent() -> None:
    call, rate = soundfile.read("call.wav", dtype="float32")
    soundfile.write("three.wav", np.insert(call, 1, 0.0, axis=1), rate, subtype="FLOAT")
    result = done("three.wav", channels="speakers")
    assert result.diarization.speakers == ("SPEAKER_00", "SPEAKER_02")
    assert result.notes == ("Speakers by channel: 1 is SPEAKER_00; 2 is silent; 3 is SPEAKER_02.",)


def test_lines_without_words_are_aligned_in_their_own_channel() -> None:
    result = done("call.wav", channels="speakers", asr_options={"lines": True}, language="xx")
    assert spoken(result.transcript) == CALL
    assert {word.timing for word in result.transcript.words} == {"estimated"}


def test_every_format_is_written(folder: Path) -> None:
    formats = [part for name in exporters.names() for part in ("--format", name)]
    assert run(["--asr", "listener", *formats, "--channels", "call.wav", "-o", "./"]) == 0
    for name in exporters.names():
        content = (folder / f"call{exporters.ending(name)}").read_bytes()
        if name in {"docx", "png"}:  # whose words no search finds
            assert content.startswith((b"PK", b"\x89PNG"))
            continue
        assert b"40" in content or name in {"rttm", "svg"}
        speakers = b"SPEAKER_00" in content, b"SPEAKER_01" in content
        assert speakers == ((False, False) if name == "ctm" else (True, True)), name
    document = json.loads((folder / "call.json").read_text(encoding="utf-8"))
    assert document["segments"][0]["words"][0]["attribution"]["reason"] == "channel"


@pytest.mark.usefixtures("halves")
def test_a_channel_of_several_voices_is_diarized() -> None:
    result = done("call.wav", channels="hybrid")
    late = {"SPEAKER_00": "SPEAKER_01", "SPEAKER_01": "SPEAKER_03"}
    early = {"SPEAKER_00": "SPEAKER_00", "SPEAKER_01": "SPEAKER_02"}
    assert spoken(result.transcript) == [
        (start, text, (early if start < 4 else late)[speaker]) for start, text, speaker in CALL
    ]
    assert result.diarization.speakers == ("SPEAKER_00", "SPEAKER_01", "SPEAKER_02", "SPEAKER_03")
    assert result.notes == ("Speakers by channel: 1 is SPEAKER_00, SPEAKER_01; 2 is SPEAKER_02, SPEAKER_03.",)


def test_a_number_of_speakers_is_not_taken_for_each_channels(halves: Halves) -> None:
    result = done("call.wav", channels="hybrid", diarize=True, num_speakers=2)
    assert halves.asked == [None, None]
    assert result.notes[0].startswith("The number of speakers that was asked for is not used")


def test_progress_tells_the_channels_apart() -> None:
    seen: list[tuple[str, int, int]] = []
    Job(JobOptions(asr="listener", channels="speakers")).transcribe(
        "call.wav", on_progress=lambda *report: seen.append(report)
    )
    stages = [stage for stage, *_ in seen]
    assert {"recognise, channel 1", "recognise, channel 2"} < set(stages)
    for stage in stages:
        reports = [done for name, done, _ in seen if name == stage]
        assert reports == sorted(reports)


def test_channels_that_are_the_same_go_the_normal_way(halves: Halves) -> None:
    plain = done("mono.wav")
    same = done("dual.wav", channels="speakers")  # the second is the first turned over: their mean would be silence
    assert same.transcript == plain.transcript
    assert same.diarization is None
    assert same.notes == (
        "All 2 channels carry the same recording and are taken as one; only --diarize can tell its speakers apart.",
    )
    both = done("dual.wav", channels="hybrid", diarize=True, num_speakers=2)
    assert both.transcript == done("mono.wav", diarize=True, num_speakers=2).transcript
    assert both.notes == ("All 2 channels carry the same recording and are taken as one.",)
    assert halves.asked == [2, 2]


def test_mono_is_refused_by_name_and_the_other_recordings_are_done(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(
        AudioError, match=r"mono\.wav has one channel, .* speaker: use --diarize instead, or, where each"
    ):
        done("mono.wav", channels="speakers")
    assert run(["--asr", "listener", "--channels", "mono.wav", "call.wav", "-o", "./", "--format", "txt"]) == 1
    assert capsys.readouterr().err.count("Error: mono.wav has one channel") == 1
    assert (folder / "call.txt").exists()


def test_turns_of_channels_that_are_the_same_are_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--asr", "listener", "--channels", "dual.wav", "-o", "dual.rttm", "-o", "dual.srt"]) == 1
    assert "channels of dual are all the same" in capsys.readouterr().err
    assert not (folder / "dual.rttm").exists()
    assert (folder / "dual.srt").exists()


@pytest.mark.usefixtures("halves")
@pytest.mark.parametrize(
    ("option", "speakers"),
    [(["--channels"], 2), (["--channels", "speakers"], 2), (["--channels", "hybrid"], 4), (["--channels=hybrid"], 4)],
)
def test_the_option_is_read_with_and_without_a_value(folder: Path, option: list[str], speakers: int) -> None:
    assert run(["--asr", "listener", *option, "call.wav", "-o", "call.rttm"]) == 0
    lines = (folder / "call.rttm").read_text(encoding="utf-8").splitlines()
    assert len({line.split()[7] for line in lines}) == speakers


def test_options_that_do_not_go_together(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--channels", "--asr", "words-json", "--model", "w.json", "call.wav"]) == 2
    assert run(["--channels", "--remote", "http://localhost:1/v1", "call.wav"]) == 2
    assert run(["--channels=both", "call.wav"]) == 2
    err = capsys.readouterr().err
    assert "cannot use words-json" in err
    assert "--channels does nothing with --remote" in err
    with pytest.raises(OptionError, match="channels='both'"):
        JobOptions(channels="both")


def test_a_real_diarizer_finds_the_voices_within_a_channel(models_dir: Path) -> None:
    samples, rate = soundfile.read(Path(__file__).resolve().parents[2] / "examples" / "meeting.wav", dtype="float32")
    assert rate == SAMPLE_RATE
    samples = samples[: 14 * SAMPLE_RATE]
    alone = np.zeros_like(samples)
    alone[: 2 * SAMPLE_RATE] = 0.4 * np.where(np.arange(2 * SAMPLE_RATE) % 2, 1, -1)
    soundfile.write("room.wav", np.stack([samples, alone], 1), SAMPLE_RATE)
    result = done("room.wav", channels="hybrid", diarizer="campplus", models_dir=models_dir, offline=True)
    *room, last = result.diarization.speakers
    assert len(room) >= 2
    assert [word.speaker for word in result.transcript.words if word.attribution.reason == "channel"] == [last, last]


@pytest.fixture
def people(folder: Path) -> list[str]:
    """The call as a file a person: Ana's at 48 kHz and of two channels, Ben's a second shorter, in another format."""
    call, _ = soundfile.read("call.wav", dtype="float32")
    ana = np.repeat(call[:, 0], 3)
    soundfile.write("ana.wav", np.stack([ana, ana], 1), 3 * SAMPLE_RATE, subtype="FLOAT")
    soundfile.write("Ben K.flac", call[: 7 * SAMPLE_RATE, 1], SAMPLE_RATE)
    return [str(folder / "ana.wav"), str(folder / "Ben K.flac")]


NAMES = {"SPEAKER_00": "ana", "SPEAKER_01": "Ben K"}
BY_FILE = "Speakers by file: ana.wav is ana; Ben K.flac is Ben K."


def test_each_file_is_a_speaker_called_as_the_file(people: list[str]) -> None:
    result = done(people, channels="speakers")
    assert [(start, who) for start, _, who in spoken(result.transcript)] == [(t, NAMES[who]) for t, _, who in CALL]
    assert result.diarization.speakers == ("Ben K", "ana")
    assert result.diarization.duration == result.transcript.duration == 8.0
    together = next(word for word in result.transcript.words if word.start == 3 and word.speaker == "ana")
    assert [other.speaker for other in together.attribution.others] == ["Ben K"]
    assert result.notes == (
        "Taken for one conversation, which begins in all files at once: ana.wav and Ben K.flac.",
        BY_FILE,
    )


def test_a_diarizer_that_has_nothing_to_do_is_told_of(people: list[str]) -> None:
    told = "--diarize does nothing here, since each file is one speaker: --channels hybrid looks for more."
    assert told in done(people, channels="speakers", diarize=True).notes
    assert told not in done(people, channels="hybrid", diarize=True).notes


def test_a_file_that_begins_later_is_heard_later(people: list[str]) -> None:
    result = done(SeparateFiles(tuple(people), (0.0, 2.0)), channels="speakers")
    ben = [start for start, _, who in spoken(result.transcript) if who == "Ben K"]
    assert ben == [start + 2.0 for start, _, who in CALL if who == "SPEAKER_01"]
    assert result.transcript.duration == 9.0
    assert result.notes[0] == "Taken for one conversation: ana.wav from 0 s on, Ben K.flac from 2 s on."


def test_one_command_writes_one_result_of_all_files(folder: Path, people: list[str]) -> None:
    command = ["--asr", "listener", "--channels", *people, "-o", "talk.json", "-o", "talk.srt", "-o", "talk.rttm"]
    for _ in range(2):  # again: names that the files give are given again
        assert run(command) == 0
    assert (folder / "talk.srt").read_text(encoding="utf-8").count("Ben K: ") > 0
    assert {line.split()[1] for line in (folder / "talk.rttm").read_text().splitlines()} == {"ana+Ben_K"}
    document = json.loads((folder / "talk.json").read_text(encoding="utf-8"))
    hashes = [hashlib.sha256(Path(path).read_bytes()).hexdigest() for path in people]
    assert document["name"] == "ana+Ben K"
    assert document["audio"] == {
        "name": "",
        "sha256": "",
        "duration": 8.0,
        "files": [
            {"name": "ana.wav", "sha256": hashes[0], "start": 0.0},
            {"name": "Ben K.flac", "sha256": hashes[1], "start": 0.0},
        ],
    }
    assert str(folder) not in (folder / "talk.json").read_text(encoding="utf-8")
    assert run(["export", "talk.json", "--clean", "-o", "clean.json"]) == 0
    assert "Ben K.flac" not in (folder / "clean.json").read_text(encoding="utf-8")


def test_names_replace_those_of_the_files(folder: Path, people: list[str]) -> None:
    call = ["--asr", "listener", "--channels", *people, "--offset", "Ben K.flac=0:01", "-o", "talk.srt"]
    assert run([*call, "--name", "ana=Ana Mora"]) == 0
    written = (folder / "talk.srt").read_text(encoding="utf-8")
    assert "Ana Mora: " in written
    assert "Ben K: " in written


def test_files_whose_names_are_nobodys_have_labels(folder: Path, people: list[str]) -> None:
    for names in (("unknown", "SPEAKER_00"), ("a/track", "b/Track"), ("speaker_01", "nobody")):
        paths = [folder / f"{name}{Path(path).suffix}" for name, path in zip(names, people, strict=True)]
        for path, source in zip(paths, people, strict=True):
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(Path(source).read_bytes())
        assert done(paths, channels="speakers").diarization.speakers == ("SPEAKER_00", "SPEAKER_01")


def test_a_file_in_which_nobody_speaks_is_called_silent(people: list[str]) -> None:
    for name in ("cy", "dee"):  # two that are silent are not the same recording
        soundfile.write(f"{name}.wav", np.zeros(SAMPLE_RATE, np.float32), SAMPLE_RATE)
    result = done([*people, "cy.wav", "dee.wav"], channels="speakers")
    assert result.notes[-1] == f"{BY_FILE[:-1]}; cy.wav is silent; dee.wav is silent."


def test_what_leaks_into_another_file_is_left_out(people: list[str]) -> None:
    call, rate = soundfile.read("call.wav", dtype="float32")
    for path, channel in zip(people, (call + 0.2 * call[:, ::-1]).T, strict=True):
        soundfile.write(path, channel, rate)
    result = done(people, channels="speakers")
    assert [(start, who) for start, _, who in spoken(result.transcript)] == [(t, NAMES[who]) for t, _, who in CALL]
    assert any(note.startswith("Left out: ") for note in result.notes)


@pytest.mark.usefixtures("halves")
def test_a_file_of_several_voices_is_diarized_and_has_labels(people: list[str]) -> None:
    result = done(people, channels="hybrid")
    assert result.notes[-1] == (
        "Speakers by file: ana.wav is SPEAKER_00, SPEAKER_01; Ben K.flac is SPEAKER_02, SPEAKER_03."
    )


def test_the_same_recording_under_two_names_is_refused(folder: Path, people: list[str], capsys) -> None:
    louder, rate = soundfile.read(people[0], dtype="float32")
    soundfile.write("mix.flac", 0.5 * louder, rate)
    assert run(["--asr", "listener", "--channels", *people, "mix.flac", "-o", "talk.srt"]) == 1
    assert "ana.wav and mix.flac hold the same recording: give each person's own file" in capsys.readouterr().err
    assert not (folder / "talk.srt").exists()


def test_files_that_cannot_be_one_conversation_are_refused_before_any_work(
    folder: Path, people: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    many = [folder / f"{number}.wav" for number in range(33)]
    for path in many:
        path.touch()
    for audio, code, told in (
        ([people[0], people[0]], 2, "ana.wav' is given twice: give each person's own file once."),
        ([people[0], "gone.wav"], 1, "Error: There is no file 'gone.wav'"),
        (map(str, many), 2, "33 files are taken for one conversation"),
    ):
        assert run(["--asr", "listener", "--channels", *audio, "-o", "talk.srt"]) == code
        assert told in capsys.readouterr().err
    assert run(["--asr", "listener", *people, "-o", "talk.srt"]) == 2
    assert "or, where they are one conversation with a file for each person, add --channels" in capsys.readouterr().err
    assert run(["--asr", "listener", "--channels", *people, "-o", "talk.srt", "-o", "talks/"]) == 2
    assert "with a file for each person, leave the folder out" in capsys.readouterr().err
    assert run(["--asr", "listener", "--channels", *people, "-o", people[0]]) == 2
    assert not list(folder.glob("talk*"))


def test_a_folder_still_takes_a_result_for_each(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--asr", "listener", "--channels", "call.wav", "dual.wav", "-o", "./", "--format", "txt"]) == 0
    assert (folder / "call.txt").exists()
    assert (folder / "dual.txt").exists()
    assert "one conversation" not in capsys.readouterr().err


def test_pages_play_the_mix_of_the_files(folder: Path, people: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    call = ["--asr", "listener", "--channels", *people, "-o"]
    assert run([*call, "talk.html"]) == 0
    assert "talk.html plays nothing by itself, as a page plays one file, and these are 2" in capsys.readouterr().err
    assert run([*call, "whole.html", "--embed-audio"]) == 0
    assert "plays nothing" not in capsys.readouterr().err
    assert len((folder / "whole.html").read_bytes()) > len((folder / "talk.html").read_bytes()) + 10_000


def test_a_mix_among_the_files_is_told_and_one_among_the_channels_too(folder: Path) -> None:
    rng, tracks = np.random.default_rng(3), np.zeros((40 * SAMPLE_RATE, 3), np.float32)
    for second in range(40):
        loud = rng.uniform(-0.4, 0.4, SAMPLE_RATE)
        tracks[second * SAMPLE_RATE : (second + 1) * SAMPLE_RATE, second % 2] = loud * (1 + second / 40)
    tracks[:, 2] = tracks[:, :2].sum(axis=1)
    paths = [folder / name for name in ("ana.wav", "ben.wav", "all.wav")]
    for path, track in zip(paths, tracks.T, strict=True):
        soundfile.write(path, track, SAMPLE_RATE, subtype="FLOAT")
    soundfile.write("tracks.wav", tracks, SAMPLE_RATE, subtype="FLOAT")
    say = "if it is the mix of them, leave it out, for everything would be told twice, or of the wrong one."
    assert f"all.wav says what ana.wav and ben.wav say: {say}" in done(paths, channels="speakers").notes
    assert f"Channel 3 says what channel 1 and channel 2 say: {say}" in done("tracks.wav", channels="speakers").notes
    assert not [note for note in done(paths[:2], channels="speakers").notes if "mix" in note]
