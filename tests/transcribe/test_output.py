"""Outputs appear whole or not at all, and go where they were asked to."""

from __future__ import annotations

import errno
import io
import json
import os
import sys
import tempfile
from pathlib import Path

import pytest

from diarfuse.exporters import registry
from diarfuse.fusion.document import Document, read_document
from diarfuse.fusion.errors import AudioError, CancelledError, OptionError, OutputError
from diarfuse.fusion.types import Transcript
from diarfuse.transcribe.__main__ import run
from diarfuse.transcribe.output import Target, json_text, plan, show_json, write, write_each
from tests.faults import every_kill, has_unnamed
from tests.fusion.documents import MEETING

SHARED = Path("/dev", "shm")


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.srt"
    path.write_text("old", encoding="utf-8")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match=r"a\.srt.*No space left on device"):
        write(Target(path, "srt"), "new")
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("unnamed", [True, False])
def test_killed_at_any_step_every_output_is_whole_or_as_it_was(tmp_path: Path, monkeypatch, unnamed: bool) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "a.srt").write_bytes(b"old")
    (folder / "real.vtt").write_bytes(b"old")
    (folder / "a.vtt").symlink_to("real.vtt")
    if not unnamed:
        monkeypatch.delattr("os.O_TMPFILE", raising=False)
    elif not has_unnamed(tmp_path):
        pytest.skip("no files without names here")

    def work(copy: Path) -> None:
        outs = [str(copy / name) for name in ("a.srt", "a.vtt", "a.txt")]
        for target in plan([Path("a.wav")], outs, [], on_stdout="txt", in_folder="vtt")[0]:
            write(target, f"new {target.format}")

    for copy in every_kill(folder, work):
        texts = {path.name: path.read_text(encoding="utf-8") for path in copy.iterdir() if path.suffix != ".part"}
        assert texts["a.srt"] in {"old", "new srt"}
        assert texts["a.vtt"] == texts["real.vtt"]
        assert texts["a.vtt"] in {"old", "new vtt"}
        assert texts.get("a.txt") in {None, "new txt"}
        parts = list(copy.glob("*.part"))
        assert len(parts) <= 1
        assert not unnamed or {part.read_text(encoding="utf-8") for part in parts} <= {"new srt", "new vtt"}
    assert texts["a.txt"] == "new txt"
    assert parts == []


