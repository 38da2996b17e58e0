"""`diarfuse.toml`: what holds, where it comes from, and what a received folder may not decide."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

import click
import numpy as np
import pytest
import soundfile

from diarfuse.transcribe.__main__ import run
from diarfuse.transcribe.cli import all_commands
from diarfuse.transcribe.commands import settings as config
from diarfuse.transcribe.commands.settings import BESIDE, COUNTS, ENVIRONMENT, ONE_CALL, read_files

WORDS = [{"word": " Hello", "start": 0.2, "end": 0.6}, {"word": " there.", "start": 2.2, "end": 2.6}]
RTTM = "".join(f"SPEAKER a 1 {start} 2.0 <NA> <NA> SPEAKER_0{i} <NA> <NA>\n" for i, start in enumerate((0.0, 2.0)))


@pytest.fixture
def work(tmp_path: Path, monkeypatch) -> Path:
    """A folder to work in, with a recording, its words and its turns, and one for the user's settings."""
    folder = tmp_path / "work"
    folder.mkdir()
    (tmp_path / "own").mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("DIARFUSE_CONFIG_DIR", str(tmp_path / "own"))
    for variable in ENVIRONMENT.values():
        monkeypatch.delenv(variable, raising=False)
    soundfile.write("a.wav", np.full(64_000, 0.01, np.float32), 16_000)
    Path("words.json").write_text(json.dumps(WORDS), encoding="utf-8")
    Path("a.rttm").write_text(RTTM, encoding="utf-8")
    return folder


@pytest.fixture
def say(work: Path, capsys):  # noqa: ARG001  (a folder to start in is what it needs)
    """``say(words...)``: (exit code, stdout, stderr) of a command started there."""

    def call(*words: str) -> tuple[int, str, str]:
        code = run(words)
        return (code, *capsys.readouterr())

    return call


def beside(text: str) -> None:
    Path("diarfuse.toml").write_text(text, encoding="utf-8")


def own(work: Path, text: str) -> Path:
    path = work.parent / "own" / "diarfuse.toml"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return path


def shown(say, *command: str) -> dict[str, tuple[object, str]]:
    code, out, error = say("config", "show", *command, "--json")
    assert (code, error) == (0, "")
    return {key: (one["value"], one["from"]) for key, one in json.loads(out).items()}


def test_each_value_says_where_it_comes_from(work: Path, say, monkeypatch) -> None:
    beside('num-speakers = 2\ncues = "segments"\n')
    mine = own(work, 'num-speakers = 3\nthreads = 1\noffline = true\nmodels-dir = "models"\n[serve]\nthreads = 2\n')
    monkeypatch.setenv("DIARFUSE_OFFLINE", "1")
    found = shown(say)
    assert found["num-speakers"] == (2, str(work / "diarfuse.toml"))
    assert found["cues"] == ("segments", str(work / "diarfuse.toml"))
    assert found["threads"] == (1, str(mine))
    assert found["offline"] == ("1", "$DIARFUSE_OFFLINE")
    assert found["models-dir"] == (str(mine.parent / "models"), str(mine))
    assert found["diarizer"] == ("auto", "default")
    assert found["max-speakers"] == (None, "default")
    assert shown(say, "serve")["threads"] == (2, str(mine))
    code, out, _ = say("config", "show")
    assert code == 0
    assert f"num-speakers = 2  # {work / 'diarfuse.toml'}\n" in out
    assert out.startswith(f"# beside the work: {work / 'diarfuse.toml'}\n# your own: {mine}\n")
    assert "Unknown command 'sevre'" in say("config", "show", "sevre")[2]


def keys() -> list[str]:
    every = {key for command in all_commands().values() for key in config._all_options(command)}
    return sorted(every | ENVIRONMENT.keys())


@pytest.mark.parametrize("key", sorted(set(keys()) - BESIDE))
def test_a_file_beside_the_work_may_not_send_run_identify_or_choose(work: Path, say, key: str) -> None:
    for text in (f'{key} = "x"\n', f'num-speakers = 2\n[run]\n{key} = "x"\n'):
        beside(text)
        code, out, error = say("attach", "words.json", "--rttm", "a.rttm")
        if "[run]" in text and "run" in text and key not in config._all_options(all_commands()["run"]):
            assert code == 2
            continue
        assert (code, out) == (2, "")
        assert f"{work / 'diarfuse.toml'} sets " in error
        assert f"{key}, and a file beside the work may not" in error
        assert str(work.parent / "own" / "diarfuse.toml") in error


