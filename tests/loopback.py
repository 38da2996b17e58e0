"""A hub on loopback, as Hugging Face's looks to those who download: files behind redirects, and its API of models.

It misbehaves when told to: cuts a body short, refuses, is busy, or lets a network's login page answer for everything.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

COMMIT = "0123456789abcdef0123456789abcdef01234567"
PORTAL = b"<html><body>Please accept the terms of this hotel.</body></html>"


class Loopback(ThreadingHTTPServer):
    """Serves `files` by ``repository/name``; every file lies behind a redirect, as the hub's do.

    answers: status codes for the next requests, instead of what they ask for. portal: everything is answered with
    a page. cut: bodies end after so many bytes, each time one less often. host: a name that only a proxy knows.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, bytes] = {}
        self.answers: list[int] = []
        self.cut: list[int] = []
        self.portal = False
        self.seen: list[tuple[str, str, str | None]] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def ranges(self, name: str) -> list[str | None]:
        """The Range headers with which the bytes of a file were asked for."""
        return [ranges for method, path, ranges in self.seen if method == "GET" and path == f"/cdn/{name}"]


@contextmanager
def serving() -> Iterator[Loopback]:
    """A hub that runs for a while."""
    server = Loopback()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: Loopback
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        hub = self.server
        path = self.path.removeprefix("http://hub.example")  # as a proxy is asked
        hub.seen.append((self.command, path, self.headers["Range"]))
        if hub.portal:
            self._send(200, PORTAL, {"Content-Type": "text/html"}, body=body)
        elif hub.answers:
            self._send(hub.answers.pop(0), b"no", {"Retry-After": "0"}, body=body)
        elif path.startswith("/api/models/"):
            self._model(path.removeprefix("/api/models/"), body=body)
        elif path.startswith("/cdn/") and path.removeprefix("/cdn/") in hub.files:
            self._bytes(hub.files[path.removeprefix("/cdn/")], body=body)
        elif "/resolve/" in path:
            self._redirect(path.lstrip("/"))
        else:
            self._send(200 if path == "/" else 404, b"", {}, body=body)

    def _model(self, path: str, *, body: bool) -> None:
        """What older and newer clients ask: the repository's facts with its files, or the list of these."""
        tree = "/tree/" in path
        repository = path.split("/tree/" if tree else "/revision/", maxsplit=1)[0]
        names = [name.removeprefix(f"{repository}/") for name in self.server.files if name.startswith(f"{repository}/")]
        if not names:
            self._send(404, b"{}", {"X-Error-Code": "RepoNotFound"}, body=body)
            return
        files = [(name, self.server.files[f"{repository}/{name}"]) for name in names]
        siblings = [{"rfilename": name} for name in names]
        facts = {"id": repository, "sha": COMMIT, "siblings": siblings, "tags": [], "private": False}
        listed = [
            {"type": "file", "path": name, "size": len(body), "oid": hashlib.sha256(body).hexdigest()[:40]}
            for name, body in files
        ]
        content = json.dumps(listed if tree else facts)
        self._send(200, content.encode(), {"Content-Type": "application/json"}, body=body)

    def _redirect(self, path: str) -> None:
        """To where the bytes are; as the hub does, with what is known of the file."""
        repository, _, rest = path.partition("/resolve/")
        name = f"{repository}/{rest.partition('/')[2]}"
        content = self.server.files.get(name)
        if content is None:
            self._send(404, b"", {"X-Error-Code": "EntryNotFound"}, body=False)
            return
        etag = hashlib.sha256(content).hexdigest()
        facts = {"X-Repo-Commit": COMMIT, "X-Linked-Etag": f'"{etag}"', "X-Linked-Size": str(len(content))}
        # Elsewhere, as the hub's files are; through a proxy, which knows one name only, on the same host.
        home = "" if self.path.startswith("http://") else f"http://localhost:{self.server.server_port}"
        self._send(302, b"", {"Location": f"{home}/cdn/{name}", "ETag": f'"{etag}"', **facts}, body=False)

    def _bytes(self, content: bytes, *, body: bool) -> None:
        ranges = self.headers["Range"]
        start = int(ranges.removeprefix("bytes=").partition("-")[0]) if ranges else 0
        part = content[start:]
        headers = {"Content-Type": "application/octet-stream", "ETag": f'"{hashlib.sha256(content).hexdigest()}"'}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        cut = self.server.cut.pop(0) if body and self.server.cut and len(part) > self.server.cut[0] else None
        self._send(206 if start else 200, part, headers, body=body, cut=cut)

    def _send(
        self, status: int, content: bytes, headers: dict[str, str], *, body: bool, cut: int | None = None
    ) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if body:
            self.wfile.write(content[:cut])
        self.close_connection = self.close_connection or cut is not None

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        pass
