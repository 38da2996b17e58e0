"""A folder with recordings, and a command in the place of ours that does what its recording's name says."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from diarfuse.exporters import registry
from diarfuse.transcribe.documents.desk.handler import DeskHandler
from diarfuse.transcribe.documents.desk.site import Desk
from diarfuse.transcribe.documents.desk.work import Work
from diarfuse.transcribe.documents.opening.server import SiteServer
from tests.fusion.documents import MEETING

COMMAND = """
import json, os, pathlib, sys, threading, time
def say(event, **more): print(json.dumps({"event": event, **more}), file=sys.stderr, flush=True)
*options, audio, _, target = sys.argv[1:]
name = pathlib.Path(audio).name
def end():
    if not sys.stdin.read() and "deaf" not in name:
        "heard" in name and say("error", text=f"The words of {name} are kept.")
        os._exit(130)
threading.Thread(target=end, daemon=True).start()
say("progress", doing="recognising words", fraction=0.25, seconds_left=40)
say("text", text="Good morning.")
print("a library's own line", file=sys.stderr, flush=True)
while "slow" in name and not os.path.exists(audio + ".go"):
    time.sleep(0.01)
if "wrong" in name:
    say("error", text=f"{name} is no audio.", exit_code=1)
    sys.exit(1)
if "killed" in name:
    os.kill(os.getpid(), int(name.split()[1]))
if "mute" in name:
    sys.exit(3)
say("note", text=" ".join(options))
document = json.loads(pathlib.Path(audio).read_text())
document["audio"]["name"] = name
with open(target, "x") as file:
    json.dump(document, file)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Its recordings hold what the command writes, which is a document."""
    found = tmp_path / "calls"
    found.mkdir()
    for name in ("talk.wav", "slow.mp3", "wrong.m4a", "mute.ogg"):
        (found / name).write_text(str(registry.dumps(MEETING, "json")), encoding="utf-8")
    return found


@pytest.fixture
def work() -> Iterator[Work]:
    """It ends with the test."""
    work = Work((sys.executable, "-c", COMMAND))
    yield work
    work.end()


@pytest.fixture
def desk(folder: Path, work: Work) -> Desk:
    """The folder's page."""
    desk = Desk(folder, work)
    desk.presence._grace = 0.05
    return desk


@pytest.fixture
def server(desk: Desk) -> Iterator[SiteServer]:
    """It serves until the test is over."""
    server = SiteServer(desk, lambda *given: DeskHandler(desk, *given))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield server
    server.end()
    thread.join()