def test_the_umask_and_links_are_honoured(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "link.txt"
    link.symlink_to(tmp_path / "real" / "a.txt")
    write(Target(link, "txt"), "Grüße\n")
    assert link.is_symlink()
    assert (tmp_path / "real" / "a.txt").read_bytes() == "Grüße\n".encode()
    mask = os.umask(0)
    os.umask(mask)
    assert (tmp_path / "real" / "a.txt").stat().st_mode & 0o777 == 0o666 & ~mask


def test_half_characters_do_no_harm(tmp_path: Path) -> None:
    write(Target(tmp_path / "a.txt", "txt"), "caf\udce9 \ud83d")
    assert (tmp_path / "a.txt").read_bytes() == b"caf? ?"


def test_devices_are_written_to_and_not_replaced() -> None:
    write(Target(Path(os.devnull), "txt"), "gone")
    assert not Path(os.devnull).is_file()


def test_a_folder_gets_one_file_an_input_and_format(tmp_path: Path) -> None:
    planned = plan(
        [Path("x/a.b.wav"), Path("c.mp3")], [f"{tmp_path}/"], ["srt", "whisperx"], on_stdout="txt", in_folder="vtt"
    )
    names = [[target.path.name for target in targets] for targets in planned]
    assert names == [["a.b.srt", "a.b.whisperx.json"], ["c.srt", "c.whisperx.json"]]
    assert plan([Path("a.wav")], [str(tmp_path)], [], on_stdout="txt", in_folder="vtt") == [
        [Target(tmp_path / "a.vtt", "vtt")]
    ]
    assert plan([Path("a.wav")], [], [], on_stdout="txt", in_folder="vtt") == [[Target(None, "txt")]]


def test_two_recordings_of_one_name_are_not_written_over_each_other(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="rename a recording"):
        plan([Path("x/a.wav"), Path("y/a.wav")], [f"{tmp_path}/"], [], on_stdout="txt", in_folder="srt")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such devices")
def test_stdout_and_pipes_by_their_paths_are_streams(tmp_path: Path) -> None:
    (target,) = plan([Path("a.wav")], ["/dev/stdout"], ["srt"], on_stdout="txt", in_folder="srt")[0]
    assert target == Target(None, "srt")
    log = tmp_path / "log.txt"
    log.write_text("kept\n", encoding="utf-8")
    with log.open("ab") as opened:
        path = Path(f"/dev/fd/{opened.fileno()}")
        assert plan([Path("a.wav")], [str(path)], ["txt"], on_stdout="txt", in_folder="srt") == [[Target(path, "txt")]]
        write(Target(path, "txt"), "more\n")
        if sys.platform == "linux":
            write(Target(Path(f"/proc/self/fd/{opened.fileno()}"), "txt"), "")
    assert log.read_text(encoding="utf-8") == "kept\nmore\n"


@pytest.mark.skipif(not os.access(SHARED, os.W_OK), reason="no such folder in memory here")
def test_a_file_in_shared_memory_is_replaced_like_any_other(tmp_path: Path) -> None:
    target = Target(SHARED / f"{os.getpid()}-{tmp_path.name}.txt", "txt")
    try:
        for text in ("old\n", "new\n"):
            write(target, text)
        assert target.path is not None
        assert target.path.read_text(encoding="utf-8") == "new\n"
    finally:
        target.path.unlink(missing_ok=True)


def test_long_names_are_written_or_refused_before_the_work(tmp_path: Path) -> None:
    name = tmp_path / f"{'会' * 80}.srt"
    plan([Path("a.wav")], [str(name)], [], on_stdout="txt", in_folder="srt")
    write(Target(name, "srt"), "text")
    assert name.read_text(encoding="utf-8") == "text"
    for out in (tmp_path / f"{'会' * 90}.srt", tmp_path / ("x" * 300) / "a.srt"):
        with pytest.raises(OutputError, match=r"cannot be written \(File name too long\)"):
            plan([Path("a.wav")], [str(out)], [], on_stdout="txt", in_folder="srt")


def test_a_write_protected_file_is_refused_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "a.srt"
    out.write_text("mine")
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(OutputError, match=r"a\.srt' is write-protected: choose another -o"):
        plan([tmp_path / "a.wav"], [str(out)], [], on_stdout="txt", in_folder="json")


def test_an_empty_name_is_refused() -> None:
    with pytest.raises(OptionError, match="-o '' names no file"):
        plan([Path("a.wav")], [""], [], on_stdout="txt", in_folder="srt")


def test_a_folder_is_made_when_something_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ((target,),) = plan([Path("a.wav")], ["new/below/"], [], on_stdout="txt", in_folder="vtt")
    assert not list(tmp_path.iterdir())
    write(target, "text")
    assert Path("new/below/a.vtt").read_text() == "text"
    with pytest.raises(OutputError, match="'none' does not exist: make it first"):
        plan([Path("a.wav")], ["none/a.srt"], [], on_stdout="txt", in_folder="vtt")
    with pytest.raises(OutputError, match=r"'~/none' does not exist: a shell puts the home folder"):
        plan([Path("a.wav")], ["~/none/a.srt"], [], on_stdout="txt", in_folder="vtt")
    with pytest.raises(OutputError, match=r"'new/below/a\.vtt' is a file"):
        plan([Path("a.wav")], ["new/below/a.vtt/more/"], [], on_stdout="txt", in_folder="vtt")
    with pytest.raises(OutputError, match=r"/x/y' cannot be, since 'new/below/a\.vtt' is a file: move it"):
        plan([Path("a.wav")], ["new/below/a.vtt/x/y/b.srt"], [], on_stdout="txt", in_folder="vtt")


@pytest.mark.parametrize("out", ["new/below/", "new/below/a.srt"])
def test_a_folder_that_becomes_a_file_meanwhile_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("new/below").mkdir(parents=True)
    ((target,),) = plan([Path("a.wav")], [out], [], on_stdout="txt", in_folder="vtt")
    Path("new/below").rmdir()
    Path("new/below").write_text("mine")
    with pytest.raises(OutputError, match=r"^The output folder 'new/below' is a file: move it away"):
        write(target, "text")
    assert Path("new/below").read_text() == "mine"


def test_what_fails_of_one_output_costs_none_of_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order, wrote, told = [], list[Path](), list[str]()
    targets = [Target(None, "txt"), *(Target(tmp_path / f"{name}", name) for name in ("rttm", "srt", "png", "vtt"))]

    def render(target: Target) -> str:
        order.append(target.format)
        if target.format == "rttm":
            raise AudioError("no turns")
        if target.format == "png":
            raise MemoryError("too large")
        return target.format

    def left(_: bytes) -> None:
        raise BrokenPipeError

    monkeypatch.setattr("diarfuse.transcribe.output.write_stdout", left)
    with pytest.raises(AudioError, match="no turns"):
        write_each(targets, render, wrote.append, told.append)
    assert order == ["rttm", "srt", "png", "vtt", "txt"]
    assert wrote == [tmp_path / "srt", tmp_path / "vtt"]
    assert [path.read_text() for path in wrote] == ["srt", "vtt"]
    assert told == ["too large"]
    with pytest.raises(BrokenPipeError):
        write_each([targets[0], targets[2]], render, wrote.append, told.append)
    assert wrote[2:] == [tmp_path / "srt"]

    def stopped(_: Target) -> str:
        raise CancelledError("Stopped.")

    with pytest.raises(CancelledError):
        write_each(targets, stopped, wrote.append, told.append)
    assert len(wrote) == 3


HEARD = Document(Transcript((), "en", 1.5), name="meeting")


def test_what_can_be_written_nowhere_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    folder, told = Target(tmp_path, "txt"), list[str]()
    with pytest.raises(OutputError, match=rf"cannot be written.* The result is kept in {tmp_path}/diarfuse-\w+\.json"):
        write_each([folder, folder], lambda _: "text", told.append, told.append, HEARD)
    (kept,) = tmp_path.iterdir()
    assert read_document(kept).transcript == HEARD.transcript
    assert os.name == "nt" or kept.stat().st_mode & 0o777 == 0o600
    assert len(told) == 1
    assert "kept" not in told[0]


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right there")
@pytest.mark.parametrize(("duration", "written", "kept"), [(60.0, (), 1), (59.0, (), 0), (60.0, ("srt",), 0)])
def test_what_is_stopped_while_it_is_written_is_kept(tmp_path, monkeypatch, duration, written, kept) -> None:
    (tmp_path / "kept").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "kept"))
    told, heard = list[str](), Document(Transcript((), "en", duration), name="meeting")

    def render(target: Target) -> str:
        if target.format == "html":  # with its recording in it, which takes long
            raise KeyboardInterrupt
        return "text"

    targets = [Target(tmp_path / f"a.{name}", name) for name in (*written, "html")]
    with pytest.raises(KeyboardInterrupt):
        write_each(targets, render, lambda _: None, told.append, heard)
    assert (len(told), len(list((tmp_path / "kept").iterdir()))) == (kept, kept)
    assert all("The result is kept in" in sentence for sentence in told)


