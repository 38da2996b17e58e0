"""Where the page listens, what it is told, and the recording that it may play."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from diarfuse.fusion.errors import OptionError
from diarfuse.transcribe.documents.opening.editor import Editor
from diarfuse.transcribe.documents.opening.server import PageServer
from diarfuse.transcribe.documents.opening.shown import Shown


def test_it_listens_on_loopback_under_a_token_of_its_own(server: PageServer, meeting: Path) -> None:
    assert server.server_address[0] == "127.0.0.1"
    assert len(server.shown.token) >= 32
    other = PageServer(Shown(Editor(meeting)))
    other.server_close()
    assert other.shown.token != server.shown.token
    assert server.address == f"http://127.0.0.1:{server.server_port}/{server.shown.token}/"


def test_a_port_in_use_is_told(server: PageServer, meeting: Path) -> None:
    with pytest.raises(OptionError, match=rf"Port {server.server_port} .*--port"):
        PageServer(Shown(Editor(meeting)), port=server.server_port)


def test_it_ends_with_its_page(meeting: Path) -> None:
    server = PageServer(Shown(Editor(meeting)))
    server.shown.presence._grace = 0.05
    ready: list[str] = []
    thread = threading.Thread(target=server.run, args=(ready.append,), daemon=True)
    thread.start()
    while not ready:
        thread.join(0.01)
    with server.shown.presence.page():
        thread.join(0.2)
        assert thread.is_alive()
    thread.join(60)
    assert not thread.is_alive()
    assert ready == [server.address]
