"""The folder's door: who may ask, for what, in which form."""

from __future__ import annotations

import http.client
import json
import os
import sys
from pathlib import Path

import pytest

from diarfuse.transcribe.documents.opening.server import SiteServer


def ask(
    server: SiteServer, path: str, body: bytes | None = None, **headers: str
) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=60)
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    connection.request("GET" if body is None else "POST", f"/{server.site.token}/{path}", body, named)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer, content


def test_the_page_and_its_parts_run_nothing_from_elsewhere(server: SiteServer) -> None:
    for path, kind in (("", "html"), ("page.css", "css"), ("desk.css", "css"), ("desk.js", "javascript")):
        answer, content = ask(server, path)
        assert answer.status == 200
        assert answer.headers["Content-Type"] == f"text/{kind}; charset=utf-8"
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'")
        assert answer.headers["Cache-Control"] == "no-store"
        assert content
    assert b"<script>" not in ask(server, "")[1]


def test_nobody_else_may_ask(server: SiteServer) -> None:
    body = b'{"name": "talk.wav"}'
    assert ask(server, "start", body, Content_Type="application/json", Origin="https://example.org")[0].status == 403
    assert ask(server, "list", Host="example.org")[0].status == 403
    assert ask(server, "start", body, Content_Type="text/plain")[0].status == 415
    assert ask(server, "nothing")[0].status == 404
    assert ask(server, "open")[0].status == 404
    assert ask(server, "desk.html")[0].status == 404
    assert json.loads(ask(server, "list")[1])["files"][0]["work"] is None


def test_a_recording_is_added_transcribed_and_opened(server: SiteServer, folder: Path) -> None:
    content = (folder / "talk.wav").read_bytes()
    answer, told = ask(server, "add/Gr%C3%BC%C3%9Fe%201.wav", content)
    assert (answer.status, json.loads(told)) == (200, {"name": "Grüße 1.wav"})
    body = json.dumps({"name": "Grüße 1.wav", "people": None, "language": ""}).encode()
    answer, told = ask(server, "start", body, Content_Type="application/json")
    assert answer.status == 200
    server.site.work.wait()  # type: ignore[attr-defined]
    files = {one["recording"]: one["transcript"] for one in json.loads(ask(server, "list")[1])["files"]}
    assert files["Grüße 1.wav"] == "Grüße 1.json"
    answer, _ = ask(server, "open/Gr%C3%BC%C3%9Fe%201.json")
    assert answer.status == 303
    assert answer.headers["Location"].startswith("http://127.0.0.1:")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_name_in_no_encoding_is_listed_transcribed_and_opened(server: SiteServer, folder: Path) -> None:
    name = os.fsdecode(b"gr\xfc\xdfe.wav")
    (folder / "talk.wav").rename(folder / name)
    body = json.dumps({"name": name}).encode()
    assert ask(server, "start", body, Content_Type="application/json")[0].status == 200
    server.site.work.wait()  # type: ignore[attr-defined]
    (address,) = {one["address"] for one in json.loads(ask(server, "list")[1])["files"]} - {None}
    assert ask(server, address)[0].status == 303


def test_a_refusal_reaches_whoever_is_still_sending(server: SiteServer) -> None:
    answer, told = ask(server, "add/run.sh", bytes(2**24))
    assert answer.status == 422
    assert "run.sh is no recording" in json.loads(told)["error"]


def test_a_length_that_is_not_what_is_sent_is_refused(server: SiteServer, folder: Path) -> None:
    answer, _ = ask(server, "add/more.wav", b"3\r\nabc\r\n0\r\n\r\n", Transfer_Encoding="chunked", Content_Length="14")
    assert answer.status == 411
    assert not (folder / "more.wav").exists()


def test_where_a_page_was_expected_the_sentence_stands_alone(server: SiteServer, folder: Path) -> None:
    (folder / "cut.json").write_text('{"format": "diarfuse/1", "name')
    answer, told = ask(server, "open/cut.json", Sec_Fetch_Mode="navigate")
    assert answer.status >= 400
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "cut.json" in told.decode()
    assert told.count(b"\n") == 1


def test_what_cannot_be_is_one_sentence(server: SiteServer) -> None:
    for path, body, status in (
        ("start", b'{"name": "none.wav"}', 422),
        ("start", b"{", 400),
        ("stop", b'"talk.wav"', 200),
        ("add/run.sh", b"x", 422),
        ("open/none.json", None, 422),
    ):
        answer, told = ask(server, path, body, Content_Type="application/json")
        assert answer.status == status, path
        assert status == 200 or set(json.loads(told)) == {"error"}
