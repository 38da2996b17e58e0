"""Where uploads have no place: told before the server listens, or as 507, and never half kept."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from diarfuse.fusion.errors import OutputError
from diarfuse.transcribe.serving.uploads import Upload, UploadFolder, safe_suffix

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk that is always full")
def test_a_full_disk_is_507(serving, monkeypatch) -> None:
    create = Upload.create

    def full(self, suffix: str):
        create(self, suffix).close()
        self._file = Path("/dev/full").open("r+b")  # noqa: SIM115  (closed with the upload)
        return self._file

    monkeypatch.setattr(Upload, "create", full)
    with serving() as live:
        live.job.go.set()
        for size in (10, 100_000):  # found out at the end, or on the way
            answer = live.post(file=("a.wav", bytes(size)))
            assert answer.status_code == 507
            assert "disk is full" in answer.json()["error"]["message"]
        assert live.job.seen == []
        assert live.leftovers() == []
        monkeypatch.undo()
        assert live.post().status_code == 200


def test_no_room_for_a_folder_is_507_too(serving, monkeypatch) -> None:
    with serving() as live:
        monkeypatch.setattr(
            "diarfuse.transcribe.serving.uploads.tempfile.mkdtemp", lambda **_: os.open("/proc/self", os.O_WRONLY)
        )
        assert live.post().status_code == 500  # another trouble than a full disk

        def full(**_: object) -> str:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("diarfuse.transcribe.serving.uploads.tempfile.mkdtemp", full)
        assert live.post().status_code == 507


@pytest.mark.parametrize("kind", ["file", "dangling", "loop", "below a file"])
def test_a_root_that_cannot_be_is_one_sentence(tmp_path: Path, kind: str) -> None:
    root = tmp_path / "root"
    if kind == "file":
        root.write_text("")
    elif kind == "dangling":
        root.symlink_to(tmp_path / "nowhere")
    elif kind == "loop":
        root.symlink_to(root)
    else:
        (tmp_path / "file").write_text("")
        root = tmp_path / "file" / "root"
    with pytest.raises(OutputError, match="set TMPDIR"):
        UploadFolder(root)


SERVE = "import sys\nfrom diarfuse.transcribe.__main__ import run\nsys.exit(run(['serve', '--port', '0']))"


def test_without_a_place_for_uploads_nothing_listens(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    owner = "user" if sys.platform == "win32" else str(os.getuid())
    (tmp_path / f"diarfuse-uploads-{owner}").symlink_to(tmp_path / "file")
    done = subprocess.run(
        [sys.executable, "-c", SERVE],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        timeout=600,
        env={**os.environ, "TMPDIR": str(tmp_path), "TMP": str(tmp_path), "TEMP": str(tmp_path)},
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "set TMPDIR" in done.stderr
    assert "listening" not in done.stderr


def test_uploads_are_private_and_gone_after_the_answer(serving) -> None:
    with serving() as live:
        thread = threading.Thread(target=live.post, kwargs={"file": ("../../etc/passwd.mp3", b"x")})
        thread.start()
        live.until(lambda: live.job.seen)
        path = live.job.seen[0].path
        assert path.name == "upload.mp3"
        assert live.uploads in path.parents
        assert all(stat.S_IMODE(folder.stat().st_mode) == 0o700 for folder in list(path.parents)[:3])
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        live.job.go.set()
        thread.join()
        assert live.leftovers() == []
    assert list(live.uploads.glob("server-*")) == []


CRASH = """
import os, pathlib, sys
from diarfuse.transcribe.serving import uploads
if sys.argv[2] == "named":  # as on systems without /proc
    uploads._take_name = lambda path, handle: None
with uploads.UploadFolder(pathlib.Path(sys.argv[1])).one() as upload:
    upload.create(".wav").write(b"speech")
    upload._file.flush()
    assert upload.path.read_bytes() == b"speech"
    os.kill(os.getpid(), 9)
"""


@pytest.mark.parametrize("kind", ["unnamed", "named"])
@pytest.mark.skipif(sys.platform != "linux", reason="only there a file can be had without a name")
def test_a_crash_leaves_no_audio_or_none_beyond_the_next_start(tmp_path: Path, kind: str) -> None:
    done = subprocess.run([sys.executable, "-c", CRASH, str(tmp_path / "u"), kind], check=False)
    assert done.returncode == -signal.SIGKILL
    left = [path.read_bytes() for path in (tmp_path / "u").rglob("upload.wav") if path.is_file()]
    assert left == ([] if kind == "unnamed" else [b"speech"])
    living = UploadFolder(tmp_path / "u")
    assert living.swept == 1
    assert [path for path in (tmp_path / "u").rglob("*") if path.name == "upload.wav"] == []
    second = UploadFolder(tmp_path / "u")
    assert second.swept == 0  # the first still runs
    assert living.path.is_dir()
    second.close()
    living.close()


@pytest.mark.parametrize("gone", ["the server's folder", "the root"])
@pytest.mark.skipif(sys.platform == "win32", reason="an open file cannot be removed there")
def test_a_server_goes_on_where_somebody_tidied_its_folder_away(serving, gone: str) -> None:
    with serving() as live:
        live.job.go.set()
        (removed,) = [live.uploads] if gone == "the root" else live.uploads.glob("server-*")
        shutil.rmtree(removed)
        assert [live.post().status_code for _ in range(2)] == [200, 200]
        assert len(list(live.uploads.glob("server-*"))) == 1
        assert live.leftovers() == []
        other = UploadFolder(live.uploads)
        assert other.swept == 0  # the new folder is held as the first one was
        other.close()
        assert live.post().status_code == 200
    assert list(live.uploads.glob("server-*")) == []


def test_a_living_server_is_not_told_by_a_file_that_can_be_tidied_away(tmp_path: Path) -> None:
    living = UploadFolder(tmp_path / "u")
    for path in living.path.iterdir() if sys.platform != "win32" else ():
        path.unlink()
    other = UploadFolder(tmp_path / "u")
    assert (other.swept, living.path.is_dir()) == (0, True)
    other.close()
    living.close()


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_what_vanishes_while_a_server_looks_or_is_no_folder_does_not_keep_it_from_starting(tmp_path: Path) -> None:
    UploadFolder(tmp_path / "u").close()
    (tmp_path / "u" / "server-file").touch()
    (tmp_path / "u" / "server-gone").symlink_to(tmp_path / "nothing")
    folder = UploadFolder(tmp_path / "u")
    assert folder.path.is_dir()
    folder.close()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes")
def test_a_foreign_or_open_upload_root_is_refused(tmp_path: Path) -> None:
    open_folder = tmp_path / "open"
    open_folder.mkdir(mode=0o755)
    with pytest.raises(OutputError, match="only you can enter"):
        UploadFolder(open_folder)
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(OutputError, match="only you can enter"):
        UploadFolder(tmp_path / "link")


@pytest.mark.parametrize(
    ("name", "suffix"),
    [("a.WAV", ".wav"), ("../../x.mp3", ".mp3"), ("a.b/c", ""), ("a.w\0av", ""), ("x.toolong", ""), ("", "")],
)
def test_only_a_plain_ending_survives_of_a_file_name(name: str, suffix: str) -> None:
    assert safe_suffix(name) == suffix
