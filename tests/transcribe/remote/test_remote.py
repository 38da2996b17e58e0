"""Remote mode: what leaves, what is made of the answer, and that no voice and no name is among what leaves."""

from __future__ import annotations

import base64
import copy
import errno
import io
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from diarfuse.diarize.options import Execution, Options
from diarfuse.fusion.errors import NetworkError, OptionError, OutputError, TranscriptError
from diarfuse.fusion.naming.match import Gate, Voice
from diarfuse.fusion.types import Diarization, SpeakerCount, Transcript, Turn
from diarfuse.fusion.watch import Watch
from diarfuse.transcribe.options import JobOptions, Setup, Wish
from diarfuse.transcribe.remote import client
from diarfuse.transcribe.remote.answer import read_answer
from diarfuse.transcribe.remote.client import RemoteOptions, transcribe_remote
from diarfuse.transcribe.remote.job import RemoteJob
from diarfuse.transcribe.voices.namer import Namer, name_speakers
from tests.amounts import examples

ANSWER = {
    "language": "en",
    "duration": 4.0,
    "segments": [
        {"start": 0.0, "end": 1.0, "text": " Good morning.", "speaker": "SPEAKER_00"},
        {"start": 1.2, "end": 2.0, "text": " 你好!", "speaker": "SPEAKER_01"},
    ],
    "words": [
        {"word": "Good", "start": 0.0, "end": 0.4, "speaker": "SPEAKER_00"},
        {"word": "morning.", "start": 0.4, "end": 1.0, "speaker": "SPEAKER_00"},
        {"word": "你", "start": 1.2, "end": 1.5, "speaker": "SPEAKER_01"},
        {"word": "好!", "start": 1.5, "end": 2.0, "speaker": None},
    ],
    "turns": [{"start": 0.0, "end": 1.1, "speaker": "SPEAKER_00"}, {"start": 1.1, "end": 4.0, "speaker": "SPEAKER_01"}],
    "exclusive_turns": [{"start": 0.0, "end": 1.1, "speaker": "SPEAKER_00"}],
}


