"""The editing commands do what their functions do, in the file, and say it in one line."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from diarfuse.exporters import registry
from diarfuse.fusion.document import Document, read_document
from diarfuse.transcribe.__main__ import _unforeseen, run
from tests.fusion.documents import MEETING, said


@pytest.fixture(autouse=True)
def meeting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "meeting.json"
    path.write_text(str(registry.dumps(MEETING, "json")), encoding="utf-8")
    return path


def held() -> Document:
    return read_document("meeting.json")


EDITS = {
    "rename": (
        ["SPEAKER_00=Ana", "SPEAKER_01=Ben K. = B"],
        lambda d: d.rename({"SPEAKER_00": "Ana", "SPEAKER_01": "Ben K. = B"}),
    ),
    "merge": (["SPEAKER_01", "SPEAKER_00"], lambda d: d.merge("SPEAKER_01", "SPEAKER_00")),
    "reassign": (["00:00:00-00:00:01", "Cy"], lambda d: d.reassign("00:00:00-00:00:01", "Cy")),
    "text": (["00:00:00", "Hello, Anna."], lambda d: d.text("00:00:00", "Hello, Anna.")),
}


def test_a_name_of_joined_pictures_is_told_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    name = "👨\u200d👩\u200d👧"
    assert run(["rename", "meeting.json", f"SPEAKER_00={name}"]) == 0
    assert f"rename SPEAKER_00 to {name}\n" in capsys.readouterr().err
    assert name in held().speakers


@pytest.mark.parametrize("words", [[name, "meeting.json", *given] for name, (given, _) in EDITS.items()])
def test_an_edit_is_told_as_was_asked_for(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    for then in (words, ["undo", "meeting.json"], ["forget", "meeting.json"]):
        assert run([*then, "--quiet"]) == 0
        assert capsys.readouterr() == ("", "")
    assert run([*words, "--json-progress"]) == 0
    told = json.loads(capsys.readouterr().err)
    assert told["event"] == "note"
    assert told["text"] == f"meeting.json: {held().history[-1].operation.told()}"


@pytest.mark.parametrize("name", EDITS)
def test_a_command_is_its_function_and_undo_takes_it_back(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments, function = EDITS[name]
    assert run([name, "meeting.json", *arguments]) == 0
    assert held() == function(MEETING)
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith(f"meeting.json: {name} ")
    assert len(told.err.splitlines()) == 1
    assert run(["undo", "meeting.json"]) == 0
    assert held() == MEETING
    assert f"undone: {name} " in capsys.readouterr().err


def test_a_phrase_everywhere_and_nobody() -> None:
    assert run(["text", "meeting.json", "--find", "Anna", "--replace", "Hanna"]) == 0
    assert held() == MEETING.replace_text("Anna", "Hanna")
    assert run(["reassign", "meeting.json", "1-2", "nobody"]) == 0
    assert said(held())[0] == (None, " Hello there")
    assert run(["forget", "meeting.json"]) == 0
    assert held().history == ()
    assert run(["undo", "meeting.json"]) == 2


WRONG = {
    "no such speaker": (["rename", "meeting.json", "Zoe=Ana"], "the known ones are SPEAKER_00, SPEAKER_01", 2),
    "a name in use": (["rename", "meeting.json", "SPEAKER_00=SPEAKER_01"], "in use", 2),
    "no pair": (["rename", "meeting.json", "Ana"], "must look like OLD=NEW", 2),
    "two names": (["rename", "meeting.json", "SPEAKER_00=A", "SPEAKER_00=B"], "given two names", 2),
    "no name": (["rename", "meeting.json", "SPEAKER_00="], "must have 1 to 100 characters", 2),
    "no time": (["text", "meeting.json", "soon", "x"], "is no time", 2),
    "nobody speaks": (["text", "meeting.json", "01:00:00", "x"], "Nobody speaks", 2),
    "no text": (["text", "meeting.json", "00:00:01"], "Give either", 2),
    "too much": (["text", "meeting.json", "00:00:01", "x", "--find", "a", "--replace", "b"], "Give either", 2),
    "nowhere": (["text", "meeting.json", "--find", "zzz", "--replace", "b"], "Nobody says 'zzz'", 2),
    "no words": (["reassign", "meeting.json", "99-100", "Ana"], "numbered from 1 to 15", 2),
    "no file": (["undo", "none.json"], "There is no file 'none.json'", 1),
    "no document": (["undo", "words.json"], "words.json: it is no transcript of this program", 1),
    "damaged": (["merge", "half.json", "A", "B"], "half.json is no JSON", 1),
    "newer": (["undo", "newer.json"], "of a newer version", 1),
}


@pytest.mark.parametrize("kind", WRONG)
def test_what_cannot_be_is_one_sentence_and_leaves_the_file(
    kind: str, meeting: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments, sentence, code = WRONG[kind]
    text = meeting.read_text(encoding="utf-8")
    Path("words.json").write_text('[{"word": "a"}]', encoding="utf-8")
    Path("half.json").write_text(text[: len(text) // 2], encoding="utf-8")
    Path("newer.json").write_text(text.replace("diarfuse/1", "diarfuse/2"), encoding="utf-8")
    assert run(arguments) == code
    told = capsys.readouterr().err
    assert sentence in told
    assert len(told.splitlines()) == 1
    assert meeting.read_text(encoding="utf-8") == text


def test_names_and_texts_are_corrected_without_numpy() -> None:
    program = (
        "import sys\nfrom diarfuse.transcribe.__main__ import run\n"
        "edits = ['rename', 'SPEAKER_00=Ana'], ['merge', 'Ana', 'SPEAKER_01'], ['text', '00:00:00', 'Hi.'], ['undo']\n"
        "for line in edits:\n"
        "    assert run([line[0], 'meeting.json', *line[1:]]) == 0\n"
        "print({'numpy', 'scipy', 'onnxruntime', 'rich'} & set(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=600)
    assert done.stdout.strip() == "set()"


def test_names_typed_in_a_locale_that_knows_no_accents() -> None:
    """What Python makes of UTF-8 there."""
    assert run(["rename", "meeting.json", "SPEAKER_00=Zo\udcc3\udcab"]) == 0
    assert run(["merge", "meeting.json", "Zo\udcc3\udcab", "SPEAKER_01"]) == 0
    assert run(["text", "meeting.json", "00:00:00", "Caf\udcc3\udca9."]) == 0
    assert "Zoë" in held().speakers
    assert "?" not in str(held().history)
    assert "Café." in held().transcript.segments[0].text
    assert run(["rename", "meeting.json", "Zoë=a\udcff"]) == 2


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE])
def test_too_many_open_files_are_no_fault_of_a_path(number: int) -> None:
    told = _unforeseen(OSError(number, os.strerror(number), "meeting.json"))
    assert told == "Too many files are open at once: allow more (ulimit -n 1024)."


@pytest.mark.skipif(sys.platform == "win32", reason="Windows removes no folder in which a process is")
def test_a_working_folder_that_is_gone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "gone").mkdir()
    os.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert run(["export", str(tmp_path / "meeting.json")]) == 1
    assert capsys.readouterr().err.startswith("Error: The folder that this was started in is gone: change to one")
