"""What the doctor sees besides the packages: whose command it is, whose files, and what the hub really answered."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import onnxruntime
import pytest

from diarfuse.diarize.models.fetching.hub import ask_hub
from diarfuse.diarize.models.store import Store
from diarfuse.fusion import cuda
from diarfuse.transcribe import doctor
from diarfuse.transcribe.__main__ import run


def check(name: str, folder: Path, **options: bool) -> doctor.Check:
    (found,) = [c for c in doctor.checks(Store(folder, offline=not options), **options) if c.name == name]
    return found


def test_it_says_which_version_runs_from_where(tmp_path: Path) -> None:
    assert " at " in check("diarfuse", tmp_path).detail


@pytest.mark.parametrize(
    ("script", "told"),
    [("#!/bin/sh\necho other\n", "is not ours: run 'diarfuse'"), (None, "no 'transcribe' on the PATH")],
)
def test_another_command_of_our_name_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str | None, told: str
) -> None:
    if script is not None:
        (tmp_path / "transcribe").write_text(script, encoding="utf-8")
        (tmp_path / "transcribe").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert told in check("command", tmp_path).detail


def test_our_own_command_is_no_news(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "transcribe").write_text("#!/usr/bin/python\nfrom diarfuse.transcribe.__main__ import main\nmain()\n")
    (tmp_path / "transcribe").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not [c for c in doctor.checks(Store(tmp_path, offline=True)) if c.name == "command"]


def test_another_owner_of_our_files_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert check("files", tmp_path).ok is True
    info = tmp_path / "diarfuse_fork-2.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: diarfuse-fork\nVersion: 2.0\n", encoding="utf-8")
    (info / "RECORD").write_text("diarfuse/fusion/types.py,,\nelse/where.py,,\n", encoding="utf-8")
    owned = tmp_path / "diarfuse" / "fusion" / "types.py"
    owned.parent.mkdir(parents=True)
    owned.touch()  # from 3.12 on Python passes over what is listed and not there
    monkeypatch.syspath_prepend(tmp_path)
    found = check("files", tmp_path)
    assert found.ok is False
    assert "diarfuse-fork (diarfuse/fusion/types.py)" in found.detail
    assert "uninstall" in found.remedy


class Usage(NamedTuple):
    free: int


def test_only_what_must_still_be_fetched_needs_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: Usage(499_000_000))
    found = check("disk", tmp_path)
    assert (found.ok, "500 MB are enough" in found.remedy) == (False, True)
    store = Store(tmp_path, offline=True)
    for file in store.pack("campplus").files:
        path = store.folder("campplus") / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as made:
            made.truncate(file.size)
    found = check("disk", tmp_path)
    assert (found.ok, found.remedy) == (None, "")
    begun = store.folder("community-1") / store.pack("community-1").files[0].path
    begun.parent.mkdir(parents=True, exist_ok=True)
    begun.write_bytes(b"")
    assert check("disk", tmp_path).ok is False
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: Usage(500_000_000))
    assert check("disk", tmp_path).ok is True


class Answer(http.server.BaseHTTPRequestHandler):
    """Answers every question with the status that its path names."""

    def do_HEAD(self) -> None:
        self.send_response(int(self.path.strip("/")))
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as found:
        threading.Thread(target=found.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{found.server_port}"
        found.shutdown()


@pytest.mark.parametrize(("status", "answers"), [(200, True), (403, True), (503, False)])
def test_the_online_check_says_what_it_got(server: str, status: int, answers: bool) -> None:
    got = ask_hub(f"{server}/{status}")
    assert got[0] is answers
    assert got[1].startswith(f"HTTP {status}")


def test_the_online_check_says_why_nothing_came(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    found = check("hugging face", tmp_path, online=True)
    assert found.ok is False
    assert "refused" in found.detail


def test_a_pack_that_is_not_there_is_fetched_unless_nothing_may_be(tmp_path: Path) -> None:
    told = [check("campplus", tmp_path, **options).detail for options in ({"online": True}, {})]
    assert told == [
        "not on disk; fetched on first use, or now: transcribe models pull campplus",
        "not on disk; offline mode fetches nothing: transcribe models import FOLDER",
    ]


def test_offline_names_what_a_run_without_a_network_lacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("moonshine_voice")  # without it the words have another remedy
    monkeypatch.setattr("diarfuse.asr_adapters.faster_whisper.on_disk", lambda _: None)
    speakers, words = (check(f"offline {what}", tmp_path, offline=True) for what in ("speakers", "words"))
    assert speakers.ok is False
    assert f"neither community-1 nor campplus is whole in {tmp_path}" in speakers.detail
    assert "transcribe models import DIR" in speakers.remedy
    assert "moonshine, English only" in words.detail
    monkeypatch.setattr("diarfuse.asr_adapters.moonshine.installed", lambda: False)
    words = check("offline words", tmp_path, offline=True)
    assert words.ok is False
    assert "Whisper model small is not, or not whole, on disk" in words.detail
    assert "--asr faster-whisper:small" in words.remedy


def test_offline_finds_all_that_a_run_needs(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "tokenizer.json").touch()
    monkeypatch.setattr("diarfuse.asr_adapters.faster_whisper.on_disk", lambda _: tmp_path)
    assert check("offline words", store.root, offline=True).detail == "the Whisper model small is on disk"
    assert check("offline speakers", store.root, offline=True).ok is True
    assert run(["doctor", "--offline", "--quiet", "--models-dir", str(tmp_path)]) == 1
    quiet = capsys.readouterr().out.splitlines()
    assert {line[:6] for line in quiet} == {"FAIL  ", "      "}
    assert run(["doctor", "--offline", "--models-dir", str(tmp_path)]) == 1
    assert "FAIL  offline speakers" in capsys.readouterr().out


def test_a_gpu_that_cannot_be_used_is_told_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [cuda.PROVIDER, "CPUExecutionProvider"])
    monkeypatch.setattr(cuda, "problem", lambda: None)
    assert check("cuda", tmp_path) == doctor.Check("cuda", True, "CUDA, cuDNN and a GPU are there")
    monkeypatch.setattr(cuda, "problem", lambda: cuda.Problem("there is no NVIDIA driver here", "install it"))
    told = doctor.Check("cuda", False, "there is no NVIDIA driver here", "install it; or use --device cpu")
    assert check("cuda", tmp_path) == told
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])
    assert not [c for c in doctor.checks(Store(tmp_path, offline=True)) if c.name == "cuda"]


def test_both_packages_of_onnxruntime_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuda, "version", lambda _: "1.31.1")
    (found,) = [c for c in doctor.checks(Store(tmp_path, offline=True)) if c.name == "onnxruntime" and c.ok is False]
    assert found.detail == "onnxruntime and onnxruntime-gpu are installed over each other"
    assert found.remedy.startswith("pip uninstall -y onnxruntime onnxruntime-gpu, then pip install 'onnxruntime-gpu[")
