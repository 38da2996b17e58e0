from __future__ import annotations

import io
import json
import os
import sys

import pytest

from diarfuse.transcribe.screen import unfailing


class Raw(io.RawIOBase):
    """A stream whose writes end as `ends` says."""

    def __init__(self, ends):
        self.ends, self.taken = ends, b""

    def writable(self):
        return True

    def write(self, data):
        if isinstance(self.ends, Exception):
            raise self.ends
        self.taken += bytes(data)[: self.ends]
        return None if self.ends is None else min(self.ends, len(data))


@pytest.mark.parametrize("ends", [BrokenPipeError(), OSError(28, "No space left on device"), None])
@pytest.mark.parametrize("buffered", [io.BufferedWriter, lambda raw: raw])
def test_a_message_that_cannot_be_told_ends_nothing(monkeypatch, buffered, ends):
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(buffered(Raw(ends)), "utf-8"))
    unfailing.keep_telling()
    for _ in range(2):
        sys.stderr.write("a message\n")
    sys.stderr.close()


def test_one_that_can_is_told_whole_and_in_its_encoding(monkeypatch):
    raw = Raw(3)
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(io.BufferedWriter(raw), "latin-1", "backslashreplace"))
    unfailing.keep_telling()
    sys.stderr.write("Grüße, 你好\n")
    assert raw.taken == "Grüße, \\u4f60\\u597d\n".replace("\n", os.linesep).encode("latin-1")


def test_it_is_the_terminal_that_it_was(monkeypatch):
    raw = Raw(1)
    raw.isatty, raw.fileno = lambda: True, lambda: 77
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(io.BufferedWriter(raw), "utf-8"))
    unfailing.keep_telling()
    assert (sys.stderr.fileno(), sys.stderr.isatty()) == (77, True)


def test_a_stream_of_another_kind_stays(monkeypatch):
    for other in (None, io.StringIO()):
        monkeypatch.setattr(sys, "stderr", other)
        unfailing.keep_telling()
        assert sys.stderr is other


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_stdout_shows_what_its_encoding_lacks_and_json_stays_json(monkeypatch, encoding):
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding, write_through=True))
    unfailing.keep_showing()
    names = ["Zoë", "李雷", "👩\u200d🚀", "half \ud83d", "\udcff"]
    sys.stdout.write(json.dumps(names, ensure_ascii=False))
    assert json.loads(raw.getvalue().decode(encoding)) == names
    monkeypatch.setattr(sys, "stdout", other := io.StringIO())
    unfailing.keep_showing()
    assert sys.stdout is other


def test_a_stdout_without_a_buffer_takes_all_or_says_why(monkeypatch):
    raw = Raw(3)
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, "utf-8", write_through=True))
    unfailing.keep_showing()
    sys.stdout.buffer.write(b"0123456789")
    sys.stdout.write("abcdefg\n")
    assert raw.taken == b"0123456789abcdefg" + os.linesep.encode()
    raw.ends = OSError(27, "File too large")
    with pytest.raises(OSError, match="File too large"):
        sys.stdout.write("more\n")
    raw.ends = 99
