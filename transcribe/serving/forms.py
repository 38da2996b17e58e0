"""Read a multipart form as it arrives: the audio to disk, the few fields to memory, neither beyond its limit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.exceptions import HTTPException

from ...fusion.types import Seconds
from .limits import Deadline, Limits
from .uploads import Upload, safe_suffix

MAX_FIELDS = 64
MAX_FIELD_BYTES = 16 << 10
MAX_HEADER_BYTES = 16 << 10
"""Of one part, all its headers together."""
NAMING_REFUSED = (
    "known_speaker_names and known_speaker_references are refused: this server never learns who anybody is; "
    "name speakers on your own machine with `transcribe --remote URL --diarize --identify FILE`."
)


@dataclass(slots=True)
class Form:
    """What came: `fields` by name in order, `file` None where no file part was sent."""

    fields: dict[str, list[str]] = field(default_factory=dict)
    file: Path | None = None
    file_bytes: int = 0


async def read_form(stream: AsyncIterator[bytes], content_type: str, upload: Upload, limits: Limits) -> Form:
    """Read one form from `stream`; the file becomes `upload`, under a name of ours.

    Raises:
        HTTPException: 400 malformed, 408 too slow, 413 too large.
    """
    sink = _Sink(upload)
    deadline = Deadline(limits.upload)
    received = 0
    try:
        parser = _parser(content_type, sink)
        while (chunk := await _next(stream, deadline.left(limits.idle))) is not None:
            received += len(chunk)
            check_size(received, limits)
            # Written from the event loop: 64 kB into the page cache cost less than a hop to a thread.
            parser.write(chunk)
    except FormParserError:
        raise _malformed() from None
    if not sink.ended:
        raise _malformed()
    return sink.form


def check_size(size: int, limits: Limits) -> None:
    """Refuse a body of more than `limits.max_body` bytes, before it is kept."""
    if size > limits.max_body:
        mebibytes = limits.max_body / (1 << 20)
        raise HTTPException(
            413, f"The request is larger than {mebibytes:g} MiB: send compressed audio or shorter parts."
        )


async def _next(stream: AsyncIterator[bytes], seconds: Seconds) -> bytes | None:
    """The next chunk, None at the end; 408 if it takes longer than `seconds`."""
    try:
        return await asyncio.wait_for(stream.__anext__(), seconds)
    except StopAsyncIteration:
        return None
    except TimeoutError:
        raise HTTPException(408, "The upload is too slow: send the file over a faster connection.") from None


def _parser(content_type: str, sink: _Sink) -> MultipartParser:
    kind, options = parse_options_header(content_type)
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise _malformed()
    return MultipartParser(
        options[b"boundary"],
        {
            "on_part_begin": sink.on_part_begin,
            "on_header_field": sink.on_header_field,
            "on_header_value": sink.on_header_value,
            "on_header_end": sink.on_header_end,
            "on_headers_finished": sink.on_headers_finished,
            "on_part_data": sink.on_part_data,
            "on_part_end": sink.on_part_end,
            "on_end": sink.on_end,
        },
    )


def _malformed() -> HTTPException:
    return HTTPException(
        400, "The request is not a whole multipart/form-data form: send the audio as the field 'file'."
    )


class _Sink:
    """Takes the parser's pieces: one file to disk, fields to memory."""

    def __init__(self, upload: Upload) -> None:
        self.form = Form()
        self.ended = False
        self._upload = upload
        self._parts = 0
        self._header = [b"", b""]
        self._header_bytes = 0
        self._disposition = b""
        self._name = ""
        self._text = bytearray()
        self._file: BinaryIO | None = None

    def on_part_begin(self) -> None:
        self._parts += 1
        if self._parts > MAX_FIELDS:
            raise HTTPException(400, f"The form has more than {MAX_FIELDS} fields: send only the documented ones.")
        self._disposition = b""
        self._header_bytes = 0
        self._text.clear()

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._add_to_header(0, data[start:end])

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._add_to_header(1, data[start:end])

    def _add_to_header(self, part: int, data: bytes) -> None:
        self._header_bytes += len(data)  # older versions of the parser know no bound
        if self._header_bytes > MAX_HEADER_BYTES:
            raise _malformed()
        self._header[part] += data

    def on_header_end(self) -> None:
        if self._header[0].lower() == b"content-disposition":
            self._disposition = self._header[1]
        self._header = [b"", b""]

    def on_headers_finished(self) -> None:
        _, options = parse_options_header(self._disposition)
        if b"name" not in options:
            raise _malformed()
        self._name = options[b"name"].decode("utf-8", "replace")
        if self._name.startswith(("known_speaker_references", "known_speaker_names")):
            raise HTTPException(400, NAMING_REFUSED)
        if self._name != "file" and b"filename" in options:
            raise HTTPException(400, f"A file goes into the field 'file', not into {self._name[:40]!r}: rename it.")
        if self._name == "file":
            self._open(options.get(b"filename", b"").decode("utf-8", "replace"))

    def _open(self, file_name: str) -> None:
        if self.form.file is not None:
            raise HTTPException(400, "The form has more than one file: send one recording a request.")
        self._file = self._upload.create(safe_suffix(file_name))
        self.form.file = self._upload.path

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._file is not None:
            self._file.write(memoryview(data)[start:end])
            self.form.file_bytes += end - start
            return
        if len(self._text) + end - start > MAX_FIELD_BYTES:
            raise HTTPException(
                413, f"The field {self._name[:40]!r} is longer than {MAX_FIELD_BYTES} bytes: shorten it."
            )
        self._text += data[start:end]

    def on_part_end(self) -> None:
        if self._file is not None:
            self._file.flush()
            self._file = None
        else:
            self.form.fields.setdefault(self._name, []).append(self._text.decode("utf-8", "replace"))

    def on_end(self) -> None:
        self.ended = True
