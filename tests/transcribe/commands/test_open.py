"""`transcribe open` as its users start and end it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.request
import webbrowser
from pathlib import Path

import pytest

from diarfuse.exporters import registry
from diarfuse.transcribe.__main__ import run
from diarfuse.transcribe.documents.opening.server import PageServer, SiteServer
from tests.fusion.documents import MEETING
from tests.programs import started


@pytest.fixture(autouse=True)
def meeting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "meeting.json"
    path.write_text(str(registry.dumps(MEETING, "json")), encoding="utf-8")
    return path


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
def test_it_tells_its_address_serves_and_ends_with_ctrl_c(meeting: Path) -> None:
    line = [sys.executable, "-m", "diarfuse.transcribe", "open", str(meeting), "--no-browser"]
    with started(line, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        told = process.stderr.readline()
        address = next(word for word in told.split() if word.startswith("http://127.0.0.1:"))
        with urllib.request.urlopen(address, timeout=60) as page:  # noqa: S310 - the address that we were told
            assert b"SPEAKER_01" in page.read()
        process.send_signal(signal.SIGINT)
        assert process.stderr.read() == ""
        assert process.wait(60) == 0


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGTERM")
def test_a_folder_is_served_until_the_program_is_ended(tmp_path: Path) -> None:
    (tmp_path / "noise.wav").write_bytes(b"no sound")
    line = [sys.executable, "-m", "diarfuse.transcribe", "open", "--no-browser"]
    with started(line, stderr=subprocess.PIPE, text=True, cwd=tmp_path) as process:
        assert process.stderr is not None
        told = process.stderr.readline()
        address = next(word for word in told.split() if word.startswith("http://127.0.0.1:"))
        with urllib.request.urlopen(f"{address}list", timeout=60) as listed:  # noqa: S310 - the address that we were told
            files = {one["recording"]: one["transcript"] for one in json.load(listed)["files"]}
        assert files == {"noise.wav": None, None: "meeting.json"}
        process.send_signal(signal.SIGTERM)
        assert process.stderr.read() == ""
        assert process.wait(60) == 0


class Browser:
    """Remembers the address. name: as `webbrowser` knows it."""

    def __init__(self, name: str) -> None:
        self.name, self.shown = name, []  # type: ignore[var-annotated]

    def open(self, address: str) -> bool:
        self.shown.append(address)
        return True


@pytest.mark.parametrize(
    ("browser", "options", "shown", "told"),
    [
        (Browser("firefox"), [], True, False),
        (Browser("firefox"), ["--no-browser"], False, False),
        (Browser("w3m"), [], False, True),
        (None, [], False, True),
        (None, ["--quiet"], False, True),
    ],
)
def test_the_browser_is_started_where_there_is_one(
    browser: Browser | None,
    options: list[str],
    *,
    shown: bool,
    told: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def get() -> Browser:
        if browser is None:
            raise webbrowser.Error
        return browser

    monkeypatch.setattr(webbrowser, "get", get)
    monkeypatch.setattr(PageServer, "run", lambda self, on_ready: (on_ready(self.address), self.server_close()))
    if browser is not None:
        browser.shown.clear()
    assert run(["open", "meeting.json", *options]) == 0
    out = capsys.readouterr()
    assert out.out == ""
    assert bool(browser and browser.shown) == shown
    assert ("No browser could be started: copy http:" in out.err) == told


def test_silence_holds_the_address_back_only_where_it_was_opened(monkeypatch, capsys) -> None:
    firefox = Browser("firefox")
    monkeypatch.setattr(webbrowser, "get", lambda: firefox)
    monkeypatch.setattr(PageServer, "run", lambda self, on_ready: (on_ready(self.address), self.server_close()))
    assert run(["open", "meeting.json", "-q"]) == 0
    assert capsys.readouterr().err == ""
    assert run(["open", "meeting.json", "-q", "--no-browser"]) == 0
    assert capsys.readouterr().err.startswith("meeting.json: http://127.0.0.1:")


def test_words_are_asked_for_as_they_are_heard_where_they_can_be(tmp_path: Path, monkeypatch) -> None:
    options: list[tuple[str, ...]] = []
    monkeypatch.setattr(SiteServer, "run", lambda self, _: (options.append(self.site.options), self.server_close()))
    assert run(["open", ".", "--no-browser"]) == 0
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "diarfuse.toml").write_text('remote = "http://127.0.0.1:9"')
    monkeypatch.setenv("DIARFUSE_CONFIG_DIR", str(tmp_path / "own"))
    assert run(["open", ".", "--no-browser"]) == 0
    assert options == [("--diarize", "--json-progress", "--live-text"), ("--diarize", "--json-progress")]


def test_what_cannot_be_opened_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.wav").write_bytes(b"RIFF\x00\x00\x00\x00WAVEfmt \xff\xfe")
    (tmp_path / "newer.json").write_text('{"format": "diarfuse/7"}')
    (tmp_path / "cut.json").write_bytes((tmp_path / "meeting.json").read_bytes()[:500])
    for name in ("a.wav", "newer.json", "cut.json", "none.json"):
        assert run(["open", name, "--no-browser"]) == 1, name
        told = capsys.readouterr().err
        assert told.startswith("Error: ")
        assert len(told.splitlines()) == 1
    assert run(["open", "meeting.json", "--audio", "none.wav"]) == 1
    assert run(["open", ".", "--audio", "a.wav"]) == 2
    assert run(["open", "meeting.json", "--port", "70000"]) == 2
