"""A recording that is in work is claimed: seen by others, gone with whoever held it, and nothing left of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from diarfuse.fusion.document import read_document
from diarfuse.fusion.errors import OutputError
from diarfuse.transcribe.__main__ import run
from diarfuse.transcribe.documents import redo
from diarfuse.transcribe.inputs import claims
from diarfuse.transcribe.inputs.claims import claimed, in_work
from tests.programs import started

HOLDER = """
import sys
from contextlib import ExitStack
from pathlib import Path
from diarfuse.transcribe.inputs import claims
if "files" in sys.argv:
    claims._Bytes.of = lambda path: claims.os.open("", 0)
recording, *results = [Path(name) for name in sys.argv[1].split("|")]
with ExitStack() as held:
    held.enter_context(claims.claimed(recording, results))
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(params=["bytes", "files"], autouse=True)
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """Locks of the recording itself, and what stands for them where there are none."""
    kind: str = request.param
    if kind == "bytes" and sys.platform != "linux":
        pytest.skip("the locks that Linux has")
    if kind == "files":
        monkeypatch.setattr(claims._Bytes, "of", lambda _: os.open("", os.O_RDONLY))
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    return kind


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "calls" / "a.wav"
    path.parent.mkdir()
    path.write_bytes(b"sound")
    path.chmod(0o444)
    return path


