"""Bytes from the network: files of a Hugging Face repository.

The hub is read with plain HTTPS (``urllib``): its files are public and pinned by hash, so what a client library would
add here is a second cache, a token that may be sent, and telemetry. Proxies come from the environment as usual.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import socket
import ssl
import threading
import time
import urllib.error
import urllib.request
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from ....fusion.errors import CorruptModelError, NetworkError
from ....fusion.given import whole_number
from ..files import is_intact, writing_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ....fusion.types import Progress
    from ..packs import HubSource, PackFile

_CHUNK = 1 << 18
_PROBE_SECONDS = 3.0
_READ_SECONDS = 30.0
_ATTEMPTS = 3
_PAUSE_SECONDS = 0.5
_BUSY = (http.client.TOO_MANY_REQUESTS, http.client.REQUEST_TIMEOUT)
_LONGEST_WAIT = 10.0
_LARGEST = 4 << 30


class StandInError(NetworkError):
    """Something that is not the file was served in its place; trying again at once is pointless."""


class Meter:
    """Bytes done, told to `on_progress`; never falls, also when a download starts again."""

    def __init__(self, stage: str, on_progress: Progress | None) -> None:
        self._stage, self._on_progress, self._most = stage, on_progress, -1

    def at(self, done: int, total: int, *, again: bool = False) -> None:
        """Report `done` of `total` bytes; `again`: also where no more came, since who hears it may want to stop."""
        done = min(max(done, self._most), total)
        if self._on_progress is not None and (again or done != self._most):
            self._on_progress(self._stage, done, total)
        self._most = done


def hub_answers(endpoint: str, seconds: float = _PROBE_SECONDS) -> bool:
    """Whether anything answers at `endpoint` (through the proxy, if one is set) within `seconds`."""
    return ask_hub(endpoint, seconds)[0]


def ask_hub(endpoint: str, seconds: float = _PROBE_SECONDS) -> tuple[bool, str]:
    """Whether `endpoint` answers, and what came: an HTTP status, or why nothing came.

    The question is asked in a thread, as looking up a name has no time limit of its own.
    """
    got = (False, f"no answer within {seconds:g} s")

    def ask() -> None:
        nonlocal got
        try:
            request = urllib.request.Request(endpoint, method="HEAD")  # noqa: S310  (the hub's address, or the user's)
            with _open(request, seconds) as answer:
                got = (True, f"HTTP {answer.status}")
        except urllib.error.HTTPError as error:
            error.close()  # from 500 on it is a proxy that cannot reach the hub
            got = (error.code < http.client.INTERNAL_SERVER_ERROR, f"HTTP {error.code} {error.reason}".strip())
        except (OSError, http.client.HTTPException, ValueError) as error:
            got = (False, str(getattr(error, "reason", "") or error or type(error).__name__))

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    return got


def fetch_from_hub(source: HubSource, files: Sequence[PackFile], folder: Path, endpoint: str, meter: Meter) -> None:
    """Download `files` into `folder`, each verified and renamed into place; resumes what an earlier try left."""
    total, before = sum(file.size for file in files), 0
    for file in files:
        url = f"{endpoint}/{source.repository}/resolve/{source.revision}/{file.source_name}"
        target = folder / file.path
        part = target.with_name(f"{target.name}.{file.sha256[:8]}.incomplete")
        report = partial(_report, meter, before, total)
        with writing_in(target.parent):
            _download(url, part, file, report)
            part.replace(target)
        before += file.size


def fetch_first(source: HubSource, file: PackFile, folder: Path, endpoint: str, meter: Meter) -> None:
    """Download a file of which nobody has said what it is; what an earlier try left of the very same is continued.

    Raises:
        NetworkError: it cannot be had, or its length is not told.
    """
    url = f"{endpoint}/{source.repository}/resolve/{source.revision}/{file.source_name}"
    target = folder / file.path
    with writing_in(target.parent):
        _again_and_again(lambda: _take_first(url, target, meter))


def _take_first(url: str, target: Path, meter: Meter) -> None:
    with _request(url, 0) as response:
        size, etag = _length(url, response), response.headers.get("ETag", "")
        mark = hashlib.sha256(f"{etag} {size}".encode()).hexdigest()[:8]
        part = target.with_name(f"{target.name}.{mark}.incomplete")  # another content has another name
        report = partial(_report, meter, 0, size)
        if not part.exists():
            _take(url, response, part, 0, size, report)
    _resume(url, part, size, report, etag)
    part.replace(target)


def _length(url: str, response: http.client.HTTPResponse) -> int:
    said = response.headers.get("Content-Length", "")
    length = whole_number(said)
    if length is None or not 0 < length <= _LARGEST:
        raise StandInError(f"{url} comes without its length ({said[:20]!r}): fetch it by hand, and give its folder.")
    return length


def _report(meter: Meter, before: int, total: int, done: int) -> None:
    meter.at(before + done, total)


def _open(request: urllib.request.Request, seconds: float) -> http.client.HTTPResponse:
    """Open a request through the environment's proxies, trusting the system's certificates."""
    opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=_trust()))
    response: http.client.HTTPResponse = opener.open(request, timeout=seconds)
    return response


@cache
def _trust() -> ssl.SSLContext:
    """The system's certificates; certifi's where a Python build comes with none (python.org's on macOS).

    To read them takes 15 ms.
    """
    paths = ssl.get_default_verify_paths()
    if not (paths.cafile or paths.capath or os.name == "nt"):
        with suppress(ImportError):
            import certifi

            return ssl.create_default_context(cafile=certifi.where())
    return ssl.create_default_context()


def _download(url: str, part: Path, file: PackFile, report: Callable[[int], None]) -> None:
    """Fill `part` with the pinned content; what an interrupted try left is continued."""
    for _ in range(_ATTEMPTS):
        _again_and_again(lambda: _resume(url, part, file.size, report))
        if is_intact(part, file.size, file.sha256):
            return
        part.unlink()
    raise _other_content(url, f"its sha256 is not {file.sha256[:16]}...")


def _again_and_again(attempt: Callable[[], None]) -> None:
    """Do it, and once more after each failure of the network that may pass."""
    for number in range(_ATTEMPTS):
        try:
            attempt()
        except NetworkError as error:
            if number == _ATTEMPTS - 1 or _is_final(error):
                raise
            time.sleep(_asked_to_wait(error) or _PAUSE_SECONDS * 2**number)
        else:
            return


def _other_content(url: str, how: str) -> CorruptModelError:
    return CorruptModelError(
        f"{url} does not serve the pinned content ({how}), and what came was dropped: "
        "check that no proxy or mirror changes it, and pull again."
    )


def _resume(url: str, part: Path, size: int, report: Callable[[int], None], etag: str | None = None) -> None:
    """Append to `part` what it lacks of `size` bytes; starts over where the server cannot continue.

    etag: of the content that `part` is of; None where its hash is known, which is compared in the end.
    """
    have = part.stat().st_size if part.exists() else 0
    if have >= size:
        return
    with _request(url, have) as response:
        if etag is not None and response.headers.get("ETag", "") != etag:
            raise NetworkError(f"{url} has changed since its download began: try again, and it is fetched anew.")
        _take(url, response, part, have, size, report)


def _take(
    url: str, response: http.client.HTTPResponse, part: Path, have: int, size: int, report: Callable[[int], None]
) -> None:
    """Append what `response` holds to the `have` bytes of `part`."""
    resumes = response.status == http.client.PARTIAL_CONTENT
    have = have if resumes else 0
    _check_answer(url, response, size - have)
    if resumes and not _is_rest(place := response.headers.get("Content-Range", "").strip(), have, size):
        part.unlink(missing_ok=True)  # the next try begins anew, and asks for no part
        raise NetworkError(f"{url} sent another part ({place[:40]!r}) than the one from byte {have} on: try again.")
    try:
        with part.open("ab" if resumes else "wb") as out:
            for chunk in _chunks(response, url, size - have):
                out.write(chunk)
                have += len(chunk)
                report(have)
    except NetworkError:
        raise  # What has arrived stays, for the next try to continue.
    except OSError:
        part.unlink(missing_ok=True)  # Disk full: give the space back.
        raise
    if have < size:
        raise NetworkError(f"{url} ended after {have} of {size} bytes: try again, what has arrived is kept.")


def _is_rest(place: str, start: int, size: int) -> bool:
    """Whether an answer says that it is all from byte `start` on, of so many or of it does not say how many."""
    rest = f"bytes {start}-{size - 1}"
    return place in {f"{rest}/{size}", f"{rest}/*"}


def _check_answer(url: str, response: http.client.HTTPResponse, expected: int) -> None:
    """Refuse what stands in for the file, such as a network's login page; nothing of it is kept."""
    length, kind = response.headers.get("Content-Length"), response.headers.get_content_type()
    if kind == "text/html":
        raise StandInError(
            f"{url} is answered with a page in place of the file: a network that wants a login first, or a proxy, "
            "is in the way."
        )
    if length is not None and length != str(expected):
        raise _other_content(url, f"{length} bytes, not {expected}")


def _request(url: str, start: int) -> http.client.HTTPResponse:
    headers = {"User-Agent": "diarfuse"} | ({"Range": f"bytes={start}-"} if start else {})
    try:
        return _open(urllib.request.Request(url, headers=headers), _READ_SECONDS)  # noqa: S310  (see hub_answers)
    except urllib.error.HTTPError as error:
        error.close()
        if start and error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
            return _request(url, 0)
        raise _network_error(url, error) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _network_error(url, error) from error


def _chunks(response: http.client.HTTPResponse, url: str, most: int) -> Iterator[bytes]:
    """The body in pieces, not more than `most` bytes of it: the size is ours to say, not the server's."""
    while most > 0:
        try:
            chunk = response.read1(min(_CHUNK, most))  # what has come, not so much: a slow line may break before
        except (OSError, http.client.HTTPException) as error:
            raise _network_error(url, error) from error
        if not chunk:
            return
        most -= len(chunk)
        yield chunk


def _network_error(url: str, error: Exception) -> NetworkError:
    told = f"{getattr(error, 'code', '')} {getattr(error, 'reason', None) or error}".strip()
    reason = told.partition("\n")[0].rstrip(".")  # of a redirect, what follows is a list
    return NetworkError(
        f"Cannot download {url} ({reason}): check the network or the proxy, "
        "or bring the pack with 'transcribe models import DIR'."
    )


def _is_final(error: NetworkError) -> bool:
    """Whether trying again is pointless: the server understood and said no, or has no such name."""
    cause = error.__cause__
    if isinstance(cause, urllib.error.HTTPError):
        return cause.code < http.client.INTERNAL_SERVER_ERROR and cause.code not in _BUSY
    return isinstance(error, StandInError) or isinstance(getattr(cause, "reason", None), socket.gaierror)


def _asked_to_wait(error: NetworkError) -> float:
    """Seconds that a busy server asks for, at most ten; 0 where it says nothing."""
    cause = error.__cause__
    asked = cause.headers.get("Retry-After", "") if isinstance(cause, urllib.error.HTTPError) else ""
    return min(float(whole_number(asked) or 0), _LONGEST_WAIT)
