"""A hub on loopback, a pack of random bytes that it serves, and builders that make graphs of them."""

from __future__ import annotations

import hashlib
import sys
import types
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import onnx
import pytest

import diarfuse.diarize.models.end_to_end.weights
from diarfuse.diarize.models.packs import (
    ClusteringPack,
    Cut,
    Distances,
    EmbeddingNetwork,
    HubSource,
    Network,
    PackFile,
    WheelSource,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

CONTENTS = {
    "segmentation/weights.bin": b"segmentation" * 50_000,
    "embedding/weights.bin": b"embedding" * 100_000,
    "plda/transform.npz": b"transform",
    "plda/plda.npz": b"plda",
}


def fake_pack(name: str = "fake", source: HubSource | WheelSource | None = None) -> ClusteringPack:
    """A pack with a real pack's shape whose files the test serves itself."""
    return ClusteringPack(
        name=name,
        summary="random bytes",
        source=source or HubSource("someone/something", "0123abc"),
        files=tuple(
            PackFile(path, len(content), hashlib.sha256(content).hexdigest()) for path, content in CONTENTS.items()
        ),
        segmentation=Network("segmentation/weights.bin", "fake_segmentation"),
        embedding=EmbeddingNetwork(
            "embedding/weights.bin", "fake_embedding", "kaldi", 256, 8, Cut(longest=3.0, at_changes=True)
        ),
        recipe="community-1",
        distances=Distances(alone=0.9),
        plda=("plda/transform.npz", "plda/plda.npz"),
        licence="none",
        attribution="nobody",
        auto=1,
    )


PACK = fake_pack()
ALONE = {"fake": PACK}


class Hub(ThreadingHTTPServer):
    """A hub on loopback: serves CONTENTS with ranges, and misbehaves when told to."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), HubHandler)
        self.requests: list[tuple[str, str | None]] = []
        self.contents = dict(CONTENTS)
        self.ranges: bool | int = True
        self.cut_after: int | None = None
        self.shift = 0  # bytes by which a part lies too early
        self.etag = ""
        self.status = 200

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def gets(self, path: str) -> list[str | None]:
        """The Range headers with which a file was asked for."""
        return [ranges for asked, ranges in self.requests if asked.endswith(path)]


class HubHandler(BaseHTTPRequestHandler):
    server: Hub

    def do_HEAD(self) -> None:
        self.send_response(self.server.status)
        self.end_headers()

    def do_GET(self) -> None:
        hub = self.server
        hub.requests.append((self.path, self.headers["Range"]))
        prefix = "/someone/something/resolve/0123abc/"
        content = hub.contents.get(self.path.removeprefix(prefix)) if self.path.startswith(prefix) else None
        if content is None or hub.status != 200:
            self.send_error(404 if hub.status == 200 else hub.status)
            return
        start = int(self.headers["Range"].removeprefix("bytes=").rstrip("-")) if self.headers["Range"] else 0
        if start and hub.ranges not in (True, False):
            self.send_error(hub.ranges)
            return
        shift = hub.shift if start else 0
        start = start - shift if hub.ranges else 0
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1 - shift}/{len(content)}")
        if hub.etag:
            self.send_header("ETag", hub.etag)
        self.send_header("Content-Length", str(len(content) - shift - start))
        self.end_headers()
        body = content[start : len(content) - shift]
        if hub.cut_after is not None and len(body) > hub.cut_after:
            body, hub.cut_after = body[: hub.cut_after], None
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (the base class's name)
        pass


def graph(name: str) -> onnx.ModelProto:
    named = onnx.helper.make_node("Identity", ["value"], ["name"])
    return onnx.helper.make_model(onnx.helper.make_graph([named], name, [], []))


def install_builders(patch: pytest.MonkeyPatch, version: int = 1) -> list[str]:
    """Put two builders into sys.modules; returns the list of what they were asked to build."""
    built: list[str] = []

    def module(name: str, graphs: tuple[str, ...]) -> None:
        def build(weights: Mapping[str, object]) -> dict[str, onnx.ModelProto]:
            built.append(name)
            return {part: graph(f"{part} of {sorted(weights)}") for part in graphs}

        def with_integers(model: onnx.ModelProto) -> onnx.ModelProto:
            built.append(f"{name} in integers")
            return graph(f"{model.graph.name} in integers")

        made = types.ModuleType(name)
        vars(made).update(VERSION=version, GRAPHS=graphs, build=build, with_integers=with_integers)
        patch.setitem(sys.modules, f"diarfuse.diarize.models.{name}", made)

    module("fake_segmentation", ("segmentation",))
    module("fake_embedding", ("trunk", "pooling"))
    patch.setattr(diarfuse.diarize.models.end_to_end.weights, "read_weights", lambda path: {path.parent.name: 0})
    return built


def leftovers(root: Path) -> list[str]:
    """Files that are neither a pack's, nor graphs, nor locks."""
    kept = {*CONTENTS, *(f"{name}.lock" for name in ("fake", "first", "second"))}
    files = [path.relative_to(root) for path in root.rglob("*") if path.is_file()]
    packed = ("fake", "first", "second")
    names = [str(Path(*path.parts[1:]) if path.parts[0] in packed else path).replace("\\", "/") for path in files]
    return [name for name in names if name not in kept and not name.startswith("graphs")]
