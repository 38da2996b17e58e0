"""Soniox: translations and marks between its tokens."""

from __future__ import annotations

from diarfuse.fusion.attaching import attach
from tests.fusion.formats.said import TURNS, lines


def test_soniox_with_nothing_but_a_translation():
    data = {"text": "", "tokens": [{"text": "Hi", "start_ms": 0, "translation_status": "translation"}]}
    assert attach(data, TURNS).segments == ()


def test_what_marks_the_end_of_speech_is_no_word_of_soniox():
    said = [("Hi", 100), (".", 300), ("<end>", 400), (" Bye", 500), ("<fin>", 700)]
    data = {"tokens": [{"text": text, "start_ms": start, "end_ms": start + 100} for text, start in said]}
    assert "".join(text for _, text in lines(data)) == "Hi. Bye"
