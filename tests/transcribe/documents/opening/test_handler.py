"""The door: who may ask, for what, in which form; by a client that is no browser."""

from __future__ import annotations

import http.client
import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest

from diarfuse.fusion.document import read_document
from diarfuse.transcribe.documents.editing import edit
from diarfuse.transcribe.documents.opening.answering import MOST
from diarfuse.transcribe.documents.opening.server import PageServer
from tests.fusion.documents import MEETING

RENAME = {"op": "rename", "names": {"SPEAKER_00": "Ana"}}
SOUND = bytes(range(256))


def ask(
    server: PageServer,
    path: str,
    method: str = "GET",
    body: bytes | None = None,
    whole: bool = False,
    **headers: str,
) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=60)
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    connection.request(method, path if whole else f"/{server.shown.token}/{path}", body, named)
    answer = connection.getresponse()
    content = answer.read() if not path.endswith("alive") else b""
    connection.close()
    return answer, content


def post(server: PageServer, what: str, row: object, seen: str, **headers: str) -> tuple[int, dict[str, Any]]:
    given = {"If_Match": seen, "Content_Type": "application/json"} | headers
    answer, content = ask(server, what, "POST", json.dumps(row).encode(), **given)
    return answer.status, json.loads(content)


def test_the_page_comes_with_a_strict_policy_and_is_kept_nowhere(server: PageServer) -> None:
    answer, content = ask(server, "")
    assert answer.status == 200
    assert b"<!doctype html>" in content
    assert b"default-src 'none'" in content
    assert answer.headers["Content-Security-Policy"] == "frame-ancestors 'none'"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "Python" not in answer.headers["Server"]


@pytest.mark.parametrize("path", ["/", "", "/x/", "/x/audio", "//", "/%00/", "/%C3%BC/"])
def test_without_the_token_there_is_nothing(server: PageServer, path: str) -> None:
    answer, content = ask(server, path, whole=True)
    assert answer.status == 404
    assert b"SPEAKER" not in content
    assert server.shown.token.encode() not in content


def test_a_token_but_for_its_end_is_none(server: PageServer) -> None:
    assert ask(server, f"/{server.shown.token[:-1]}/", whole=True)[0].status == 404
    assert ask(server, f"/{server.shown.token}x/", whole=True)[0].status == 404
    assert ask(server, f"/{server.shown.token}", whole=True)[0].status == 404


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "localhost:1", "127.0.0.1.evil.example:{port}", ""])
def test_another_name_of_this_host_is_refused(server: PageServer, host: str) -> None:
    answer, content = ask(server, "", Host=host.format(port=server.server_port))
    assert answer.status == 403
    assert b"SPEAKER" not in content


def test_a_request_without_a_host_or_with_two_is_refused(server: PageServer) -> None:
    for hosts in (b"", b"Host: 127.0.0.1:%d\r\nHost: evil.example\r\n" % server.server_port):
        with socket.create_connection(("127.0.0.1", server.server_port), timeout=60) as raw:
            raw.sendall(b"GET /" + server.shown.token.encode() + b"/ HTTP/1.1\r\n" + hosts + b"\r\n")
            assert b" 403 " in raw.recv(100)