def test_a_link_into_a_folder_that_is_not_there_is_refused_before_the_work(tmp_path: Path) -> None:
    link = tmp_path / "a.srt"
    link.symlink_to(tmp_path / "gone" / "a.srt")
    with pytest.raises(OutputError, match=r"The output folder '.*/gone' does not exist: make it first"):
        plan([Path("a.wav")], [str(link)], [], on_stdout="txt", in_folder="srt")
    (tmp_path / "gone").mkdir()
    ((target,),) = plan([Path("a.wav")], [str(link)], [], on_stdout="txt", in_folder="srt")
    write(target, "1")
    assert (tmp_path / "gone" / "a.srt").read_text(encoding="utf-8") == "1"
    assert link.is_symlink()


@pytest.mark.parametrize("written", ["rttm", "svg", "json", "srt"])
def test_words_are_kept_where_only_turns_could_be_written(tmp_path, monkeypatch, written: str) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "out").mkdir()
    targets = [Target(tmp_path / "out" / f"a.{written}", written), Target(tmp_path / "out", "txt")]
    holds_words = written in ("json", "srt")
    with pytest.raises(OutputError, match=r"Choose another -o\.$" if holds_words else "The result is kept in"):
        write_each(targets, lambda target: registry.dumps(MEETING, target.format), str, str, MEETING)
    assert len(list(tmp_path.glob("diarfuse-*.json"))) == (0 if holds_words else 1)


