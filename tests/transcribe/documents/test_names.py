"""Names that somebody gave survive every path, until the user says --replace."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from diarfuse.exporters import registry
from diarfuse.fusion.document import read_document
from diarfuse.fusion.editing.operations import Reassign
from diarfuse.fusion.errors import OptionError
from diarfuse.transcribe.__main__ import run
from diarfuse.transcribe.batch.items import channel_names
from diarfuse.transcribe.commands.options import pairs_of_names
from diarfuse.transcribe.documents import names
from diarfuse.transcribe.documents.names import check_outputs, check_words
from diarfuse.transcribe.output import Target
from diarfuse.transcribe.voices.records import check_name as enrolled_name
from tests.fusion.documents import MEETING

NAMED = MEETING.rename({"SPEAKER_00": "Ana", "SPEAKER_01": "Ben"})
RTTM = "SPEAKER a 1 0 5 <NA> <NA> SPEAKER_00 <NA> <NA>\nSPEAKER a 1 5 5 <NA> <NA> SPEAKER_01 <NA> <NA>\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("turns.rttm").write_text(RTTM, encoding="utf-8")
    Path("named.rttm").write_text(RTTM.replace("SPEAKER_00", "Ana").replace("SPEAKER_01", "Ben"), encoding="utf-8")
    for name in ("json", "whisperx", "srt", "vtt", "seglst"):
        Path(f"named.{name}").write_text(str(registry.dumps(NAMED, name)), encoding="utf-8")
        Path(f"plain.{name}").write_text(str(registry.dumps(MEETING, name)), encoding="utf-8")
    deepgram = {"word": "hi", "start": 0.1, "end": 0.4, "confidence": 0.9, "speaker": 0}
    Path("deepgram.json").write_text(
        json.dumps({"results": {"channels": [{"alternatives": [{"transcript": "hi", "words": [deepgram]}]}]}}),
        encoding="utf-8",
    )
    return tmp_path


@pytest.mark.parametrize("source", ["named.json", "named.whisperx", "named.srt", "named.vtt"])
def test_attach_does_not_lose_names(source: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["attach", source, "--rttm", "turns.rttm", "-o", "out.json"]) == 2
    assert f"{source} names its speakers already (Ana, Ben): give --replace" in capsys.readouterr().err
    assert not Path("out.json").exists()
    assert run(["attach", source, "--rttm", "named.rttm", "-o", "out.json"]) == 0  # the very names
    assert read_document("out.json").speakers == ("Ana", "Ben")
    assert run(["attach", source, "--rttm", "turns.rttm", "--replace", "-o", "out.json"]) == 0
    assert read_document("out.json").speakers == ("SPEAKER_00", "SPEAKER_01")


@pytest.mark.parametrize("source", ["plain.json", "plain.whisperx", "plain.srt", "plain.vtt", "deepgram.json"])
def test_numbers_are_no_names(source: str) -> None:
    assert run(["attach", source, "--rttm", "turns.rttm", "-o", "out.json"]) == 0


def test_the_same_shape_is_no_way_round_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["attach", "named.whisperx", "--rttm", "turns.rttm", "--same-shape", "-o", "out.json"]) == 2
    assert "--replace" in capsys.readouterr().err


@pytest.mark.parametrize("name", sorted(set(registry.BUILTIN) - {"ctm", "png", "svg"}))  # where no name can stand
def test_a_file_with_names_is_not_written_over(name: str) -> None:
    for document, file in ((NAMED, f"named.{name}"), (MEETING, f"plain.{name}")):
        content = registry.dumps(document, name)
        Path(file).write_bytes(content if isinstance(content, bytes) else content.encode())
    check_outputs([Target(Path(f"plain.{name}"), name)], replace=False)
    target = Target(Path(f"named.{name}"), name)
    with pytest.raises(OptionError, match=rf"named\.{name} names speakers \(Ana, Ben\).*--replace"):
        check_outputs([target], replace=False)
    check_outputs([target], replace=True)
    if name != "json":
        check_outputs([target], replace=False, named=True)


@pytest.mark.parametrize("pattern", [r"^(\w+)>>", "(", 3, None])
def test_another_packages_format_tells_where_its_speakers_are(monkeypatch: pytest.MonkeyPatch, pattern: object) -> None:
    monkeypatch.setattr(names, "exporter", lambda _: SimpleNamespace(SPEAKERS=pattern))
    Path("a.shout").write_text("Ana>> HELLO\n", encoding="utf-8")
    target = Target(Path("a.shout"), "shout")
    if pattern is None:
        check_outputs([target], replace=False)
        return
    said = r"names speakers \(Ana\)" if pattern == r"^(\w+)>>" else "tells in no pattern where its files have speakers"
    with pytest.raises(OptionError, match=said):
        check_outputs([target], replace=False)


def test_edits_are_not_written_over_either() -> None:
    edited = MEETING.text("00:00:00", "Hi.")
    Path("edited.json").write_text(str(registry.dumps(edited, "json")), encoding="utf-8")
    with pytest.raises(OptionError, match="was edited"):
        check_outputs([Target(Path("edited.json"), "json")], replace=False, named=True)


def test_export_writes_over_no_edits_that_it_does_not_hold(capsys: pytest.CaptureFixture[str]) -> None:
    edited = MEETING.text("00:00:00", "Hi.")
    for document, file in (
        (edited, "edited.json"),
        (edited, "copy.json"),
        (edited.rename({"SPEAKER_00": "Ana"}), "on.json"),
    ):
        Path(file).write_text(str(registry.dumps(document, "json")), encoding="utf-8")
    assert run(["export", "plain.json", "-o", "edited.json"]) == 1
    assert capsys.readouterr().err.startswith("Error: edited.json was edited otherwise: write elsewhere (-o), or give")
    assert read_document("edited.json") == edited
    assert run(["export", "on.json", "-o", "copy.json"]) == 0  # as it was exported before, and was edited since
    assert run(["export", "plain.json", "-o", "named.srt"]) == 0  # made of a document, as that was
    assert run(["export", "plain.json", "--replace", "-o", "edited.json"]) == 0


def test_what_holds_no_names_or_cannot_be_read_may_be_written_over() -> None:
    Path("broken.json").write_text("{", encoding="utf-8")
    Path("other.json").write_text('{"a": 1}', encoding="utf-8")
    Path("some.txt").write_text("It is so.\nHe said: no.\n\nAnd he went, at last.\n", encoding="utf-8")
    files = ("turns.rttm", "broken.json", "other.json", "none.json", "broken.json", "broken.json", "some.txt")
    formats = ("rttm", "json", "whisperx", "json", "docx", "srt", "txt")
    check_outputs([Target(Path(p), f) for p, f in zip(files, formats, strict=True)], replace=False)
    check_outputs([Target(None, "json")], replace=False)


def test_a_text_with_what_looks_like_a_name_before_a_paragraph_is_guarded() -> None:
    Path("notes.txt").write_text("It is so.\n\nDr. No: yes, and went.\n", encoding="utf-8")
    with pytest.raises(OptionError, match=r"notes\.txt names speakers \(Dr\. No\).*--replace"):
        check_outputs([Target(Path("notes.txt"), "txt")], replace=False)


def test_the_same_name_with_other_accents_is_the_same() -> None:
    check_words(Path("a.json"), ["Zo\xe9"], {"Zoe\u0301"}, replace=False)


def test_many_names_are_listed_in_part() -> None:
    with pytest.raises(OptionError, match=r"\(Amy, Bea, Cora, Dot, Eve and 1 more\)"):
        check_words(Path("w.json"), ["Amy", "Bea", "Cora", "Dot", "Eve", "Fay", "A", "1"], [], replace=False)
    check_words(Path("w.json"), ["Amy"], ["Amy", "Bea"], replace=False)


def test_a_run_does_not_write_over_an_edited_document(capsys: pytest.CaptureFixture[str]) -> None:
    before = Path("named.json").read_bytes()
    Path("call.wav").touch()  # what is not there is told first
    for command in (["--diarize"], ["diarize"]):
        assert run([*command, "call.wav", "-o", "named.json"]) == 2
        assert "transcribe redo" in capsys.readouterr().err
    assert Path("named.json").read_bytes() == before


@pytest.mark.parametrize("name", ["nobody", "Unknown", "UNKNOWN", " unknown ", "?"])
def test_what_stands_for_nobody_is_no_name_anywhere(name: str) -> None:
    for give in (
        lambda: MEETING.rename({"SPEAKER_00": name}),
        lambda: MEETING.edited(Reassign(((1, 2),), name)),
        lambda: pairs_of_names(None, None, (f"SPEAKER_00={name}",)),  # --name, and [names] of settings
        lambda: channel_names(f"agent,{name}"),  # of batch, and of its lists
        lambda: enrolled_name(name),
    ):
        with pytest.raises(
            OptionError, match=r"Nobody can be called .*, which stands for words without a speaker: give another name"
        ):
            give()
