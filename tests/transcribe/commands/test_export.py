"""`transcribe export`: every format from the file, as the run itself would have written it."""

from __future__ import annotations

import hashlib
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from diarfuse.exporters import registry
from diarfuse.exporters.style import Style
from diarfuse.fusion.document import Document, Recording, read_document
from diarfuse.fusion.types import Diarization, Transcript, Turn
from diarfuse.transcribe.__main__ import run
from diarfuse.transcribe.documents import renamed
from tests.fusion.documents import MEETING

EDITED = MEETING.rename({"SPEAKER_00": "Ana"})


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, document in (("meeting", EDITED), ("call", MEETING)):
        Path(f"{name}.json").write_text(str(registry.dumps(document, "json")), encoding="utf-8")
    Path("out").mkdir()
    return tmp_path


def test_every_format_at_once() -> None:
    outs = [part for name in registry.names() for part in ("-o", f"out/x{registry.ending(name)}")]
    assert run(["export", "meeting.json", *outs]) == 0
    for name in registry.names():
        content = registry.dumps(EDITED, name)
        content = content.encode() if isinstance(content, str) else content
        assert Path(f"out/x{registry.ending(name)}").read_bytes() == content, name


def test_many_documents_into_a_folder() -> None:
    assert run(["export", "meeting.json", "call.json", "--format", "csv", "--format", "rttm", "-o", "out/"]) == 0
    assert sorted(path.name for path in Path("out").iterdir()) == [
        "call.csv",
        "call.rttm",
        "meeting.csv",
        "meeting.rttm",
    ]
    assert "Ana" in Path("out/meeting.rttm").read_text(encoding="utf-8")


def test_a_bad_document_among_several_costs_only_itself(capsys: pytest.CaptureFixture[str]) -> None:
    Path("bad.json").write_text("{", encoding="utf-8")
    assert run(["export", "bad.json", "call.json", "--format", "csv", "-o", "out/"]) == 1
    assert [path.name for path in Path("out").iterdir()] == ["call.csv"]
    first, *_, last = capsys.readouterr().err.splitlines()
    assert first.startswith("Error: bad.json is no JSON")
    assert last == "1 of 2 files failed; the others are written."
    Path("worse.json").write_text("{", encoding="utf-8")
    assert run(["export", "bad.json", "worse.json", "--format", "csv", "-o", "none/"]) == 1
    assert capsys.readouterr().err.splitlines()[-1] == "2 of 2 files failed."
    assert run(["export", "bad.json", "-o", "out/bad.csv"]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_cues_can_be_the_recognisers_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["export", "meeting.json", "--format", "srt", "--cues", "segments"]) == 0
    assert capsys.readouterr().out == registry.dumps(EDITED, "srt", Style(cues="segments"))


def test_a_template_from_a_shell_without_utf_8(capsys: pytest.CaptureFixture[str]) -> None:
    """As Python hands it over in the locale C, where it decodes nothing but ASCII."""
    assert run(["export", "meeting.json", "--format", "txt", "--template", "\udcc3\udca9{number} "]) == 0
    assert capsys.readouterr().out.startswith("é1 ")


def test_clean_leaves_out_what_was_before() -> None:
    assert run(["export", "meeting.json", "--clean", "-o", "out/a.json", "-o", "out/a.rttm"]) == 0
    for path in Path("out").iterdir():
        text = path.read_text(encoding="utf-8")
        assert "SPEAKER_00" not in text
        assert "meeting" not in text
        assert "Ana" in text
    assert read_document("out/a.json").transcript == EDITED.transcript


def test_a_template_that_nothing_is_written_with_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    template = ["export", "meeting.json", "--template", "nvivo"]
    for rest in (["-o", "out/a.srt"], ["--format", "csv"], ["-o", "out/a.md", "-o", "out/a.docx"], ["-o", "out/"]):
        assert run([*template, *rest]) == 2
        assert "--template is for txt, and none is written" in capsys.readouterr().err
    for rest in ([], ["-o", "out/a.srt", "-o", "out/a.txt"], ["-o", "out/", "--format", "txt"]):
        assert run([*template, *rest]) == 0
    Path("diarfuse.toml").write_text('template = "nvivo"\n', encoding="utf-8")
    assert run(["export", "meeting.json", "-o", "out/b.srt", "-o", "out/b.txt"]) == 0
    assert "\tAna\t" in Path("out/b.txt").read_text(encoding="utf-8")
    assert run(["export", "meeting.json", "-o", "out/b.srt"]) == 0
    assert run(["export", "meeting.json", "--docx-template", "call.json", "-o", "out/b.srt"]) == 2
    assert "--docx-template is for docx" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "rest", "said"),
    [
        ("--highlight-words", ["-o", "out/a.srt"], "is for vtt and ass, and none is written: add -o FILE.vtt, or"),
        ("--highlight-words", [], "is for vtt and ass"),
        ("--no-times", ["--format", "srt", "-o", "out/"], "is for docx and md"),
        ("--max-line-width=0", [], "'--max-line-width': 0 is not in the range"),
        ("--max-lines=-1", [], "'--max-lines': -1 is not in the range"),
    ],
)
def test_what_nothing_written_takes_is_refused(
    option: str, rest: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["export", "meeting.json", option, *rest]) == 2
    assert said in capsys.readouterr().err
    Path("diarfuse.toml").write_text('highlight-words = true\nno-times = true\nformat = ["vtt"]\n', encoding="utf-8")
    assert run(["export", "meeting.json", "-o", "out/a.srt"]) == 0
    assert run(["export", "meeting.json", "--highlight-words", "-o", "out/"]) == 0
    assert Path("out/meeting.vtt").exists()


