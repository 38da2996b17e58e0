"""Soniox: translations and marks between its tokens."""

from __future__ import annotations

import json

from diarfuse.fusion.attaching import attach
from tests.fusion.formats.said import TURNS, lines


def test_soniox_with_nothing_but_a_translation():
    data = {"text": "", "tokens": [{"text": "Hi", "start_ms": 0, "translation_status": "translation"}]}
    assert attach(data, TURNS).segments == ()


def test_a_word_goes_on_in_the_next_message(tmp_path):
    def message(*said: tuple[str, int]) -> str:
        tokens = [{"text": t, "start_ms": at, "end_ms": at + 100, "is_final": True} for t, at in said]
        return json.dumps({"tokens": tokens, "final_audio_proc_ms": 0}) + "\n"

    (tmp_path / "a.jsonl").write_text(
        message() + message(("Hi", 100), (" the", 300)) + message() + message(("re", 500))
    )
    (segment,) = attach(tmp_path / "a.jsonl", TURNS).segments
    assert [(word.text, word.start, word.end) for word in segment.words] == [("Hi", 0.1, 0.2), (" there", 0.3, 0.6)]


def test_what_marks_the_end_of_speech_is_no_word_of_soniox():
    said = [("Hi", 100), (".", 300), ("<end>", 400), (" Bye", 500), ("<fin>", 700)]
    data = {"tokens": [{"text": text, "start_ms": start, "end_ms": start + 100} for text, start in said]}
    assert "".join(text for _, text in lines(data)) == "Hi. Bye"
