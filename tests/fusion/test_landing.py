"""A file appears whole or not at all, whatever happens on the way, and what it replaces can be made unreadable."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from diarfuse.fusion.landing import landing, shred, write_whole


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


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_a_private_file_is_never_readable_by_others(tmp_path: Path) -> None:
    with landing(tmp_path / "a", mode=0o600):
        (part,) = tmp_path.iterdir()
        assert part.stat().st_mode & 0o777 == 0o600


def test_old_bytes_are_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"secret")
    with path.open("rb") as old:
        write_whole(path, b"new", shred_old=True)
        assert old.read() == bytes(6)
    assert list(tmp_path.iterdir()) == [path]


def test_a_name_as_long_as_a_disk_allows_is_no_problem(tmp_path: Path) -> None:
    path = tmp_path / ("n" * 255)
    write_whole(path, b"x")
    assert path.read_bytes() == b"x"


def test_shredding_what_is_not_there_is_no_error(tmp_path: Path) -> None:
    shred(tmp_path / "none")


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
    done = subprocess.run([sys.executable, "-c", program, str(path)], check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    assert path.read_bytes() == b"old"
    assert [other.suffix for other in tmp_path.iterdir() if other != path] == [".part"]
