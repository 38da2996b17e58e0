"""Speechmatics says what a mark belongs to, and what stands between words."""

from __future__ import annotations

from diarfuse.fusion.attaching import attach
from tests.fusion.formats.said import TURNS, lines


def speechmatics(*said: tuple[str, float, str | None], delimiter: str | None = None) -> dict[str, object]:
    results = [
        {
            "type": "punctuation" if to else "word",
            "start_time": start,
            "end_time": start + 0.3,
            "attaches_to": to,
            "alternatives": [{"content": text}],
        }
        for text, start, to in said
    ]
    info = {} if delimiter is None else {"language_pack_info": {"word_delimiter": delimiter}}
    return {"results": [{"type": "speaker_change"}, *results], "metadata": info}


def test_speechmatics_marks_attach_as_it_says():
    said = [("¿", 0.2, "next"), ("Qué", 0.2, None), ("tal", 0.6, None), ("?", 0.9, "previous"), ("Bien", 2.4, None)]
    assert lines(speechmatics(*said)) == [("Ann", "¿Qué tal?"), ("Bob", " Bien")]
    dashed = [("twenty", 0.2, None), ("-", 0.5, "both"), ("one", 0.8, None), ("now", 1.2, None)]
    (segment,) = attach(speechmatics(*dashed), TURNS).segments
    assert [(w.text, w.start, round(w.end, 6)) for w in segment.words] == [("twenty-one", 0.2, 1.1), ("now", 1.2, 1.5)]


def test_speechmatics_tells_what_stands_between_its_words():
    said = [("今日", 0.2, None), ("は", 0.6, None), ("。", 0.9, "previous")]
    assert lines(speechmatics(*said, delimiter="")) == [("Ann", "今日は。")]
