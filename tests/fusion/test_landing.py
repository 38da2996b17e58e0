"""A file appears whole or not at all, whatever happens on the way, and what it replaces can be made unreadable."""

from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from diarfuse.fusion.landing import ChangedError, landing, part_of, prepared, state_of, sweep, write_whole
from tests.faults import every_kill, has_unnamed


def test_it_replaces_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "a"
    write_whole(path, b"old")
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_nothing_is_at_its_name_before_the_end(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with landing(path) as file:
        file.write(b"half")
        file.flush()
        assert not path.exists()
    assert path.read_bytes() == b"half"


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    with pytest.raises(TypeError), landing(path) as file:
        file.write("text where bytes belong")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_permissions_are_the_umasks_or_exactly_those_asked_for(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        for name, mode, expected in (("a", None, 0o640), ("b", 0o644, 0o644), ("c", 0o600, 0o600)):
            write_whole(tmp_path / name, b"x", mode=mode)
            assert (tmp_path / name).stat().st_mode & 0o777 == expected
    finally:
        os.umask(before)


@pytest.fixture(params=["unnamed", "named", "no link allowed"])
def disk(request: pytest.FixtureRequest, monkeypatch, tmp_path: Path) -> str:
    """Disks that have files without names, that have none, and that have them but let nobody name them."""
    if request.param == "named":
        monkeypatch.delattr("os.O_TMPFILE", raising=False)
    elif not has_unnamed(tmp_path):
        pytest.skip("no files without names here")
    elif request.param == "no link allowed":
        link = os.link

        def refuse(source: object, target: object, **where: object) -> None:
            if "/proc/" in str(source):
                raise OSError(errno.EPERM, "Operation not permitted")
            link(source, target, **where)

        monkeypatch.setattr("os.link", refuse)
    return request.param


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_a_private_file_is_never_readable_by_others(tmp_path: Path, disk: str) -> None:
    with landing(tmp_path / "a", mode=0o600) as file:
        file.write(b"x")
        assert [part.stat().st_mode & 0o777 for part in tmp_path.iterdir()] == ([0o600] if disk == "named" else [])
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "a").read_bytes() == b"x"


@pytest.mark.parametrize("old", [None, b"old"])
def test_killed_at_any_step_the_file_is_the_old_or_the_new_one(tmp_path: Path, disk: str, old: bytes | None) -> None:
    (tmp_path / "folder").mkdir()
    if old:
        (tmp_path / "folder" / "a").write_bytes(old)
    parts = 0
    for folder in every_kill(tmp_path / "folder", lambda folder: write_whole(folder / "a", b"new")):
        content = (folder / "a").read_bytes() if (folder / "a").exists() else None
        assert content in (old, b"new")
        assert {path.suffix for path in folder.iterdir()} <= {"", ".part"}
        parts += len(list(folder.glob("*.part")))
    assert content == b"new"
    assert not list(folder.glob("*.part"))
    if disk == "unnamed":
        assert parts == (1 if old else 0)  # the whole new file, between its naming and its renaming


@pytest.mark.usefixtures("disk")
def test_what_is_prepared_replaces_nothing_and_follows_no_link(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"precious")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for name in ("file", "link"):
        with prepared(tmp_path, b"new") as appear, pytest.raises(FileExistsError):
            appear(tmp_path / name)
    with prepared(tmp_path, b"new") as appear:
        appear(tmp_path / "new")
    with prepared(tmp_path, b"unwanted"):
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "link", "new"]
    assert (tmp_path / "file").read_bytes() == b"precious"
    assert (tmp_path / "new").read_bytes() == b"new"