CLASSES = {
    "sends or receives": {
        "remote",
        "remote-token",
        "host",
        "port",
        "token-file",
        "offline",
        "online",
        "live",
        "live-page",
    }
    | {"max-body", "max-duration", "concurrency", "queue", "timeout"},
    "runs a program, a plug-in or a model": {
        "asr",
        "asr-option",
        "model",
        "compute-type",
        "batch-size",
        "diarizer",
        "labels-from",
        "voice-model",
    }
    | {"models-dir", "embedding", "segmentation", "front-end", "licence", "forbids", "recordings"},
    "identifies, or keeps a voice": {"identify", "primary", "link-speakers", "voices-dir"},
    "decides what the answer is": {"diarize", "channels", "audio-track", "language", "join", "recipe", "step"}
    | {"preset", "threshold", "mode", "collar", "stm"},
    "gives a recording away": {"embed-audio", "events", "save-audio"},
    "reads a file, which is run": {"docx-template"},
    "takes the machine, or hides what happens": {"device", "threads", "verbose", "strict", "workers"}
    | {"time-limit", "live-text", "no-browser", "no-final-pass", "pace"},
    "listens": {"input", "list-devices", "from-file", "raw"},
}
"""Why a file beside the work may not set it."""


def test_every_option_has_its_class() -> None:
    refused = [key for keys_of_class in CLASSES.values() for key in keys_of_class]
    assert len(refused) == len(set(refused))
    assert not BESIDE & set(refused)
    assert set(keys()) == (BESIDE & set(keys())) | set(refused), "a new option: which class is it of?"


def test_a_key_means_the_same_to_every_command() -> None:
    """A line outside of the tables holds for all of them, so it must be of one shape."""
    shapes: dict[str, set[tuple[bool, str]]] = {}
    for command in all_commands().values():
        for key, option in config._all_options(command).items():
            kind = "Choice" if isinstance(option.type, click.Choice) else type(option.type).__name__
            shapes.setdefault(key, set()).add((option.multiple, kind.removesuffix("ParamType")))
    differing = {key for key, found in shapes.items() if len(found) > 1}
    assert differing <= {"port"}  # a number in all, bounded in one


def test_a_recogniser_of_ones_own_choice_is_for_every_run(work: Path, say) -> None:
    own(work, 'asr = "words-json"\nmodel = "words.json"\nthreshold = 0.7\n')
    assert say("a.wav", "-o", "-")[:2] == (0, "Hello there.\n")


def test_what_sends_and_identifies_is_among_the_refused() -> None:
    barred = set(keys()) - BESIDE
    assert {"remote", "remote-token", "asr", "model", "asr-option", "diarizer", "identify", "primary"} <= barred
    assert {"link-speakers", "voices-dir", "models-dir", "voice-model", "token-file", "host", "port"} <= barred
    assert "output" not in keys()  # where to write is said in each call


def test_every_listed_key_is_an_option() -> None:
    options = {max(p.opts, key=len).lstrip("-") for c in flat(all_commands().values()) for p in c.params}
    assert BESIDE - {"names"} <= options
    assert options >= ONE_CALL
    assert COUNTS <= BESIDE


def flat(commands) -> list[click.Command]:
    return [c for one in commands for c in ([one, *flat(one.commands.values())] if hasattr(one, "commands") else [one])]


def test_formats_stand_in_where_a_call_names_none(work: Path, say) -> None:
    beside('format = ["vtt", "json"]\n')
    words = ("attach", "words.json", "--rttm", "a.rttm")
    (work / "out").mkdir()
    assert say(*words, "-o", "out/")[0] == 0
    assert sorted(path.name for path in (work / "out").iterdir()) == ["words.json", "words.vtt"]
    assert say(*words)[1].startswith("WEBVTT")
    assert say(*words, "-o", "a.srt")[0] == 0
    assert (work / "a.srt").read_text(encoding="utf-8").startswith("1\n")
    assert say(*words, "--format", "txt")[1].startswith("SPEAKER_00: Hello")
    beside('format = ["json", "srt"]\n[attach]\nformat = "txt"\n')
    assert say(*words)[1].startswith("SPEAKER_00: Hello")
    assert json.loads(say(*words, "--same-shape")[1])[0]["speaker"] == "SPEAKER_00"