@pytest.mark.parametrize("origin", ["null", "http://evil.example", "http://127.0.0.1:1", "https://127.0.0.1:{port}"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_another_origin_is_refused(server: PageServer, origin: str, method: str) -> None:
    headers = {"Origin": origin.format(port=server.server_port), "Content_Type": "application/json", "If_Match": "x"}
    assert ask(server, "edit" if method == "POST" else "", method, b"{}", **headers)[0].status == 403


def test_the_page_itself_edits_and_takes_back(server: PageServer, meeting: Path) -> None:
    origin = {"Origin": f"http://127.0.0.1:{server.server_port}"}
    status, told = post(server, "edit", RENAME, server.shown.editor.state().tag, **origin)
    assert (status, told["edits"]) == (200, len(MEETING.history) + 1)
    assert read_document(meeting) == MEETING.rename({"SPEAKER_00": "Ana"})
    status, told = post(server, "undo", {}, told["tag"], **origin)
    assert (status, told["undone"]) == (200, RENAME)
    assert read_document(meeting) == MEETING


def test_a_stale_page_is_told_and_shown_what_there_is(server: PageServer, meeting: Path) -> None:
    seen = server.shown.editor.state().tag
    edit(meeting, lambda before: before.rename({"SPEAKER_01": "Ben"}))
    for what in ("edit", "undo"):
        status, told = post(server, what, RENAME, seen)
        assert status == 412
        assert "changed elsewhere" in told["error"]
        assert "Ben" in told["document"]["speakers"]
    assert read_document(meeting).speakers == MEETING.rename({"SPEAKER_01": "Ben"}).speakers


def test_what_cannot_be_is_a_sentence(server: PageServer) -> None:
    seen = server.shown.editor.state().tag
    status, told = post(server, "edit", {"op": "rename", "names": {"Zoe": "Ana"}}, seen)
    assert status == 422
    assert "Zoe" in told["error"]
    assert post(server, "edit", {"op": "erase"}, seen)[0] == 422
    assert post(server, "forget", {}, seen)[0] == 404


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{", {}, 400),
        (b"\xff\xfe", {}, 400),
        (b"[" * 100_000, {}, 400),
        (b"{}", {"Content_Type": "text/plain"}, 415),
        (b"{}", {"Content_Length": str(MOST + 1)}, 413),
        (b"{}", {"Content_Length": "9" * 5000}, 413),
        (b"{}", {"Content_Length": "-1"}, 411),
        (b"{}", {"If_Match": None}, 428),
    ],
)
def test_forms_that_are_refused(server: PageServer, body: bytes, headers: dict[str, Any], status: int) -> None:
    given = {"Content_Type": "application/json", "If_Match": "x"} | headers
    answer, content = ask(server, "edit", "POST", body, **{k: v for k, v in given.items() if v is not None})
    assert answer.status == status
    assert json.loads(content)["error"]


def test_other_methods_are_none(server: PageServer) -> None:
    for method in ("PUT", "DELETE", "OPTIONS", "TRACE"):
        assert ask(server, "", method)[0].status == 501


@pytest.mark.parametrize(
    ("header", "status", "part", "place"),
    [
        (None, 200, SOUND, None),
        ("bytes=0-", 206, SOUND, "bytes 0-255/256"),
        ("bytes=10-19", 206, SOUND[10:20], "bytes 10-19/256"),
        ("bytes=-6", 206, SOUND[-6:], "bytes 250-255/256"),
        ("bytes=256-", 416, b"", "bytes */256"),
        ("bytes=0-1,4-5", 200, SOUND, None),
        ("nonsense", 200, SOUND, None),
    ],
)
def test_the_recording_comes_in_parts(
    server: PageServer, header: str | None, status: int, part: bytes, place: str | None
) -> None:
    headers = {} if header is None else {"Range": header}
    for method in ("GET", "HEAD"):
        answer, content = ask(server, "audio", method, **headers)
        assert (answer.status, answer.headers["Content-Range"]) == (status, place)
        assert answer.headers["Content-Length"] == str(len(part))
        assert content == (part if method == "GET" else b"")


def test_a_recording_that_went_away_is_told(server: PageServer) -> None:
    assert server.shown.sound is not None
    server.shown.sound.path.unlink()
    answer, content = ask(server, "audio")
    assert (answer.status, json.loads(content)["error"].endswith("cannot be read: No such file or directory.")) == (
        404,
        True,
    )
    if hasattr(os, "mkfifo"):
        os.mkfifo(server.shown.sound.path)
        answer, content = ask(server, "audio")
        assert (answer.status, json.loads(content)["error"][-22:]) == (404, "it is no regular file.")
    assert ask(server, "")[0].status == 200


def test_a_part_of_another_version_is_the_whole(server: PageServer) -> None:
    answer, content = ask(server, "audio", Range="bytes=0-1", If_Range='"x"')
    assert (answer.status, content) == (200, SOUND)


@pytest.mark.parametrize(
    "path",
    [
        *("../meeting.json", "..%2fmeeting.json", "audio/../../meeting.json", "meeting.json", "/etc/passwd"),
        "page.css",
        *("export/../meeting.json", "export/..%2F..%2Fetc%2Fpasswd", "export/", "export", "export/json/x", "%61udio"),
    ],
)
def test_no_path_leads_to_a_file(server: PageServer, path: str) -> None:
    answer, content = ask(server, path)
    assert answer.status in {404, 422}
    assert b"root:" not in content
    assert b"segments" not in content


def test_a_format_is_sent_as_a_download(server: PageServer) -> None:
    answer, content = ask(server, "export/srt")
    assert (answer.status, answer.headers["Content-Disposition"]) == (200, "attachment")
    assert b" --> " in content


def test_a_page_is_present_for_as_long_as_its_connection(server: PageServer) -> None:
    server.shown.presence._grace = 0.05
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=60)
    connection.request("GET", f"/{server.shown.token}/alive")
    answer = connection.getresponse()
    assert answer.status == 200
    assert server.shown.presence._count == 1
    answer.close()
    connection.close()
    server.shown.presence.wait()
    assert server.shown.presence._count == 0