@pytest.mark.usefixtures("disk")
def test_what_is_there_keeps_its_permissions_and_its_protection(tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "private.json"
    write_whole(path, b"old", mode=0o600)
    write_whole(path, b"new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    monkeypatch.setattr(os, "access", lambda *_: False)  # as of everybody but root with a file of 0444
    with pytest.raises(PermissionError):
        write_whole(path, b"newer")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.usefixtures("disk")
@pytest.mark.skipif(os.name == "nt", reason="Windows has no such owners")
def test_a_file_stays_whose_it_was_and_runs_as_nobody(tmp_path: Path, monkeypatch) -> None:
    path, given, give = tmp_path / "a", [], os.lchown
    path.write_bytes(b"old")
    path.chmod(0o4640)
    monkeypatch.setattr(os, "lchown", lambda _, *whom: given.append(whom))
    write_whole(path, b"new")
    owner = path.stat().st_uid, path.stat().st_gid
    assert (given, stat.S_IMODE(path.stat().st_mode)) == ([owner], 0o640)

    def only_to_the_group(part: Path, user: int, group: int) -> None:
        if user != -1:
            raise PermissionError(errno.EPERM, "not root")
        give(part, user, group)
        given.append((user, group))

    monkeypatch.setattr(os, "lchown", only_to_the_group)
    write_whole(path, b"newer")
    assert (path.read_bytes(), given[1:]) == (b"newer", [(-1, owner[1])])


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such pipes")
def test_a_pipe_is_not_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="a pipe or a device"):
        write_whole(tmp_path / "pipe", b"x")
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


@pytest.mark.usefixtures("disk")
def test_a_link_is_replaced_itself(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"precious")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    (tmp_path / "hard").hardlink_to(tmp_path / "file")
    for name in ("link", "hard"):
        write_whole(tmp_path / name, b"new")
        assert not (tmp_path / name).is_symlink()
    assert (tmp_path / "file").read_bytes() == b"precious"


def test_a_name_as_long_as_a_disk_allows_is_no_problem(tmp_path: Path) -> None:
    path = tmp_path / ("n" * 255)
    write_whole(path, b"x")
    assert path.read_bytes() == b"x"


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
def test_a_kill_in_the_middle_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    program = (
        "import os, pathlib, signal, sys\n"
        "from diarfuse.fusion.landing import landing\n"
        "with landing(pathlib.Path(sys.argv[1])) as file:\n"
        "    file.write(b'half'); file.flush()\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], check=False, timeout=600)
    assert done.returncode == -signal.SIGKILL
    assert path.read_bytes() == b"old"
    assert [other.suffix for other in tmp_path.iterdir() if other != path] == (
        [] if has_unnamed(tmp_path) else [".part"]
    )


def test_what_killed_processes_left_is_swept_and_nothing_else(tmp_path: Path) -> None:
    old, young = part_of(tmp_path / "a.srt"), part_of(tmp_path / "a.srt")
    others = [tmp_path / name for name in (".part", ".notes.part", "a.part", f"{'0' * 16}.part", ".0.part")]
    for path in (old, young, *others):
        path.touch()
    for path in (old, *others):
        os.utime(path, (0, 0))
    sweep(tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted([young, *others])
    sweep(tmp_path / "absent")


@pytest.mark.parametrize("meanwhile", ["nothing", "made", "changed", "removed"])
def test_what_was_written_meanwhile_stays(tmp_path: Path, meanwhile: str) -> None:
    path = tmp_path / "result.json"
    if meanwhile != "made":
        path.write_bytes(b"old")
    before = state_of(path)
    if meanwhile == "removed":
        path.unlink()
    elif meanwhile != "nothing":
        path.write_bytes(b"somebody's")
    if meanwhile in {"made", "changed"}:
        with pytest.raises(ChangedError):
            write_whole(path, b"ours", before=before)
        assert path.read_bytes() == b"somebody's"
    else:
        write_whole(path, b"ours", before=before)
        assert path.read_bytes() == b"ours"
    assert [file.name for file in tmp_path.iterdir()] == ["result.json"]


def test_of_two_that_find_nothing_one_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "result.json"

    def look(_: Path) -> tuple[int, ...]:
        path.write_bytes(b"the other's")  # between the look and the name
        return ()

    monkeypatch.setattr("diarfuse.fusion.landing.state_of", look)
    with pytest.raises(ChangedError):
        write_whole(path, b"ours", before=())
    assert path.read_bytes() == b"the other's"
