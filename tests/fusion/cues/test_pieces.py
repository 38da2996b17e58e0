"""What cues are put together from."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarfuse.fusion.cues import build_cues, passages_of, split_segments
from diarfuse.fusion.cues.pieces import runs_of, whole_lines
from diarfuse.fusion.text import display_width, graphemes
from diarfuse.fusion.types import Segment, Transcript, Word

TEXT = st.text(st.sampled_from("abc dé 日本語、。 สวัสดีน้ำ שלום , . ?! \u200d👩🇩🇪"), max_size=8)


def said(*words: tuple[str, float, float, str | None], language: str = "en") -> Transcript:
    made = tuple(Word(start, end, text, speaker=speaker) for text, start, end, speaker in words)
    text = "".join(word.text for word in made)
    return Transcript((Segment(made[0].start, made[-1].end, text, made),), language, 9.0)


@given(st.lists(TEXT, min_size=1, max_size=12), st.integers(2, 12), st.booleans())
def test_nothing_is_lost_and_all_parts_fit(texts, width, timed):
    words = tuple(Word(i / 2, i / 2 + 0.4, text) for i, text in enumerate(texts))
    segment = Segment(0.0, len(words) / 2, "".join(texts), words if timed else ())
    runs = runs_of(Transcript((segment,), "ja", 9.0), width)
    parts = [part for run in runs for piece in run.pieces for part in piece.parts]
    assert "".join(part.text for part in parts) == "".join("".join(texts).split())
    assert all(part.width == display_width(part.text) for part in parts)
    assert all(part.width <= width or len(graphemes(part.text)) == 1 for part in parts)


def test_marks_and_halves_belong_to_the_word_before():
    (run,) = runs_of(said((" twenty-", 0, 1, "A"), ("five", 1, 2, "A"), (",", 2, 2, "A"), (" (so", 2, 3, "A")), 42)
    assert [piece.text for piece in run.pieces] == [" twenty-five,", " (so"]
    assert (run.pieces[0].start, run.pieces[0].end) == (0, 2)


def test_brackets_stay_with_what_they_hold_where_no_spaces_are_written():
    (run,) = runs_of(
        said(("今日", 0, 1, "A"), ("「", 1, 1, "A"), ("天気", 1, 2, "A"), ("」", 2, 2, "A"), language="ja"), 42
    )
    assert [piece.text for piece in run.pieces] == ["今日", "「天気」"]


def test_what_a_piece_tells():
    (run,) = runs_of(said((" Mrs.", 0, 1, "A"), (" of", 1, 2, "A"), (" it,", 2, 3, "A"), (" done.", 3, 4, "A")), 42)
    assert [(p.ended, p.closed, p.weak) for p in run.pieces] == [
        (False, True, True),
        (False, False, True),
        (False, True, False),
        (True, True, False),
    ]


def test_lines_of_one_speaker_share_a_run_unless_they_lie_apart():
    lines = [(0.0, 1.0, " one", "A"), (2.0, 3.0, "two", "A"), (5.0, 6.0, " three", "A"), (6.1, 7.0, " four", "B")]
    segments = tuple(Segment(a, b, text, (Word(a, b, text, speaker=s),), s) for a, b, text, s in lines)
    runs = runs_of(Transcript(segments, "en", 9.0), 42)
    assert [(run.speaker, len(run.pieces), run.start, run.end) for run in runs] == [
        ("A", 2, 0.0, 3.0),
        ("A", 1, 5.0, 6.0),
        ("B", 1, 6.1, 7.0),
    ]
    assert runs[0].pieces[1].parts[0].spaced, "the words of two lines do not run together"


def backwards(*said: tuple[str, float, str]) -> Transcript:
    words = tuple(Word(start, start + 0.2, f" {text}", speaker=speaker) for text, start, speaker in said)
    return Transcript((Segment(0.2, 6.0, "".join(word.text for word in words), words),), "en", 6.0)


@pytest.mark.parametrize(
    "said",
    [
        [
            ("your", 2.6, "A"),
            ("old", 0.4, "B"),
            ("real", 0.3, "B"),
            ("the", 0.25, "A"),
            ("to", 0.2, "A"),
            ("go", 2, "B"),
        ],
        [(str(i), 4 + i / 4 if i % 2 else 1 + i / 4, "AB"[i % 2]) for i in range(8)],
        [("five", 5.0, "A"), ("four", 4.0, "B"), ("three", 3.0, "A"), ("two", 2.0, "B"), ("one", 1.0, "A")],
    ],
)
def test_words_that_run_backwards_keep_the_order_of_the_text(said) -> None:
    transcript = backwards(*said)
    order = [text for text, _, _ in said]
    assert " ".join(s.text.strip() for s in whole_lines(split_segments(transcript).segments, "en")).split() == order
    assert [piece.text.strip() for run in runs_of(transcript, 42) for piece in run.pieces] == order
    assert " ".join(passage.text for passage in passages_of(transcript)).split() == order
    shown = [line for cue in build_cues(transcript) for voice in cue.voices for line in voice.lines]
    assert " ".join(shown).split() == order


def test_who_talks_meanwhile_is_still_taken_out_of_the_middle() -> None:
    transcript = backwards(("I", 1.0, "A"), ("yes", 1.1, "B"), ("am", 1.3, "A"), ("here.", 1.5, "A"))
    assert [s.text for s in whole_lines(split_segments(transcript).segments, "en")] == [" I am here.", " yes"]
