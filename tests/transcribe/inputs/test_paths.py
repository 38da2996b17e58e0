"""What is wrong with a path, told by every command that reads one in the same words."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from diarfuse.fusion.audio import load_audio
from diarfuse.fusion.errors import AudioNotFoundError
from diarfuse.transcribe.__main__ import run
from diarfuse.transcribe.inputs.paths import problem_of

WRONG = {
    "nowhere.flac": "There is no file 'nowhere.flac': check the path.",
    "good.wav/below": "There is no file 'good.wav/below': check the path.",
    "circle": "'circle' is a circle of links, which leads to no file: give the file itself.",
    "circle/below": "'circle/below' is a circle of links, which leads to no file: give the file itself.",
    "hanging": "'hanging' is a link to 'gone', which is not there: give the file itself.",
    "folder": "'folder' is a folder: give the file or files in it.",
    "a\0b": r"'a\x00b' holds a NUL character, which no file's name does: check the path.",
    "x" * 300: f"The name '{'x' * 59}... is longer than this system allows: check the path.",
}
READERS = {
    "run": "--asr words-json --model words.json {}",
    "diarize": "diarize {}",
    "attach": "attach {} --rttm turns.rttm",
    "attach's turns": "attach words.json --rttm {}",
    "identify": "identify {}",
    "identify's turns": "identify good.wav --rttm {}",
    "embed": "voice embed {}",
    "verify": "voice verify good.wav {}",
    "import": "voice import {}",
    "rename": "rename {} A=B",
    "review": "review {}",
    "redo": "redo {} --diarize",
    "eval": "eval {} --rttm turns.rttm",
    "add": "models add n --segmentation campplus --embedding {}",
    "serve": "serve --token-file {}",
}


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DIARFUSE_MODELS_DIR", str(tmp_path / "models"))
    monkeypatch.setenv("DIARFUSE_VOICES_DIR", str(tmp_path / "voices"))
    monkeypatch.setenv("DIARFUSE_OFFLINE", "1")
    Path("folder").mkdir()
    for name in ("good.wav", "words.json", "turns.rttm"):
        Path(name).write_text("[]")
    for link, to in {"circle": "other", "other": "circle", "hanging": "gone"}.items():
        Path(link).symlink_to(to)


@pytest.mark.parametrize("command", READERS.values(), ids=READERS)
def test_every_command_says_the_same(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    for path, told in WRONG.items():
        assert run([word.replace("{}", path) for word in command.split()]) == (2 if command.startswith("serve") else 1)
        assert capsys.readouterr().err == f"Error: {told}\n"


@pytest.mark.parametrize(
    "command", [command for name, command in READERS.items() if name not in ("run", "diarize")]
    + ["export {} -o a.srt", "stats {}", "check {}", "redo meeting.json {} --diarize"],
)  # fmt: skip
def test_stdin_is_read_where_it_is_said_only(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("meeting.json").write_text("{}")
    Path("-").write_text("[]")
    assert run(command.replace("{}", "-").split()) == 2
    told = "Error: Stdin (-) is not read here: give a file, or ./- for one that is called so.\n"
    assert capsys.readouterr().err == told
    run(command.replace("{}", "./-").split())
    assert capsys.readouterr().err != told


@pytest.mark.parametrize("command", ["voice search {} q", "models import {}"])
def test_a_folder_is_wanted(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    for path in {*WRONG, "good.wav"} - {"folder"}:
        told = WRONG.get(path, "'good.wav' is a file: give a folder.").replace("no file '", "no folder '")
        assert run([word.replace("{}", path) for word in command.split()]) == 1
        assert capsys.readouterr().err == f"Error: {told}\n"


def test_either_is_named_where_either_will_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["open", "nowhere"]) == 1
    assert capsys.readouterr().err == "Error: There is no file or folder 'nowhere': check the path.\n"


@pytest.mark.parametrize("command", [READERS[name] for name in ("run", "attach", "attach's turns", "rename", "verify")])
def test_a_name_that_only_looks_alike_is_told(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    names = ("Zoe\u0308.wav", "Zo\u00eb.wav")
    for there, given in (names, names[::-1]):
        Path(there).write_text("[]")
        assert run([word.replace("{}", given) for word in command.split()]) == 1
        why = "one that looks alike has its accents written otherwise, so let the shell complete its name (TAB)."
        assert capsys.readouterr().err == f"Error: There is no file '{given}': {why}\n"
        Path(there).unlink()


def test_what_may_not_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert str(problem_of("good.wav")) == "'good.wav' may not be read: change its permissions, or copy it."


def test_what_can_be_read() -> None:
    Path("link").symlink_to("good.wav")
    for path in ("good.wav", "link", Path("good.wav")):
        assert problem_of(path) is None
    assert problem_of("folder", "folder") is None
    assert problem_of("folder", "either") is None


@pytest.mark.parametrize(
    "arguments", ["good.wav --asr words-json --model a\0b", "models list --models-dir a\0b", "good.wav -o a\0b.srt"]
)
def test_a_nul_in_any_path_is_one_sentence(arguments: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments.split(" ")) == 1
    said = capsys.readouterr().err
    assert said.startswith("Error: ")
    assert "NUL character" in said
    assert said.count("\n") == 1


@pytest.mark.parametrize("address", ["https://example.org/a.wav", "s3://calls/a.wav", "ftp://example.org/calls/a.wav"])
def test_an_address_is_no_file_and_the_remedy_says_so(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    told = f"{address!r} is an address, not a file: download it first."
    assert str(problem_of(address)) == str(problem_of(Path(address))) == told
    with pytest.raises(AudioNotFoundError) as caught:
        load_audio(address)
    assert str(caught.value) == told
    assert run([address]) == 1
    assert capsys.readouterr().err == f"Error: {told}\n"