@contextmanager
def recording_server(answer: bytes, status: str = "200 OK", extra: str = "") -> Iterator[tuple[str, bytearray]]:
    """A server that keeps every byte it is sent."""
    received = bytearray()
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            while b"--\r\n" not in received[-8:]:
                data = connection.recv(65536)
                if not data:
                    return
                received.extend(data)
            head = f"HTTP/1.1 {status}\r\nContent-Length: {len(answer)}\r\n{extra}Connection: close\r\n\r\n"
            connection.sendall(head.encode() + answer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1", received
    finally:
        listener.close()
        thread.join(5)


def speech() -> np.ndarray:
    return (0.1 * np.random.default_rng(0).standard_normal(4 * 16000)).astype(np.float32)


class FakeEmbedder:
    """Its "voice" is the loudness of the first and of the second half; no network is needed to follow the bytes."""

    space, pack = "fake-1", "fake"

    def embed(self, samples, spans):
        from diarfuse.diarize.voiceprint import Voiceprint, gather

        taken = gather(samples, spans)
        vector = np.array([taken[: len(taken) // 2].std(), taken[len(taken) // 2 :].mean(), 1.0], np.float32)
        return Voiceprint(vector / np.linalg.norm(vector), self.space, len(taken) / 16000)


def test_nothing_that_leaves_knows_of_voices_or_names(tmp_path: Path) -> None:
    """The very bytes: the same with nobody and with somebody enrolled, and free of every name and number."""
    path = tmp_path / "Zebulon at the doctor.flac"
    with soundfile.SoundFile(path, "w", 16000, 1, "PCM_16", format="FLAC") as file:
        file.title = "Zebulon's visit"
        file.write(speech())
    assert b"Zebulon's visit" in path.read_bytes()
    embedder = FakeEmbedder()
    voice = embedder.embed(speech(), [(0.0, 1.1)]).embedding
    gate = Gate(threshold=0.9, margin=0.0, min_speech=0.5, same=0.9)
    sent = []
    for voices in ([], [Voice("Zebulon", "fake-1", (voice,))]):
        namer = Namer(embedder, gate, voices)
        with recording_server(json.dumps(ANSWER).encode()) as (url, received):
            job = RemoteJob(Setup(), url)
            result = job.transcribe(
                path, Wish(diarize=True), rename=lambda t, d, s, namer=namer: name_speakers(t, d, s, namer)
            )
        sent.append(bytes(received).replace(url.encode()[7:-3], b"HOST"))
    assert result.transcript.segments[0].speaker == "Zebulon"
    assert sent[0] == sent[1]
    numbers = [voice.tobytes(), base64.b64encode(voice.tobytes()), *(f"{float(x):.5f}".encode() for x in voice[:2])]
    for forbidden in (b"Zebulon", b"doctor", b"visit", b"known_speaker", b"embedding", b"identify", *numbers):
        assert forbidden not in sent[0]
    assert b'filename="audio.flac"' in sent[0]


def test_what_leaves_is_the_audio_and_the_listed_fields(monkeypatch) -> None:
    monkeypatch.setenv("DIARFUSE_REMOTE_TOKEN", "t0ken")
    options = RemoteOptions(url="http://localhost/v1", language="en", speakers=SpeakerCount.of(2))
    assert options.fields() == {
        "language": "en",
        "response_format": "verbose_json",
        "timestamp_granularities[]": "word",
        "diarize": "true",
        "num_speakers": "2",
    }
    with recording_server(json.dumps(ANSWER).encode()) as (url, received):
        seen = []
        transcribe_remote(speech(), RemoteOptions(url=url), Watch(lambda *report: seen.append(report)))
    start = received.index(b"fLaC")
    decoded, rate = soundfile.read(io.BytesIO(bytes(received[start:])), dtype="float32")
    assert rate == 16000
    np.testing.assert_allclose(decoded, speech(), atol=1 / 32768)  # 16 bits
    assert seen[-1][1] == seen[-1][2]


def test_the_answer_becomes_words_turns_and_spaces() -> None:
    transcript, diarization = read_answer(ANSWER, 4.0, diarized=True)
    assert isinstance(transcript, Transcript)
    assert [w.text for w in transcript.words] == [" Good", " morning.", " 你", "好!"]
    assert "".join(w.text for w in transcript.words) == "".join(s.text for s in transcript.segments)
    assert transcript.words[3].speaker is None
    assert isinstance(diarization, Diarization)
    assert diarization.turns[1] == Turn(1.1, 4.0, "SPEAKER_01")
    assert read_answer(ANSWER, 4.0, diarized=False)[1] is None


junk = st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8) | st.lists(st.none(), max_size=2)


@settings(max_examples=examples(200))
@given(st.data())
def test_no_answer_of_a_server_gets_past_the_reader(data: st.DataObject) -> None:
    """One value anywhere is replaced; the answer is read or refused, never believed and never a crash."""
    answer = copy.deepcopy(ANSWER)
    place: object = answer
    while isinstance(place, (dict, list)) and place:
        key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        if not isinstance(place[key], (dict, list)) or not place[key] or data.draw(st.booleans()):
            place[key] = data.draw(junk)
            break
        place = place[key]
    try:
        transcript, diarization = read_answer(answer, 4.0, diarized=True)
    except TranscriptError:
        return
    for turn in diarization.turns:
        assert 0 <= turn.start <= turn.end < float("inf")
    assert all("\n" not in (segment.speaker or "") for segment in transcript.segments)


@pytest.mark.parametrize("answer", [None, 3, "x", [], {}, {"segments": 3}])
def test_other_shapes_are_refused(answer: object) -> None:
    with pytest.raises(TranscriptError, match="verbose_json"):
        read_answer(answer, 4.0, diarized=True)


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        (
            "429 Too Many",
            b'{"error": {"message": "The queue is full."}}',
            r"refused \(429\): The queue is full. Try again",
        ),
        ("429 Too Many", b'{"error": {"message": "no \\u001b[31m\\n token"}}', r"refused \(429\): no \[31m token"),
        ("500 No", b"<html>", "refused \\(500\\): it gives no reason"),
        ("301 Moved", b"", "refused \\(301\\)"),  # redirects are not followed: they could lead anywhere
        ("200 OK", b"{not json", "does not answer in JSON"),
    ],
)
def test_refusals_are_told(status: str, body: bytes, says: str) -> None:
    with (
        recording_server(body, status, "Retry-After: 7\r\nLocation: http://127.0.0.1:1/\r\n") as (url, _),
        pytest.raises(NetworkError, match=says) as raised,
    ):
        transcribe_remote(speech(), RemoteOptions(url=url), Watch())
    assert "check the address" not in str(raised.value)  # it was reached


@pytest.mark.parametrize(
    "line",
    [b"\x1b[2J\x1b[31mSSH-2.0 \x1b]0;pwned\x07\r\n", b"HTTP/\x1b[31m9 200 OK\r\n\r\n", b"HTTP/1.1 \x1b[31mfoo\r\n\r\n"],
)
def test_a_status_line_reaches_no_terminal_as_it_is(line: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def talk() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(line)

        threading.Thread(target=talk, daemon=True).start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        with pytest.raises(NetworkError, match="cannot be used") as raised:
            transcribe_remote(speech()[:1600], RemoteOptions(url=url), Watch())
    assert str(raised.value).isprintable()


def test_an_absent_server_is_told() -> None:
    with pytest.raises(NetworkError, match="cannot be used"):
        transcribe_remote(speech(), RemoteOptions(url="http://127.0.0.1:9/v1"), Watch())


@pytest.mark.parametrize("url", ["http://example.org/v1", "ftp://x", "meeting.wav", "https://", ""])
def test_addresses_that_would_leak_or_are_none_are_refused(url: str) -> None:
    with pytest.raises(OptionError, match="https"):
        RemoteOptions(url=url)


@pytest.mark.parametrize(
    "url",
    [
        "https://a..b",
        "https://a:99999",
        "https://[::",
        "https://[1:2]/",
        "https://a b/",
        "https://a/b c",
        "http://127.0.0.1:1/v\xe9",
        f"https://{'a' * 300}.org",
    ],
)
def test_what_no_connection_can_be_opened_to_is_refused_before_any_work(url: str) -> None:
    with pytest.raises(OptionError, match="https://asr") as raised:
        RemoteJob(Setup(), url).check(Wish())
    assert repr(url) in str(raised.value)


@pytest.mark.parametrize(
    "url", ["http://[::1]:8/v1", "https://m\xfcnchen.de", "https://a_b.org:443/%C3%A9/", "https://h."]
)
def test_unusual_addresses_are_addresses(url: str) -> None:
    RemoteJob(Setup(), url).check(Wish())


@pytest.mark.parametrize(
    "url",
    [
        "https://ana:s3cret@asr.example.org/v1",
        "https://ana:s3@cret@asr.example.org/v1",
        "http://s3cret@localhost/v1",
        "https://asr.example.org/v1?key=s3cret",
        "https://asr.example.org/v1?",
        "https://asr.example.org/v1#s3cret",
        "https://ana:s3cret@asr.example.org/v1?key=s3cret#s3cret",
        "https://ana:s3cret@/v1",
        "ana:s3cret@asr.example.org",
        "ftp://ana:s3cret@asr.example.org/",
    ],
)
def test_what_would_not_be_sent_of_an_address_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(OptionError, match="none of which is sent") as raised:
        RemoteJob(Setup(), url).check(Wish())
    assert "s3" not in str(raised.value)


@pytest.mark.parametrize("token", ["s3cret\nX-More: b", "s3cret\n", "s3cr\xe9t", "s3cret\u20ac", "s3cret\udcff"])
def test_a_token_that_is_no_header_is_refused_and_not_repeated(monkeypatch, token: str) -> None:
    monkeypatch.setenv("DIARFUSE_REMOTE_TOKEN", token)
    with pytest.raises(OptionError, match="DIARFUSE_REMOTE_TOKEN") as raised:
        RemoteJob(Setup(), "https://asr.example.org/v1").check(Wish())
    assert "s3cr" not in str(raised.value)


@pytest.mark.parametrize(
    ("option", "given"),
    [
        ("--asr", {"asr": "moonshine"}),
        ("--asr-option", {"asr_options": {"beam_size": 5}}),
        ("--compute-type", {"compute_type": "int8"}),
        ("--channels", {"channels": "speakers"}),
        ("--diarizer", {"diarizer": "campplus"}),
        ("--step", {"options": Options(step=2.0)}),
        ("--threshold", {"options": Options(threshold=0.5)}),
        ("--join", {"join": "plain"}),
        ("--mode", {"execution": Execution(mode="fast")}),
        ("--device", {"execution": Execution(device="cpu")}),
        ("--threads", {"execution": Execution(threads=1)}),
    ],
)
def test_options_that_only_work_here_are_refused(option: str, given: dict[str, object]) -> None:
    options = JobOptions(**given)
    with pytest.raises(OptionError, match=f"{option} does nothing with --remote"):
        RemoteJob(options, "http://localhost/v1").check(options)
    options = JobOptions(language="en", num_speakers=2, model="whisper-1")
    RemoteJob(options, "http://localhost/v1").check(options)


def test_no_recording_leaves_a_machine_that_is_to_stay_offline(monkeypatch) -> None:
    far = "https://asr.example.org/v1"
    RemoteJob(Setup(), far).check(Wish())
    RemoteJob(Setup(offline=True), "http://localhost/v1").check(Wish())
    with pytest.raises(OptionError, match="although --offline is on"):
        RemoteJob(Setup(offline=True), far).check(Wish())
    monkeypatch.setenv("DIARFUSE_OFFLINE", "1")
    with pytest.raises(OptionError, match="although --offline is on"):
        RemoteJob(Setup(), far).check(Wish())


@pytest.mark.parametrize("value", ["a\nb", "a\r\n--b", "\udcff"])
@pytest.mark.parametrize("name", ["model", "language"])
def test_values_that_would_break_the_form_are_refused(name: str, value: str) -> None:
    with pytest.raises(OptionError, match=f"--{name} .* holds what no server can be sent"):
        RemoteOptions(url="http://localhost/v1", **{name: value})


def test_no_room_for_the_audio_that_is_to_be_sent_is_told(monkeypatch):
    class FullDisk(io.BytesIO):
        def __init__(self, *_) -> None:
            super().__init__()

        def write(self, _data) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(client.tempfile, "SpooledTemporaryFile", FullDisk)
    with pytest.raises(OutputError, match=r"No space left on device\): make room in"):
        transcribe_remote(speech(), RemoteOptions(url="http://127.0.0.1:9/v1"), Watch())
