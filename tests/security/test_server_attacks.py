"""What a hostile client may send to a running server, and that the server outlives it."""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import numpy as np
import pytest
import soundfile
import uvicorn
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from diarfuse.fusion.errors import AudioError, CancelledError, DiarfuseError
from diarfuse.fusion.types import Transcript
from diarfuse.transcribe.serving.app import create_app, uvicorn_config
from diarfuse.transcribe.serving.limits import Limits
from diarfuse.transcribe.serving.work import check_duration
from tests import asking
from tests.amounts import examples

ROOT = Path(__file__).resolve().parents[2]
LIMITS = Limits(max_body=1 << 20, max_duration=60, idle=0.5, upload=2)


class Answer:
    transcript = Transcript((), "en", 1.0)
    diarization = None


def run_job(request):
    """The real length check, then nothing: recognisers are not what is attacked here."""
    check_duration(request.path, request.max_duration, request.cancel)
    return Answer()


ATTACKS = settings(
    max_examples=examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory):
    uploads = tmp_path_factory.mktemp("server") / "uploads"
    config = uvicorn_config(create_app(run_job, limits=LIMITS, upload_root=uploads), LIMITS, host="127.0.0.1", port=0)
    server = uvicorn.Server(config)
    sock = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, daemon=True)
    thread.start()
    yield sock.getsockname()[1]
    server.should_exit = True
    thread.join(60)
    sock.close()
    assert not list(uploads.glob("server-*"))  # whatever was sent, nothing is left


