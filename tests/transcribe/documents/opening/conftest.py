"""A document in a file, and its page served on loopback."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from diarfuse.exporters import registry
from diarfuse.transcribe.documents.opening.editor import Editor
from diarfuse.transcribe.documents.opening.server import PageServer
from diarfuse.transcribe.documents.opening.shown import Shown, sound_of
from tests.fusion.documents import MEETING


@pytest.fixture
def meeting(tmp_path: Path) -> Path:
    """The document's file, with something like a recording beside it."""
    path = tmp_path / "meeting.json"
    path.write_text(str(registry.dumps(MEETING, "json")), encoding="utf-8")
    assert MEETING.recording is not None
    (tmp_path / MEETING.recording.name).write_bytes(bytes(range(256)))
    return path


@pytest.fixture
def server(meeting: Path) -> Iterator[PageServer]:
    """It serves until the test is over."""
    editor = Editor(meeting)
    server = PageServer(Shown(editor, sound_of(editor, None)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield server
    server.shown.ending.set()
    server.shutdown()
    server.server_close()
    thread.join()