@pytest.mark.parametrize("error", [ValueError("no such key"), MemoryError(), AttributeError("of another package")])
def test_a_format_that_fails_costs_neither_the_others_nor_the_result(tmp_path, monkeypatch, error) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def render(target: Target) -> str:
        if target.format == "shout":
            raise error
        return "text"

    shout, file, told = Target(tmp_path / "a.shout", "shout"), Target(tmp_path / "a.txt", "txt"), list[str]()
    with pytest.raises(type(error)):
        write_each([shout, file], render, str, told.append, HEARD)
    assert (list(tmp_path.iterdir()), told) == ([file.path], [])
    file.path.unlink()
    with pytest.raises(type(error)):
        write_each([shout, shout], render, str, told.append, HEARD)
    (kept,) = tmp_path.iterdir()
    assert read_document(kept).transcript == HEARD.transcript
    assert told == [
        str(error) or "MemoryError",
        f"The result is kept in {kept}, for you alone: give it to transcribe export, then remove it.",
    ]


def test_nothing_is_kept_where_something_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    folder, file = Target(tmp_path, "txt"), Target(tmp_path / "a.txt", "txt")
    with pytest.raises(OutputError, match=r"Choose another -o\.$"):
        write_each([folder, file], lambda _: "text", str, str, HEARD)

    def left(_: bytes) -> None:
        raise BrokenPipeError

    monkeypatch.setattr("diarfuse.transcribe.output.write_stdout", left)
    with pytest.raises(OutputError, match=r"Choose another -o\.$"):
        write_each([folder, Target(None, "txt")], lambda _: "text", str, str, HEARD)
    assert list(tmp_path.iterdir()) == [file.path]


def test_nothing_is_left_where_there_is_no_room_to_keep_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def full(handle: int, _: str) -> None:
        os.close(handle)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fdopen", full)
    with pytest.raises(OutputError, match=r"Choose another -o\.$"):
        write_each([Target(tmp_path, "txt")], lambda _: "text", str, str, HEARD)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8", "utf-16", "shift_jis"])
@pytest.mark.parametrize("command", ["stats named.json --json", "check named.srt --json"])
def test_json_is_utf_8_whatever_the_locale(command, encoding, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    said = MEETING.rename({"SPEAKER_00": "Zo\xeb \u4f60"})
    for name in ("json", "srt"):
        Path(f"named.{name}").write_text(str(registry.dumps(said, name)), encoding="utf-8")
    if command.startswith("check"):
        command = command.replace("named", "Zo\xeb")
        Path("named.srt").rename("Zo\xeb.srt")
    stdout = io.TextIOWrapper(io.BytesIO(), encoding)
    monkeypatch.setattr(sys, "stdout", stdout)
    assert run(command.split()) == 0
    assert "Zo\xeb" in str(json.loads(stdout.buffer.getvalue().decode("utf-8")))


def test_json_on_a_terminal_is_what_that_can_show(monkeypatch) -> None:
    stdout = io.TextIOWrapper(io.BytesIO(), "cp1252", errors="backslashreplace")
    monkeypatch.setattr(stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys, "stdout", stdout)
    show_json({"name": "Zo\xeb"})
    stdout.flush()
    assert stdout.buffer.getvalue().decode("cp1252") == '{"name": "Zo\xeb"}\n'


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_json_that_stdout_does_not_take_names_no_option_that_is_not_there(monkeypatch, capsys) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        monkeypatch.setattr(sys, "stdout", full)
        assert run(["voice", "list", "--json"]) == 1
    assert capsys.readouterr().err == (
        "Error: stdout cannot be written to (No space left on device): free some space, or send it elsewhere.\n"
    )


def test_half_of_a_character_survives_in_json() -> None:
    assert json.loads(json_text(["\ud83d", "\u4f60"]).encode()) == ["\ud83d", "\u4f60"]