def told(path: Path) -> str:
    """All that a file holds; a document for Word is an archive."""
    if not zipfile.is_zipfile(path):
        return path.read_bytes().decode("utf-8", "replace")
    with zipfile.ZipFile(path) as archive:
        return "".join(archive.read(name).decode("utf-8", "replace") for name in archive.namelist())


SECRETS = ("SPEAKER_00", "meeting", "abab", "A note.")
SHARED = ("docx", "html", "md", "png", "srt", "svg", "txt", "vtt")
"""The formats that are made to be shown to others; the rest go into programs, some of which look for the recording."""


@pytest.mark.parametrize("name", registry.BUILTIN)
def test_no_format_tells_what_was_left_out(name: str) -> None:
    assert run(["export", "meeting.json", "--clean", "--format", name, "-o", "out/clean"]) == 0
    assert run(["export", "meeting.json", "--format", name, "-o", "out/usual"]) == 0
    for path in (Path("out/clean"), Path("out/usual"))[: 2 if name in SHARED else 1]:
        found = [secret for secret in SECRETS if secret in told(path)]
        assert found == [], path


def test_turns_alone_have_no_words_to_write(capsys: pytest.CaptureFixture[str]) -> None:
    turns = (Turn(0.0, 1.0, "A"),)
    alone = Document(Transcript((), None, 2.0), Diarization(turns, turns, 2.0))
    Path("turns.json").write_text(str(registry.dumps(alone, "json")), encoding="utf-8")
    assert run(["export", "turns.json", "-o", "out/a.rttm"]) == 0
    assert capsys.readouterr().err == "Wrote out/a.rttm: 1 speaker in 0:02.\n"
    assert run(["export", "turns.json", "-o", "out/a.srt"]) == 0
    assert "holds turns and no words" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["meeting.json", "-o", "meeting.json"], "would replace what is read"),
        (["meeting.json", "call.json"], "need a folder"),
        (["none.json"], "cannot be read"),
        (["meeting.json", "-o", "a.docx2"], "Unknown file ending"),
    ],
)
def test_what_cannot_be_is_told(arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["export", *arguments]) in {1, 2}
    assert sentence in capsys.readouterr().err


def test_a_damaged_one_writes_nothing() -> None:
    row = json.loads(Path("call.json").read_text(encoding="utf-8"))
    row["segments"][0]["start"] = "x"
    Path("call.json").write_text(json.dumps(row), encoding="utf-8")
    assert run(["export", "call.json", "-o", "out/a.srt"]) == 1
    assert list(Path("out").iterdir()) == []


def test_it_is_as_quiet_as_it_is_asked_to_be(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["export", "meeting.json", "-o", "out/a.srt", "-q"]) == 0
    assert capsys.readouterr() == ("", "")
    assert run(["export", "meeting.json", "-o", "out/b.srt", "--json-progress"]) == 0
    said = json.loads(capsys.readouterr().err)
    assert (said["event"], said["path"]) == ("written", str(Path("out/b.srt")))
    assert Path("out/a.srt").read_bytes() == Path("out/b.srt").read_bytes()


def test_a_recording_that_was_renamed_is_looked_for_where_a_page_plays_it_only(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("meeting.wav").write_bytes(b"sound")
    about = Recording("before.wav", hashlib.sha256(b"sound").hexdigest(), 3.0)
    Path("meeting.json").write_text(registry.dumps(replace(EDITED, recording=about), "json"), encoding="utf-8")
    read, real = list[str](), renamed.sha256_of
    monkeypatch.setattr(renamed, "sha256_of", lambda path: (read.append(path.name), real(path))[1])
    outs = [part for name in registry.names() if name != "html" for part in ("-o", f"out/x{registry.ending(name)}")]
    assert run(["export", "meeting.json", *outs]) == 0
    assert read == []
    assert run(["export", "meeting.json", "-o", "meeting.html"]) == 0
    assert read == ["meeting.wav"]
    assert "meeting.wav" in Path("meeting.html").read_text(encoding="utf-8")
