"""whisper.cpp cuts between bytes, not between characters."""

from __future__ import annotations

import json

import pytest

from diarfuse.fusion.attaching import attach, attach_same_shape
from diarfuse.fusion.formats.files import load_json, read_any
from diarfuse.fusion.types import Turn
from tests.fusion.formats.said import TURNS


def token(text: bytes, start: int) -> bytes:
    return b'{"text": "%s", "offsets": {"from": %d, "to": %d}, "p": 0.9}' % (text, start, start + 400)


def test_whisper_cpp_writes_parts_of_characters(tmp_path):
    text = "你好吗。好。"
    first, second = "吗".encode()[:1], "吗".encode()[1:]
    parts = ["你".encode(), "好".encode(), first, second, "。".encode(), "好".encode(), "。".encode()]
    tokens = b",".join(token(part, 500 * i) for i, part in enumerate(parts))
    entry = b'{"text": "%s", "offsets": {"from": 0, "to": 3500}, "tokens": [%s]}' % (text.encode(), tokens)
    path = tmp_path / "zh.json"
    path.write_bytes(b'{"transcription": [%s]}' % entry)
    transcript = attach(path, [Turn(0.0, 2.4, "Ann"), Turn(2.5, 4.0, "Bob")])
    assert [w.text for w in transcript.words] == ["你", "好", "吗。", "好。"]
    assert [(s.speaker, s.text) for s in transcript.segments] == [("Ann", "你好吗。"), ("Bob", "好。")]
    labelled = attach_same_shape(load_json(path), TURNS)
    assert json.loads(json.dumps(labelled))["transcription"][0]["tokens"][2]["text"] == first.decode(
        "utf-8", "surrogateescape"
    )


def entries(*texts: bytes, tokens: bool) -> bytes:
    made = [
        b'{"text": "%s", "offsets": {"from": %d, "to": %d}%s}'
        % (text, 500 * i, 500 * i + 500, b', "tokens": [%s]' % token(text, 500 * i) if tokens else b"")
        for i, text in enumerate(texts)
    ]
    return b'{"transcription": [%s]}' % b",".join(made)


@pytest.mark.parametrize("tokens", [True, False])
@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ((b" Isto est\\u0061 est", b"\xc3", b"\xa1 bem aqui"), [" Isto esta est", "\u00e1", " bem aqui"]),
        ((b" um dois tr\xc3", b"\xaas e quatro"), [" um dois tr\u00ea", "s e quatro"]),
        ((b" ok so \xf0", b"\x9f\x98", b"\x80 he said it"), [" ok so \U0001f600", " he said it"]),
        ((b" so it is \\ud83d", b"\\ude00 again and again"), [" so it is \U0001f600", " again and again"]),
    ],
)
def test_whisper_cpp_divides_characters_between_entries(tmp_path, texts, expected, tokens):
    path = tmp_path / "cut.json"
    path.write_bytes(entries(*texts, tokens=tokens))
    reading = read_any(path)
    assert [line.text for line in reading.lines] == expected
    words = [slot.text for line in reading.lines for slot in line.slots]
    assert "".join(words) == ("".join(expected) if tokens else "")