@contextmanager
def held(kind: str, *paths: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that is at work on the first path, and makes the others of it."""
    line = [sys.executable, "-c", HOLDER, "|".join(map(str, paths)), kind]
    with started(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_what_another_process_is_at_work_on_is_seen_until_it_is_killed(kind: str, recording: Path) -> None:
    before = recording.stat()
    assert not in_work(recording)
    with held(kind, recording, recording.with_suffix(".json")) as other:
        assert in_work(recording)
        assert not in_work(Path(__file__))
        other.kill()
        other.wait()
        assert not in_work(recording)
        with claimed(recording, [recording.with_suffix(".json")]) as elsewhere:
            assert not elsewhere
    after = recording.stat()
    assert (after.st_mtime_ns, after.st_ctime_ns, after.st_size) == (before.st_mtime_ns, before.st_ctime_ns, 5)
    assert list(recording.parent.iterdir()) == [recording]
    assert [path for path in Path(tempfile.gettempdir()).rglob("*") if path.is_file()] == []


def test_the_same_result_is_made_once_at_a_time_and_others_beside_it(
    kind: str, recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = recording.with_suffix(".json")
    monkeypatch.chdir(recording.parent)
    with held(kind, recording, result) as other:
        for name in (result, Path("a.json"), recording.parent / "." / ".." / "calls" / "a.json"):
            with (
                pytest.raises(OutputError, match=r"a\.json' is being made of a\.wav elsewhere"),
                claimed(recording, [recording.with_suffix(".txt"), name]),
            ):
                pass
        with claimed(recording, [recording.with_suffix(".txt")]) as elsewhere:
            assert elsewhere
        other.kill()
        other.wait()
    with claimed(recording, [result]) as elsewhere:
        assert not elsewhere


def test_a_claim_outlasts_that_the_recording_is_read(recording: Path) -> None:
    with claimed(recording, [recording.with_suffix(".json")]):
        assert recording.read_bytes() == b"sound"
        with pytest.raises(OutputError), claimed(recording, [recording.with_suffix(".json")]):
            pass
        assert in_work(recording)
    assert not in_work(recording)


def test_of_several_who_come_at_once_at_most_one_has_it(recording: Path) -> None:
    at_once, begin, had = 4, threading.Barrier(4), []
    working = most = 0
    lock = threading.Lock()

    def work() -> None:
        nonlocal working, most
        begin.wait()
        try:
            with claimed(recording, [recording.with_suffix(".json")]):
                with lock:
                    working += 1
                    most = max(most, working)
                had.append(True)
                with lock:
                    working -= 1
        except OutputError:
            had.append(False)

    for _ in range(5):
        threads = [threading.Thread(target=work) for _ in range(at_once)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(had) == 5 * at_once
    assert most == 1
    assert not in_work(recording)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names")
def test_a_pipe_is_left_alone_and_what_is_not_there_is_claimed_by_nobody(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with ExitStack() as stack:
        for path in (tmp_path / "pipe", tmp_path / "none.wav", tmp_path):
            assert not stack.enter_context(claimed(path, [tmp_path / "a.json"]))
            assert not in_work(path)
    with pytest.raises(OSError, match="No such device or address"):  # so nobody reads from it
        os.open(tmp_path / "pipe", os.O_WRONLY | os.O_NONBLOCK)


def test_a_command_says_that_another_is_at_work_and_goes_on_to_a_result_of_its_own(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    soundfile.write("a.wav", np.zeros(16_000, np.float32), 16_000)
    Path("words.json").write_text(json.dumps([{"word": "Hello.", "start": 0.1, "end": 0.4}]))
    line = ["a.wav", "--asr", "words-json", "--model", "words.json"]
    with held(kind, Path("a.wav"), Path("a.srt")):
        assert run([*line, "-o", "a.txt"]) == 0
        assert (
            "a.wav is in work elsewhere as well, by another command or page: this one goes on."
            in capfd.readouterr().err
        )
        assert run([*line, "-o", "a.srt"]) == 1
        assert capfd.readouterr().err == (
            "Error: 'a.srt' is being made of a.wav elsewhere, by another command or page: wait for it, or choose "
            "another -o.\n"
        )
        assert not Path("a.srt").exists()
    assert run([*line, "-o", "a.srt"]) == 0
    assert "elsewhere" not in capfd.readouterr().err


@pytest.mark.parametrize(
    ("line", "remedy"),
    [
        (["redo", "a.json", "--asr", "words-json", "--model", "words.json"], "wait for it"),
        (["attach", "words.json", "a.wav", "--rttm", "a.rttm", "-o", "a.json"], "wait for it, or choose another -o"),
        (["identify", "a.wav", "--rttm", "a.rttm", "-o", "a.json"], "wait for it, or choose another -o"),
        (["live", "--from-file", "a.wav", "--pace", "0", "-o", "a.json"], "wait for it, or choose another -o"),
    ],
    ids=lambda given: given[0] if isinstance(given, list) else "",
)
def test_whatever_hears_a_recording_claims_it(
    line: list[str],
    remedy: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    soundfile.write("a.wav", np.zeros(16_000, np.float32), 16_000)
    Path("words.json").write_text(json.dumps([{"word": "Hello.", "start": 0.1, "end": 0.4}]))
    Path("a.rttm").write_text("SPEAKER a 1 0.1 0.4 <NA> <NA> SPEAKER_00 <NA> <NA>\n")
    assert run(["a.wav", "--asr", "words-json", "--model", "words.json", "-o", "a.json"]) == 0
    before = Path("a.json").read_bytes()
    capfd.readouterr()
    with claimed(Path("a.wav"), [Path("a.json")]):
        assert run(line) == 1
    said = f"Error: 'a.json' is being made of a.wav elsewhere, by another command or page: {remedy}.\n"
    assert capfd.readouterr().err.endswith(said)
    assert Path("a.json").read_bytes() == before


def test_a_document_is_made_anew_by_one_command_at_a_time_and_its_recording_is_in_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    soundfile.write("a.wav", np.zeros(16_000, np.float32), 16_000)
    Path("words.json").write_text(json.dumps([{"word": "Hello.", "start": 0.1, "end": 0.4}]))
    line = ["--asr", "words-json", "--model", "words.json"]
    assert run(["a.wav", *line, "-o", "a.json"]) == 0
    refused, real = list[str](), redo._heard

    def heard(source: Any, document: Any, again: redo.Again, *given: Any) -> Any:
        assert in_work(Path("a.wav"))
        with pytest.raises(OutputError) as caught:
            redo.redo(Path("a.json"), None, again)
        refused.append(str(caught.value))
        return real(source, document, again, *given)

    monkeypatch.setattr(redo, "_heard", heard)
    assert run(["redo", "a.json", *line]) == 0
    assert refused == ["'a.json' is being made of a.wav elsewhere, by another command or page: wait for it."]
    assert len(read_document(Path("a.json")).history) == 1
    assert not in_work(Path("a.wav"))
