"""Where uploads have no place: told before the server listens, or as 507, and never half kept."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from diarfuse.fusion.errors import OutputError
from diarfuse.transcribe.serving.uploads import Upload, UploadFolder

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
