"""Let a server do the work and keep the names at home.

What leaves: the audio, as 16 kHz FLAC without any tag or file name, and the
few options of the job. What comes back: words and anonymous turns. Voices are
embedded and named here, after the answer; the request cannot depend on them.
docs/privacy.md says what the server can still learn.
"""

from __future__ import annotations

import hashlib
import http.client
import io
import ipaddress
import json
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO, Any
from urllib.parse import SplitResult, urlsplit

from ...fusion.audio.encode import encoding
from ...fusion.errors import NetworkError, OptionError, OutputError
from ...fusion.types import SAMPLE_RATE, Diarization, Samples, Seconds, SpeakerCount, Transcript
from ...fusion.watch import Watch
from .answer import read_answer

PATH = "/audio/transcriptions"
CHUNK = 1 << 16
MAX_ANSWER = 256 << 20
IN_MEMORY = 32 << 20
HOST = re.compile(r"[A-Za-z0-9._-]+\Z")
VISIBLE = re.compile(r"[!-~]*\Z")
_WAIT = re.compile(r"[0-9]{1,6}")
_QUERY = re.compile(r"[?#].*", re.DOTALL)
_USER = re.compile(r"(^|//)[^/]*@")
PRINTABLE = re.compile(r"[ -~]*\Z")
OK = 200
THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteOptions:
    """Everything a server is told besides the audio. url: ends before ``/audio/transcriptions``."""

    url: str
    token: str | None = None
    model: str | None = None
    language: str | None = None
    diarize: bool = True
    speakers: SpeakerCount = field(default_factory=SpeakerCount)
    timeout: Seconds = 3600.0

    def __post_init__(self) -> None:
        check_url(self.url)
        check_token(self.token)
        for name, value in self.fields().items():
            if not value.isprintable():
                raise OptionError(f"--{name} {value!r} holds what no server can be sent: write it in plain characters.")

    def fields(self) -> dict[str, str]:
        """The form's fields, in order."""
        values = {
            "model": self.model,
            "language": self.language,
            "response_format": "verbose_json",
            "timestamp_granularities[]": "word",
            "diarize": "true" if self.diarize else "false",
            **self.speakers.given(),
        }
        return {name: str(value) for name, value in values.items() if value is not None}


def check_url(url: str) -> SplitResult:
    """A server's address, over TLS unless it is this machine.

    Raises:
        OptionError: it is no such address.
    """
    bare = _USER.sub(r"\1", _QUERY.sub("", url))
    if bare != url:
        raise OptionError(
            f"The address {bare!r} was given with a user's name, a query or a fragment, none of which is sent: leave "
            "that out, and give a token in $DIARFUSE_REMOTE_TOKEN."
        )
    parts = _parts(url)
    if parts is None:
        raise OptionError(f"{url!r} is no server's address: give one like https://asr.example.org/v1.")
    if not VISIBLE.match(parts.path):
        raise OptionError(f"{url!r} has a path that is not plain ASCII: write it as in https://asr.example.org/%C3%A9.")
    if parts.scheme == "http" and parts.hostname not in THIS_MACHINE:
        raise OptionError(f"{url!r} would send the recording in the clear: use https.")
    return parts


def check_token(token: str | None) -> None:
    """A token that can stand in a header; the error does not repeat it, since errors end up in logs.

    Raises:
        OptionError: it holds a line break or anything else that is not printable ASCII.
    """
    if token is not None and not PRINTABLE.match(token):
        raise OptionError(
            "The token for the server ($DIARFUSE_REMOTE_TOKEN) holds a line break or another character that is not "
            "printable ASCII: set it again, without them."
        )


def _parts(url: str) -> SplitResult | None:
    """The parts of an address that a connection can be opened to; None for any other."""
    try:
        parts = urlsplit(url)
        named = parts.scheme in ("http", "https") and _is_host(parts.hostname or "")
        _ = parts.port  # the port is read, and may be refused, only when it is asked for
    except ValueError:  # UnicodeError of a host that cannot be encoded is one too
        return None
    return parts if named else None


def _is_host(host: str) -> bool:
    if ":" in host:
        return bool(ipaddress.ip_address(host))
    return HOST.match(host.encode("idna").decode()) is not None


