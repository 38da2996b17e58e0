"""What a file holds that is no recording: said before any decoder is asked, which would print or invent sound."""

from __future__ import annotations

import re

HEAD = 4096
"""Bytes at the beginning of a file that are looked at: in a recording so many never are all of text."""

SOUND = (b"RIFF", b"riff", b"RIFX", b"RF64", b"OggS", b"fLaC", b"FORM", b"ID3", b"caff", b".snd", b"#!AMR")
"""How recordings begin whose first bytes are letters: all that is left where one was cut within its head."""
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")
_PLAIN = re.compile(rb"[A-Za-z0-9 \r\n\t]")
_SAVED, _SUBTITLES, _JSON = "it holds a saved transcript", "it holds subtitles", "it holds JSON"
_WHAT = (
    (re.compile(r"\s*(#EXTM3U|\[playlist\]|<asx\b|<MPD\b)", re.IGNORECASE), "it is a playlist, which only names one"),
    (re.compile(r"\s*(<!doctype html|<html\b|<head\b|<body\b)", re.IGNORECASE), "it holds a web page"),
    (re.compile(r'\s*\{\s*"format":\s*"diarfuse/'), _SAVED),
    (re.compile(r"\s*(WEBVTT\b|\d+\s*\n\d+:\d\d:\d\d[,.]\d+ -->)"), _SUBTITLES),
    (re.compile(r'\s*(\{\s*["}]|\[\s*[\[{\]])'), _JSON),
)
_WORDS = "give the recording; `transcribe attach` puts speakers on words that are there already"
_REMEDIES = {
    _SAVED: "give the recording; `transcribe export` writes a transcript in other formats",
    _SUBTITLES: _WORDS,
    _JSON: _WORDS,
}


def no_sound(head: bytes) -> str | None:
    """What a file that begins so is, for a sentence, where it holds text; None for any other."""
    text = None if head.startswith(SOUND) else _text(head)
    if text is None:
        return None
    text = text.removeprefix("\ufeff")
    return next((what for begins, what in _WHAT if begins.match(text)), "it holds text")


def remedy(what: str) -> str:
    """What to do about a file that is `what`, for the same sentence."""
    return _REMEDIES.get(what, "check the file, or convert it to WAV")


def _text(head: bytes) -> str | None:
    """The text, in UTF-16, UTF-8 or an older encoding of Europe; the last character may be cut."""
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = head.decode("utf-16", "ignore").lstrip("\ufeff")
        return text if all(c.isprintable() or c in "\t\r\n\f\ufeff" for c in text) else None
    if not head or _CONTROL.search(head):
        return None
    text = head.decode("utf-8", "ignore")
    if len(text.encode()) >= len(head) - 3:
        return text
    return head.decode("cp1252", "replace") if len(_PLAIN.findall(head)) > len(head) / 2 else None