def test_names_are_put_for_labels_and_not_in_silence(say) -> None:
    beside('[names]\nSPEAKER_00 = "Ana Mar\u00eda"\nSPEAKER_07 = "Zoe"\n')
    words = ("attach", "words.json", "--rttm", "a.rttm", "--format", "txt")
    _, out, error = say(*words)
    assert out == "Ana Mar\u00eda: Hello\n\nSPEAKER_01: there.\n"
    assert "Nobody is called SPEAKER_07 here, whom --name calls Zoe." in error
    assert say(*words, "--name", "SPEAKER_01=Ben")[1] == "SPEAKER_00: Hello\n\nBen: there.\n"
    assert "SPEAKER_00 stays: SPEAKER_01 is another" in say(*words, "--name", "SPEAKER_00=SPEAKER_01")[2]
    swapped = say(*words, "--name", "SPEAKER_00=SPEAKER_01", "--name", "SPEAKER_01=SPEAKER_00")[1]
    assert swapped == "SPEAKER_01: Hello\n\nSPEAKER_00: there.\n"
    for wrong in ("SPEAKER_00", "=Ana", "SPEAKER_00=", "SPEAKER_00=a\nb"):
        assert say(*words, "--name", wrong)[0] == 2
    assert "several speakers" in say(*words, "--name", "SPEAKER_00=Ana", "--name", "SPEAKER_01=Ana")[2]


def test_counts_give_way_to_those_of_the_call_and_to_turns_that_are_there(work: Path, say) -> None:
    beside("min-speakers = 3\nmax-speakers = 4\n")
    assert say("attach", "words.json", "--rttm", "a.rttm")[0] == 0
    command = all_commands()["run"]
    files = read_files(all_commands)
    assert config.defaults("run", command, files, ["a.wav"]) == {}
    assert config.defaults("run", command, files, ["--diarize"]) == {"min_speakers": 3, "max_speakers": 4}
    assert config.defaults("run", command, files, ["--diarize", "--num-speakers=2"]) == {}
    own(work, "diarize = true\n")
    found = config.defaults("run", command, read_files(all_commands), ["a.wav"])
    assert found == {"diarize": True, "min_speakers": 3, "max_speakers": 4}


@pytest.mark.parametrize(
    ("here", "mine", "counts"),
    [
        ("num-speakers = 2", "min-speakers = 3\nmax-speakers = 6", {"num_speakers": 2}),
        ("min-speakers = 3", "max-speakers = 2", {"min_speakers": 3}),
        ("num-speakers = 2\n[diarize]\nmax-speakers = 5", "min-speakers = 9", {"max_speakers": 5}),
        ("labels = 'every'", "min-speakers = 3\nmax-speakers = 6", {"min_speakers": 3, "max_speakers": 6}),
    ],
)
def test_counts_of_one_file_do_not_mix_with_anothers(
    work: Path, say, here: str, mine: str, counts: dict[str, int]
) -> None:
    beside(here)
    own(work, mine)
    found = config.defaults("diarize", all_commands()["diarize"], read_files(all_commands), [])
    assert found == counts
    told = shown(say, "diarize")
    assert {key for key, (value, _) in told.items() if key in config.COUNTS and value is not None} == {
        name.replace("_", "-") for name in counts
    }


def test_commands_of_a_group_take_settings_too(work: Path) -> None:
    own(work, '[voice]\nvoice-model = "campplus"\n')
    command = all_commands()["voice"]
    found = config.defaults("voice", command, read_files(all_commands), [])
    assert found["enroll"] == {"model": "campplus"}
    assert found["list"] == {}


def test_the_environment_is_filled_for_the_command_only(work: Path, say, monkeypatch) -> None:
    seen: dict[str, str | None] = {}
    monkeypatch.setattr(
        "diarfuse.transcribe.voices.store.VoiceStore.people",
        lambda _: seen.update({name: os.environ.get(name) for name in ENVIRONMENT.values()}) or [],
    )
    path = own(work, 'voices-dir = "voices"\nremote-token = "secret"\noffline = true\n')
    monkeypatch.setenv("DIARFUSE_REMOTE_TOKEN", "mine")
    assert say("voice", "list")[0] == 0
    assert seen["DIARFUSE_VOICES_DIR"] == str(path.parent / "voices")
    assert seen["DIARFUSE_REMOTE_TOKEN"] == "mine"  # noqa: S105
    assert seen["DIARFUSE_OFFLINE"] == "1"
    assert "DIARFUSE_VOICES_DIR" not in os.environ
    monkeypatch.delenv("DIARFUSE_REMOTE_TOKEN")
    assert shown(say)["remote-token"] == ("***", str(path))


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes")
def test_a_token_is_nobody_elses_to_read(work: Path, say) -> None:
    own(work, 'remote-token = "secret"\n').chmod(0o644)
    code, _, error = say("config", "show")
    assert code == 2
    assert "can be read by others: run chmod 600 on it." in error
    assert "secret" not in error