def transcribe_remote(samples: Samples, options: RemoteOptions, watch: Watch) -> tuple[Transcript, Diarization | None]:
    """Send `samples`, receive words and, if asked for, anonymous turns.

    Raises:
        NetworkError: the server cannot be reached, refuses, or answers in another language.
        CancelledError: `watch` says so.
    """
    with _flac(samples) as audio:
        answer = _post(audio, options, watch)
    return read_answer(answer, len(samples) / SAMPLE_RATE, diarized=options.diarize)


def _flac(samples: Samples) -> IO[bytes]:
    """The audio and nothing else: encoded anew, so that no tag, picture or name of the file comes along."""
    file = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115  (the caller closes it)
    try:
        with encoding(file, 1, "PCM_16", "FLAC") as add:
            add(samples)
        file.seek(0)
    except OSError as error:
        file.close()
        raise OutputError(
            f"The audio cannot be kept until it is sent ({error.strerror or error}): "
            f"make room in {tempfile.gettempdir()}."
        ) from error
    return file


def _post(audio: IO[bytes], options: RemoteOptions, watch: Watch) -> Any:
    parts = check_url(options.url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=options.timeout)
    size = audio.seek(0, io.SEEK_END)
    boundary = _boundary(audio)
    head, tail = _form(options.fields(), boundary)
    headers = {
        "Content-Type": f"multipart/form-data; boundary={boundary}",
        "Content-Length": str(len(head) + size + len(tail)),
        "Accept": "application/json",
        "User-Agent": "diarfuse",
        **({"Authorization": f"Bearer {options.token}"} if options.token else {}),
    }
    body = _body(head, audio, size, tail, watch)
    try:
        connection.request("POST", parts.path.rstrip("/") + PATH, body, headers)
        return _answer(connection.getresponse(), options.url)
    except NetworkError:  # a refusal; it is an OSError too
        raise
    except (OSError, http.client.HTTPException) as error:
        raise NetworkError(
            f"The server {options.url} cannot be used ({error}): check the address and that it runs."
        ) from error
    finally:
        connection.close()


def _boundary(audio: IO[bytes]) -> str:
    """Made of the audio alone, so that the same recording always makes the same request."""
    digest = hashlib.sha256()
    audio.seek(0)
    while chunk := audio.read(CHUNK):
        digest.update(chunk)
    audio.seek(0)
    return digest.hexdigest()[:32]


def _form(fields: Mapping[str, str], boundary: str) -> tuple[bytes, bytes]:
    """What stands before and after the audio."""
    parts = [f'--{boundary}\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in fields.items()]
    file = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="audio.flac"\r\n'
    return ("".join(parts) + file + "Content-Type: audio/flac\r\n\r\n").encode(), f"\r\n--{boundary}--\r\n".encode()


def _body(head: bytes, audio: IO[bytes], size: int, tail: bytes, watch: Watch) -> Iterator[bytes]:
    yield head
    sent = 0
    while chunk := audio.read(CHUNK):
        yield chunk
        sent += len(chunk)
        watch.progress("upload", sent, size)
    yield tail


def _answer(response: http.client.HTTPResponse, url: str) -> Any:
    data = response.read(MAX_ANSWER + 1)
    if response.status != OK:
        raise NetworkError(f"The server {url} refused ({response.status}): {_reason(data)}{_when(response)}")
    if len(data) > MAX_ANSWER:
        raise NetworkError(f"The server {url} answers with more than {MAX_ANSWER >> 20} MiB: send a shorter recording.")
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        raise NetworkError(f"The server {url} does not answer in JSON: is it a transcription server?") from None


def _reason(data: bytes) -> str:
    """The server's own sentence, if it sent one, as one printable line."""
    try:
        message = json.loads(data[:CHUNK])["error"]["message"]
    except (ValueError, RecursionError, KeyError, TypeError):
        return "it gives no reason."
    return "".join(c for c in str(message)[:300] if c.isprintable())


def _when(response: http.client.HTTPResponse) -> str:
    seconds = response.getheader("Retry-After", "")
    return f" Try again in {seconds} s." if _WAIT.fullmatch(seconds) else ""