def send(port: int, data: bytes, *, hang_up: bool = False) -> bytes:
    """Send raw bytes, then listen until the server closes or has answered; hanging up means no more will come."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        try:
            connection.sendall(data)
            if hang_up:
                connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(65536), b""))
        except OSError:
            return b""


def alive(port: int) -> bool:
    return asking.get(f"http://127.0.0.1:{port}/healthz").status_code == 200


def post(port: int, name: str, content: bytes, **headers: str) -> httpx.Response:
    url = f"http://127.0.0.1:{port}/v1/audio/transcriptions"
    return asking.post(url, files={"file": (name, content)}, headers=headers, timeout=60)


def form(body: bytes, boundary: bytes = b"xx") -> bytes:
    head = b"POST /v1/audio/transcriptions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    return (
        head
        + b"Content-Type: multipart/form-data; boundary=%s\r\nContent-Length: %d\r\n\r\n" % (boundary, len(body))
        + body
    )


def wav(seconds: float = 0.1) -> bytes:
    data = np.zeros(int(seconds * 16000), "<i2").tobytes()
    head = b"RIFF" + (36 + len(data)).to_bytes(4, "little") + b"WAVEfmt " + (16).to_bytes(4, "little")
    shape = (
        (1).to_bytes(2, "little") * 2 + (16000).to_bytes(4, "little") + (32000).to_bytes(4, "little") + b"\x02\0\x10\0"
    )
    return head + shape + b"data" + len(data).to_bytes(4, "little") + data


def contradiction() -> bytes:
    """A WAV header with more channels than its frames have bytes; libsndfile and FFmpeg each believe other numbers."""
    data = wav(1.0)
    return data[:20] + struct.pack("<HHIIHH", 1, 101, 16_000, 48_000, 3, 24) + data[36:]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.raw", contradiction(), "claims 101 channels of 24 bits in frames of 3 bytes"),
        ("a.wav", contradiction(), "claims 101 channels of 24 bits in frames of 3 bytes"),
        ("a.mp3", b"dear diary\n" * 999, "it holds text"),
        ("a.flac", b"<!doctype html><html>", "it holds a web page"),
        ("a.ogg", b"#EXTM3U\nhttp://127.0.0.1:9/a.ts\n", "it is a playlist"),
        ("a.mp3", bytes(9999), "its format is unknown"),
    ],
)
def test_what_is_no_recording_is_400_one_sentence_and_nothing_on_stderr_but_the_log(
    port: int, capfd: pytest.CaptureFixture[str], name: str, content: bytes, told: str
) -> None:
    capfd.readouterr()
    answer = post(port, name, content)
    assert answer.status_code == 400
    message = answer.json()["error"]["message"]
    assert told in message
    assert message.count(".\n") + message.count(". ") == 0
    assert "/" not in message
    assert all(json.loads(line) for line in capfd.readouterr().err.splitlines())
    assert alive(port)


@pytest.mark.parametrize(
    "name",
    ["../../../../tmp/evil.wav", "/etc/passwd", "..\\..\\evil.wav", "a\0b.wav", "a" * 5000 + ".wav", "$(id).wav", ""],
)
def test_file_names_are_never_paths(port: int, name: str) -> None:
    before = {path.name for path in Path("/tmp").glob("evil*")}  # noqa: S108  (where the name points to)
    body = b'--xx\r\nContent-Disposition: form-data; name="file"; filename="%s"\r\n\r\n%s\r\n--xx--\r\n'
    answer = send(port, form(body % (name.encode().replace(b'"', b"%22"), wav())))
    assert answer.split()[1] in (b"200", b"400")
    assert {path.name for path in Path("/tmp").glob("evil*")} == before  # noqa: S108
    assert alive(port)


def test_oversized_headers_are_cut_off(port: int) -> None:
    for junk in (b"X-A: " + b"a" * 100_000, b"\r\n".join(b"X-%d: a" % i for i in range(20_000)), b"a" * 100_000):
        answer = send(port, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + junk + b"\r\n\r\n")
        assert answer == b"" or answer.split()[1] in (b"400", b"431")
        assert alive(port)


def test_compressed_bodies_are_refused(port: int) -> None:
    bomb = gzip.compress(bytes(10 << 20))
    assert post(port, "a.wav", bomb, **{"content-encoding": "gzip"}).status_code == 415


def test_an_audio_file_that_unpacks_to_hours_is_stopped_early(port: int, tmp_path: Path) -> None:
    """Forty minutes of silence in some kB of FLAC: refused after one minute of it."""
    with soundfile.SoundFile(tmp_path / "bomb.flac", "w", 8000, 1, "PCM_16") as file:
        for _ in range(40):
            file.write(np.zeros(60 * 8000, np.float32))
    bomb = (tmp_path / "bomb.flac").read_bytes()
    assert len(bomb) < 1 << 20
    answer = post(port, "a.flac", bomb)
    assert answer.status_code == 400
    assert "longer than 1 minutes" in answer.json()["error"]["message"]


def test_the_length_check_stops_when_nobody_waits(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(16000, np.float32), 16000)
    assert check_duration(tmp_path / "a.wav", 2, threading.Event()) == pytest.approx(1)
    with pytest.raises(AudioError, match="longer than"):
        check_duration(tmp_path / "a.wav", 0.5, threading.Event())
    gone = threading.Event()
    gone.set()
    with pytest.raises(CancelledError):
        check_duration(tmp_path / "a.wav", 2, gone)


@ATTACKS
@given(position=st.integers(0, 43), value=st.binary(min_size=1, max_size=4))
@example(position=4, value=b"\xff\xff\xff\xff")
@example(position=40, value=b"\xff\xff\xff\xff")
@example(position=22, value=b"\xff\xff")
@example(position=24, value=b"\0\0\0\0")
@example(position=24, value=b"\1\0\0\0")
@example(position=32, value=b"\0\0\0\0")
def test_wav_headers_may_lie(tmp_path: Path, position: int, value: bytes) -> None:
    """Sizes, channels, rates: read or refused, never a crash, never more than the limit."""
    data = bytearray(wav(1.0))
    data[position : position + len(value)] = value
    path = tmp_path / "a.wav"
    path.write_bytes(data)
    with contextlib.suppress(DiarfuseError):
        assert 0 <= check_duration(path, 3600, threading.Event()) <= 3600


PART = b'--xx\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
MALFORMED = {
    "no closing boundary": PART + wav(),
    "no name": b"--xx\r\nContent-Disposition: form-data\r\n\r\na\r\n--xx--\r\n",
    "no header": b"--xx\r\n\r\na\r\n--xx--\r\n",
    "two files": (PART + wav() + b"\r\n") * 2 + b"--xx--\r\n",
    "no file": b'--xx\r\nContent-Disposition: form-data; name="language"\r\n\r\nen\r\n--xx--\r\n',
    "empty file": PART + b"\r\n--xx--\r\n",
    "many fields": b'--xx\r\nContent-Disposition: form-data; name="a"\r\n\r\na\r\n' * 5000 + b"--xx--\r\n",
    "endless header": b"--xx\r\nX: " + b"a" * 200_000,
    "long field": b'--xx\r\nContent-Disposition: form-data; name="prompt"\r\n\r\n' + b"a" * 50_000 + b"\r\n--xx--\r\n",
    "nothing": b"",
    "noise": bytes(range(256)) * 10,
    "a format that is none": PART
    + wav()
    + b'\r\n--xx\r\nContent-Disposition: form-data; name="response_format"\r\n\r\nexe\r\n--xx--\r\n',
    "speakers": PART
    + wav()
    + b'\r\n--xx\r\nContent-Disposition: form-data; name="num_speakers"\r\n\r\n1e9\r\n--xx--\r\n',
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
def test_malformed_forms_get_a_sentence(port: int, body: bytes) -> None:
    """Also where the server stops reading early: it lingers until the client has read why."""
    url = f"http://127.0.0.1:{port}/v1/audio/transcriptions"
    answer = asking.post(url, content=body, headers={"content-type": "multipart/form-data; boundary=xx"})
    assert answer.status_code in (400, 413)
    assert answer.json()["error"]["message"]
    assert alive(port)


def test_other_content_types_are_refused(port: int) -> None:
    url = f"http://127.0.0.1:{port}/v1/audio/transcriptions"
    for kind in ("application/json", "multipart/form-data", "multipart/form-data; boundary=" + "x" * 1000, "", "\xff"):
        answer = asking.post(url, content=b"{}", headers={"content-type": kind.encode("latin-1")})
        assert answer.status_code == 400


@ATTACKS
@given(data=st.data())
def test_no_form_brings_the_server_down(port: int, data: st.DataObject) -> None:
    """A good form with bytes cut out, doubled or replaced."""
    body = bytearray(PART + wav() + b"\r\n--xx--\r\n")
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(PART) + 44))
        body[at : at + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=9) | st.just(b"\r\n--xx"))
    answer = send(port, form(bytes(body)))
    assert answer.split()[1] in (b"200", b"400", b"413")


@ATTACKS
@given(
    noise=st.binary(max_size=300)
    | st.binary(max_size=50).map(lambda b: b"POST /v1/audio/transcriptions HTTP/1.1\r\n" + b)
)
def test_no_request_brings_the_server_down(port: int, noise: bytes) -> None:
    answer = send(port, noise, hang_up=True)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 4")


def test_the_server_is_still_well(port: int) -> None:
    assert post(port, "a.wav", wav()).status_code == 200
    metrics = asking.get(f"http://127.0.0.1:{port}/metrics").text
    assert "diarfuse_requests_inside 0" in metrics
    assert 'status="500"' not in metrics


def test_the_server_loads_nothing_that_names_people() -> None:
    code = (
        "import sys, diarfuse.transcribe.serving.app, diarfuse.transcribe.serving.work\n"
        "import diarfuse.transcribe.commands.serve, diarfuse.transcribe.job\n"
        "ours = [m for m in sys.modules if m.startswith('diarfuse.')]\n"
        "wrong = [m for m in ours if m == 'diarfuse.fusion.naming.match' or 'voice' in m]\n"
        "assert not wrong, wrong"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


JOB = """
import sys, threading
from pathlib import Path
from diarfuse.transcribe.options import JobOptions
from diarfuse.transcribe.commands.serve import serve
import diarfuse.transcribe.serving.app
from diarfuse.transcribe.serving.jobs import JobRequest
from diarfuse.transcribe.options import Wish
from diarfuse.transcribe.serving.work import make_run_job
audio, words, models = map(Path, sys.argv[1:])
options = JobOptions(asr="words-json", model=str(words), diarizer="campplus", models_dir=models, offline=True)
answer = make_run_job(options)(JobRequest(audio, Wish(diarize=True), 600))
assert answer.transcript.segments[0].speaker == "SPEAKER_00", answer
voice = ("diarfuse.transcribe.voice", "diarfuse.diarize.voice")
wrong = [m for m in sys.modules if m == "diarfuse.fusion.naming.match" or m.startswith(voice)]
assert not wrong, wrong
"""


@pytest.mark.official
def test_a_whole_diarized_job_loads_nothing_that_names_people(models_dir: Path, tmp_path: Path) -> None:
    """Imports in functions as well: the job is done, and the process still cannot compare voices."""
    samples, rate = soundfile.read(ROOT / "examples" / "meeting.wav", stop=4 * 16000, dtype="float32")
    soundfile.write(tmp_path / "a.wav", samples, rate)
    word = '{"word": " Hello", "start": 1.0, "end": 1.5}'
    (tmp_path / "words.json").write_text(f'{{"segments": [{{"words": [{word}]}}]}}', encoding="utf-8")
    call = [sys.executable, "-c", JOB, str(tmp_path / "a.wav"), str(tmp_path / "words.json"), str(models_dir)]
    done = subprocess.run(call, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
