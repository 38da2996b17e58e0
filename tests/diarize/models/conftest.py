"""What the tests of the store share: a hub on loopback, and builders that need no weights."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from diarfuse.diarize.models.fetching import hub as fetching
from diarfuse.diarize.models.store import Store
from tests.diarize.models.fake_hub import Hub, install_builders

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def own_store(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """The user's store with graphs and programs kept elsewhere, in one folder for all workers: they are made once."""
    folder = tmp_path_factory.getbasetemp()
    folder = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder
    return Store(store.root, offline=True, graphs=folder / "graphs")


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(fetching, "_PAUSE_SECONDS", 0.0)
    server = Hub()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    monkeypatch.delenv("DIARFUSE_OFFLINE", raising=False)
    monkeypatch.setenv("DIARFUSE_MODELS_DIR", str(tmp_path / "default"))
    return install_builders(monkeypatch)