BAD = {
    "num-speakers = \n": "is no TOML",
    'num-speakers = "two"': "num-speakers = 'two' must be a whole number.",
    "num-speakers = true": "num-speakers = True must be a whole number.",
    "cues = 3": "cues = 3 must be text in quotes.",
    'cues = "wide"': "cues = 'wide' cannot be: ",
    "format = [1]": "format = 1 must be text in quotes.",
    "[names]\nSPEAKER_00 = 5": "names.SPEAKER_00 = 5 must be text in quotes.",
    'format = ["srt", "nope"]': "format = 'nope' cannot be: Unknown format 'nope': the known ones are ass, ",
    'format = {srt = "x"}': "format = {{'srt': 'x'}} must be text in quotes.",
    "format = " + "[" * 5000: "is no TOML (it is nested too deeply): mend",
    "fps = " + "9" * 5000: "is no TOML (it holds a number of too many digits): mend",
    "num-speaker = 2": "Unknown setting in {path}: 'num-speaker': the known ones are ",
    "[diarise]\nnum-speakers = 2": "Unknown setting in {path}: 'diarise'",
    '[diarize]\ncues = "segments"': "Unknown setting in {path}: '[diarize] cues'",
    "[run]\n[run.names]\n[run.names.x]": "must be text in quotes",
    "\x00": "is no TOML",
    'template = "a\\u0000b"': "template = 'a\\x00b' holds a NUL character: take it out.",
    '[names]\nSPEAKER_00 = "a\\u0000b"': "names.SPEAKER_00 = 'a\\x00b' holds a NUL character: take it out.",
}


@pytest.mark.parametrize("text", BAD)
def test_what_cannot_be_is_refused_by_its_place(work: Path, say, text: str) -> None:
    beside(text)
    code, out, error = say("attach", "words.json", "--rttm", "a.rttm")
    assert (code, out) == (2, "")
    assert str(work / "diarfuse.toml") in error
    assert BAD[text].format(path=work / "diarfuse.toml") in error
    assert len(error.splitlines()) == 1
    assert say("attach", "--help")[0] == 0
    assert say("--version")[0] == 0


ATTACH = ("attach", "words.json", "--rttm", "a.rttm", "--format", "txt")
RUN = ("a.wav", "--asr", "words-json", "--model", "words.json", "--diarize")
REFUSED = {
    "num-speakers = 0": RUN,
    "min-speakers = 5\nmax-speakers = 3": RUN,
    "fps = 0": ATTACH,
    'template = "{nope}"': ATTACH,
    "names = {SPEAKER_00 = ''}": ATTACH,
    "names = {SPEAKER_00 = 'unknown'}": ATTACH,
    "names = {SPEAKER_00 = 'Ana', SPEAKER_01 = 'Ana'}": ATTACH,
    "names = {'a=b' = 'Ana'}": ATTACH,
    'docx-template = "gone.docx"': (*ATTACH, "-o", "a.docx"),
    'asr = "nope"': ("a.wav",),
    'language = "xx9"': RUN,
    'compute-type = "int8"': RUN,
    'asr-option = ["x=1"]': RUN,
    'audio-track = "0"': RUN,
    'diarizer = "nope"': RUN,
    "step = 0": RUN,
    "threshold = -1": RUN,
    "threads = -1": RUN,
    'remote = "ftp://x"': RUN,
    'models-dir = ""': RUN,
    'voices-dir = ""': ("voice", "list"),
    'voice-model = "nope"': ("voice", "embed", "a.wav"),
    "workers = -1": ("batch", "a.wav", "-o", "out"),
    "port = 99999": ("serve",),
    'host = "0.0.0.0"': ("serve",),
    'token-file = "gone"': ("serve",),
    "collar = -1": ("eval", "words.json", "--rttm", "a.rttm"),
    'stm = "gone.stm"': ("eval", "words.json"),
    'input = ["x", "x"]': ("live",),
    'save-audio = "x.txt"': ("live", "--from-file", "a.wav"),
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_only_the_command_can_refuse_is_told_with_its_place(work: Path, say, text: str) -> None:
    path = own(work, text)
    code, _, error = say(*REFUSED[text])
    told = [line for line in error.splitlines() if line.startswith("Error: ")]
    assert (code in (1, 2), len(told), str(path) in told[0]) == (True, 1, True), error
    assert re.search(rf"[:,] {text.partition(' ')[0]} (= |has )", told[0]), told[0]


def test_the_sentence_of_the_page_is_what_is_told(work: Path, say) -> None:
    page = Path(__file__).parents[3] / "docs" / "config.md"
    sentence = " ".join(re.findall(r"finds out: `([^`]*)`", page.read_text(encoding="utf-8"))[0].split())
    path = own(work, "min-speakers = 3\nmax-speakers = 2\n")
    code, _, error = say("diarize", "a.wav", "-o", "b.rttm")
    assert (code, error) == (2, f"Error: {sentence.replace('/home/ana/.config/diarfuse/diarfuse.toml', str(path))}\n")


@pytest.mark.parametrize("manner", [(), ("--json-progress",)])
def test_what_one_of_several_files_fails_by_is_told_with_its_place(work: Path, say, manner: tuple[str, ...]) -> None:
    soundfile.write("b.wav", np.full((64_000, 2), 0.01, np.float32), 16_000)
    words = ("a.wav", "b.wav", "--asr", "words-json", "--model", "words.json", "-o", "out/", *manner)
    path = own(work, 'audio-track = "2"\n')
    code, _, error = say(*words)
    told = [line for line in error.splitlines() if "--audio-track" in line]
    assert code == 1, error
    assert len(told) == 2, error
    for line in told:
        assert f"Set in {path}: audio-track = '2'." in line
    path.unlink()
    _, _, error = say(*words, "--audio-track", "2")
    assert "--audio-track" in error
    assert "Set in" not in error


def test_what_the_call_says_itself_is_no_matter_of_the_file(work: Path, say) -> None:
    path = own(work, 'fps = 25\nlanguage = "de"\nremote-token = "abc"\n')
    for words in ((*ATTACH, "--fps=0"), (*RUN, "--language=xx9")):
        code, _, error = say(*words)
        assert (code, str(path) in error) == (2, False)
    assert "abc" not in say("attach", "abc", "--rttm", "a.rttm")[2].partition("Set in")[2]
    own(work, 'remote = "ftp://ana:secret@x"\n')
    assert "remote = 'ftp://x'" in (told := say(*RUN)[2].partition("Set in")[2])
    assert "secret" not in told


def test_files_that_cannot_be_read_are_told_of(work: Path, say) -> None:
    path = work / "diarfuse.toml"
    for make, said in (
        (lambda: path.write_bytes(b"\xff"), "not UTF-8"),
        (lambda: path.write_bytes(b"#" * (1 << 20) + b"\n"), "larger than 1 MiB"),
        (lambda: path.symlink_to(work / "nowhere"), "cannot be read"),
        (path.mkdir, "cannot be read"),
        *([(lambda: os.mkfifo(path), "is a pipe")] if hasattr(os, "mkfifo") else []),
    ):
        make()
        code, _, error = say("attach", "words.json", "--rttm", "a.rttm")
        assert code == 2
        assert said in error
        path.rmdir() if path.is_dir() else path.unlink()
    path.write_bytes("\ufeffnum-speakers = 2\n".encode())
    assert shown(say)["num-speakers"][0] == 2


def test_the_variable_for_the_folder_names_one(say, monkeypatch) -> None:
    monkeypatch.setenv("HOME", str(Path.cwd().parent))
    monkeypatch.setenv("DIARFUSE_CONFIG_DIR", "~/own")
    Path("../own/diarfuse.toml").write_text("threads = 3\n", encoding="utf-8")
    assert "threads = 3" in say("config", "show")[1]
    monkeypatch.setenv("DIARFUSE_CONFIG_DIR", str(Path("../own/diarfuse.toml")))
    code, _, told = say("config", "show")
    assert (code, told.count("\n")) == (2, 1)
    assert "$DIARFUSE_CONFIG_DIR='../own/diarfuse.toml' is a file: give the folder that holds" in told


def test_the_users_own_folder_is_beside_no_work(work: Path, say, monkeypatch) -> None:
    path = own(work, 'language = "de"\n')
    monkeypatch.chdir(path.parent)
    assert shown(say)["language"] == ("de", str(path))


def test_the_documents_files_are_taken(work: Path) -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "config.md").read_text(encoding="utf-8")
    first, second = (part.partition("```")[0] for part in page.split("```toml\n")[1:])
    beside(first)
    own(work, second)
    assert [file.path.parent.name for file in read_files(all_commands)] == ["work", "own"]
