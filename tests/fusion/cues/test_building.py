"""Cues that can be read, of words with speakers."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarfuse.exporters.lines import shown
from diarfuse.fusion.cues import Layout, build_cues, building, cutting, split_segments
from diarfuse.fusion.cues.pieces import TOGETHER, Piece, Run
from diarfuse.fusion.text import display_width
from diarfuse.fusion.types import Segment, Transcript, Word

SCRIPTS = "abc dé e\u0301 日本語 مرحبا שלום สวัสดี ครับ 👩\u200d👩\u200d👧 👍🏽 🇩🇪🇫🇷 한\u1112\u1161\u11ab , . ?!"


TOKENS = st.text(st.sampled_from(SCRIPTS), max_size=6)


def transcript(words: list[tuple[str, str | None]], text: str | None = None) -> Transcript:
    timed = tuple(Word(i * 0.5, i * 0.5 + 0.4, t, speaker=s) for i, (t, s) in enumerate(words))
    text = "".join(t for t, _ in words) if text is None else text
    return Transcript((Segment(0.0, len(words) * 0.5, text, timed),), "en", len(words) * 0.5)


LAYOUT = Layout()


LAYOUTS = (
    LAYOUT,
    Layout(labels="every", fps=24),
    Layout(labels="first", width=16, lines=3),
    Layout(labels="none", width=12, lines=1),
    Layout(width=12, lines=1),
)


@given(
    st.lists(
        st.tuples(TOKENS, st.sampled_from(["A", "B", None]), st.integers(0, 12), st.integers(0, 30)),
        min_size=1,
        max_size=25,
    )
)
def test_cues_hold_all_the_text_fit_the_screen_and_never_overlap(words):
    at, timed = 0.0, []
    for text, speaker, gap, length in words:
        at += gap / 10
        timed.append(Word(at, at + length / 10, text, speaker=speaker))
        at += length / 20  # words may overlap
    text = "".join(word.text for word in timed)
    given_transcript = Transcript((Segment(0.0, at + 1.5, text, tuple(timed)),), "en", at + 1.5)
    for layout in LAYOUTS:
        cues = build_cues(given_transcript, layout)
        said = "".join(line for cue in cues for voice in cue.voices for line in voice.lines)
        assert sorted("".join(said.split())) == sorted("".join(text.split()))
        for cue in cues:
            lines = shown(cue)
            assert all(display_width(line) <= layout.width for line in lines)
            assert len(lines) <= layout.lines
            assert layout.shortest / 2 - 2e-3 <= cue.end - cue.start <= layout.longest + 1e-3
        assert all(b.start - a.end >= layout.gap - 1e-9 for a, b in pairwise(cues))


def spoken(text: str, pace: float = 0.3, speaker: str = "A") -> Segment:
    words = tuple(Word(i * pace, i * pace + 0.9 * pace, f" {t}", speaker=speaker) for i, t in enumerate(text.split()))
    return Segment(0.0, len(words) * pace, "".join(w.text for w in words), words, speaker)


def cue_texts(segment: Segment, layout: Layout = LAYOUT) -> list[str]:
    return [" ".join(cue.lines) for cue in build_cues(Transcript((segment,), "en", segment.end), layout)]


def test_cues_break_at_sentences_then_clauses():
    long = "We met on Monday to talk about it. The budget is late and nobody has even looked at it until now"
    assert cue_texts(spoken(long))[0] == "We met on Monday to talk about it."
    clause = "because the budget is late and nobody has looked at it yet, we meet again on Tuesday in the afternoon"
    assert cue_texts(spoken(clause))[0] == "because the budget is late and nobody has looked at it yet,"


def test_cues_do_not_end_in_abbreviations():
    long = "We had a letter yesterday from old Mrs. Moreland about the budget, and nobody has even looked at it yet."
    assert not any(cue.endswith("Mrs.") for cue in cue_texts(spoken(long)))


def test_cues_break_at_pauses():
    words = (Word(0.0, 0.5, "One", speaker="A"), Word(2.5, 3.0, " two", speaker="A"))
    assert cue_texts(Segment(0.0, 3.0, "One two", words)) == ["One", "two"]


def turns_of(length: float, count: int) -> Transcript:
    segments = tuple(
        Segment(i * length, (i + 1) * length, " yes", (Word(i * length, (i + 1) * length, " yes"),), "AB"[i % 2])
        for i in range(count)
    )
    return Transcript(segments, "en", count * length)


def test_quick_turns_do_not_push_the_cues_away_from_their_words():
    quick = turns_of(0.7, 60)
    late = [cue.start - segment.start for cue, segment in zip(build_cues(quick), quick.segments, strict=True)]
    assert 0 <= min(late) <= max(late) <= LAYOUT.late + 1e-9
    assert all(cue.end - cue.start >= LAYOUT.shortest - 1e-9 for cue in build_cues(turns_of(1.1, 9)))


def test_people_who_talk_at_once_are_shown_in_whole_lines():
    both = [(" and", "A", 0.0), (" by", "B", 0.2), (" my", "A", 0.4), (" no", "B", 0.6), (" lady", "A", 0.8)]
    words = tuple(Word(start, start + 0.35, text, speaker=speaker) for text, speaker, start in both)
    segment = Segment(0.0, 1.2, "".join(word.text for word in words), words)
    cues = build_cues(Transcript((segment,), "en", 1.2))
    assert [[(voice.speaker, voice.lines) for voice in cue.voices] for cue in cues] == [
        [("A", ("and my lady",)), ("B", ("by no",))]
    ]
    assert shown(cues[0]) == ["- A: and my lady", "- B: by no"]
    alone = build_cues(Transcript((segment,), "en", 1.2), Layout(lines=1))
    assert [(cue.speaker, cue.text) for cue in alone] == [("A", "and my lady"), ("B", "by no")]
    later = [
        replace(spoken(text, speaker=who), start=at, end=at + 0.2)
        for text, who, at in (("Fine.", "B", 1.0), ("Good.", "A", 1.3))
    ]
    answers = (spoken("How are you?"), *later)
    assert len(build_cues(Transcript(answers, "en", 3.0))) == len(answers)


@pytest.mark.parametrize("start", [0.0, 2.0])
def test_lines_that_one_speaker_says_at_once_are_shown_at_once(start):
    """They came one after the other, the second when it was long over; as after a merge of two who talked at once."""
    lines = (Segment(0.0, 6.0, " Hello there everyone.", (), "A"), Segment(start, 4.0, " Yes indeed.", (), "A"))
    cues = build_cues(Transcript((*lines, Segment(8.0, 9.0, " Bye.", (), "A")), "en", 13.0))
    assert [(voice.speaker, voice.lines) for voice in cues[0].voices] == [
        ("A", ("Hello there everyone.",)),
        ("A", ("Yes indeed.",)),
    ]
    assert [(cue.start, cue.end) for cue in cues] == [(0.0, 6.0), (8.0, 9.0)]


def test_a_cue_stays_until_it_is_read_if_there_is_room():
    (cue,) = build_cues(Transcript((spoken("a quick long sentence said very fast indeed", pace=0.1),), "en", 9.0))
    read = sum(map(len, shown(cue))) / LAYOUT.speed
    assert cue.end - cue.start == pytest.approx(read, abs=0.06)


def test_lines_without_words_are_cut_too_in_any_script():
    text = "今日は予算について話さなければなりません。" * 4
    cues = build_cues(Transcript((Segment(0.0, 20.0, text),), "ja", 20.0))
    assert "".join(line for cue in cues for line in cue.lines) == text
    assert build_cues(Transcript((Segment(0.0, 1.0, "  "),), "en", 1.0)) == ()


def test_a_cue_holds_no_more_than_can_be_read_while_it_stays():
    said = transcript([(f" word{i}", "A") for i in range(12)])
    slow = Layout(speed=4.0)
    assert all(display_width(cue.text) <= slow.speed * slow.longest for cue in build_cues(said, slow))
    assert len(build_cues(said, slow)) > len(build_cues(said))


def test_thai_lines_break_between_its_words():
    words = ["วันนี้", "อากาศ", "ดี", "มาก", "เรา", "จะ", "ไป", "เที่ยว", "ทะเล", "กัน"] * 3
    said = Transcript(
        (Segment(0.0, 12.0, "".join(words), tuple(Word(i * 0.4, i * 0.4 + 0.4, w) for i, w in enumerate(words))),),
        "th",
        12.0,
    )
    begins = {sum(map(len, words[:i])) for i in range(len(words) + 1)}
    lines = [line for cue in build_cues(said, Layout(width=20)) for line in cue.lines]
    assert len(lines) > 4
    at = 0
    for line in lines:
        at += len(line)
        assert at in begins, line


def line(*words: tuple[str, float, float, str]) -> Transcript:
    """One line of words with text, start, end and speaker."""
    said = tuple(Word(start, end, text, speaker=speaker) for text, start, end, speaker in words)
    return Transcript((Segment(0.0, 9.0, "".join(text for text, *_ in words), said),), "en", 9.0)


BACKWARDS = (
    (" Your", 2.66, 2.84), (" R.S.C.", 0.4, 0.58), (" real", 0.3, 0.38), (" the", 0.25, 0.29), (" talk", 2.0, 2.4),
)  # fmt: skip


@pytest.mark.parametrize("speakers", ["AAAAA", "ABBBB", "AABBB"])
@pytest.mark.parametrize(
    "words", [BACKWARDS, tuple((t, 5 - i, 5.4 - i) for i, t in enumerate([" a", " b", " c", " d", " e"]))]
)
def test_text_order_is_the_recognisers_in_cues(words, speakers):
    whole = line(*((text, start, end, who) for (text, start, end), who in zip(words, speakers, strict=True)))
    for made in (whole, split_segments(whole)):
        cues = build_cues(made)
        assert " ".join(cue.text for cue in cues).split() == [text.strip() for text, *_ in words]


def conversation(*turns: tuple[str, str | None, float]) -> Transcript:
    """Each turn in its own segment, at a time, 0.3 s a word."""
    segments = []
    for text, speaker, at in turns:
        words = tuple(
            Word(at + 0.3 * i, at + 0.3 * i + 0.28, f" {w}", speaker=speaker) for i, w in enumerate(text.split())
        )
        segments.append(Segment(at, words[-1].end or at, "".join(w.text for w in words), words, speaker))
    return Transcript(tuple(segments), "en", 99.0)


def labels(transcript: Transcript, policy: str) -> list[str | None]:
    cues = build_cues(transcript, Layout(labels=policy))
    return [voice.label for cue in cues for voice in cue.voices]


SENTENCE = "This is one whole sentence of so many words."


def test_labels_stand_where_the_speaker_changes_and_again_after_three_cues_or_a_pause():
    turns = [(SENTENCE, "A", 4.0 * i) for i in range(5)] + [(SENTENCE, "B", 20.0), (SENTENCE, "B", 40.0)]
    said = conversation(*turns)
    assert labels(said, "change") == ["A", None, None, "A", None, "B", "B"]
    assert labels(said, "every") == ["A"] * 5 + ["B"] * 2
    assert labels(said, "first") == ["A", *[None] * 4, "B", None]
    assert labels(said, "none") == [None] * 7
    assert [cue.speaker for cue in build_cues(said, Layout(labels="none"))] == ["A"] * 5 + ["B"] * 2


def test_nobody_is_named_only_where_somebody_else_would_be_taken_for_it():
    assert labels(conversation((SENTENCE, None, 0.0), (SENTENCE, "A", 4.0), (SENTENCE, None, 8.0)), "change") == [
        None,
        "A",
        "?",
    ]


def test_a_label_counts_in_the_lines_length():
    name = "Bartholomew Featherstone"
    cues = build_cues(conversation(*((SENTENCE, name, 4.0 * i) for i in range(4))))
    assert all(display_width(line) <= LAYOUT.width for cue in cues for line in shown(cue))
    assert shown(cues[0])[0].startswith(f"{name}: ")
    (wide, *_) = build_cues(conversation((SENTENCE, "N" * 60, 0.0)))
    assert shown(wide)[0] == "N" * 40 + "…:"
    assert display_width(shown(wide)[0]) == LAYOUT.width


def test_room_is_left_for_labels_that_are_shown_and_for_no_other():
    name, two_lines = "Bartholomew", f"{'a' * 20} {'b' * 21} {'c' * 20} {'d' * 20}."
    said = conversation(("Hi there.", name, 0.0), ("Yes.", "B", 4.0), (two_lines, name, 8.0))
    for policy in ("none", "first"):
        *_, last = build_cues(said, Layout(labels=policy))
        assert shown(last) == [f"{'a' * 20} {'b' * 21}", f"{'c' * 20} {'d' * 20}."]
    *_, before, last = build_cues(said)
    assert shown(before) == [f"{name}: {'a' * 20}", "b" * 21]
    assert shown(last) == [f"{'c' * 20} {'d' * 20}."]


def test_what_has_no_room_beside_a_label_that_a_silence_brings_is_cut_once_more():
    words = [letter * 9 for letter in "abcdefgh"]
    said = conversation((SENTENCE, "Bartholomew", 0.0), (" ".join(words), "Bartholomew", 40.0))
    assert [shown(cue) for cue in build_cues(said)[1:]] == [
        [f"Bartholomew: {words[0]} {words[1]}", " ".join(words[2:6])],
        [" ".join(words[6:])],
    ]


@pytest.mark.parametrize(("labels", "room"), [("change", 37), ("none", 40)])
def test_two_who_talk_at_once_share_a_cue_where_each_fits_a_line_with_dash_and_label(labels, room):
    def cues(columns):
        segments = []
        for speaker, at, text in (("A", 0.0, " ".join(["abcd"] * 7) + " " + "e" * (columns - 35)), ("B", 0.05, "yes")):
            words = [Word(at + i / 5, at + i / 5 + 0.2, f" {w}", speaker=speaker) for i, w in enumerate(text.split())]
            segments.append(Segment(at, at + len(words) / 5, f" {text}", tuple(words), speaker))
        return build_cues(Transcript(tuple(segments), "en", 9.0), Layout(labels=labels))

    (shared,) = cues(room)
    assert display_width(shown(shared)[0]) == LAYOUT.width
    assert [cue.speaker for cue in cues(room + 1)] == ["A", "B"]


def test_no_word_is_orphaned_even_over_two_lines_of_the_recogniser():
    said = conversation(("it gets wider as the size of the drops", "A", 0.0), ("increases.", "A", 3.2))
    assert all(len(cue.text.split()) > 1 for cue in build_cues(said))


def test_no_line_ends_in_an_article_or_the_like_where_another_break_exists():
    cues = build_cues(
        conversation(("we have been looking at the house for a very long time with the others", "A", 0.0))
    )
    ends = [line.split()[-1] for cue in cues for line in cue.lines]
    assert not {"the", "a", "at", "for", "with"} & set(ends)


def test_words_keep_their_times_for_those_who_highlight_them():
    (cue,) = build_cues(conversation(("we were all here again today my friends and yours", "A", 1.0)))
    (voice,) = cue.voices
    found = [(voice.lines[line][offset:].split()[0], time) for line, offset, time in voice.beats]
    words = " ".join(voice.lines).split()
    assert found == [(word, pytest.approx(1.0 + 0.3 * i)) for i, word in enumerate(words)]


@pytest.mark.parametrize("unit", ["7", "🇩🇪", "日", "ก"])
def test_a_long_word_costs_no_more_than_its_length(unit, monkeypatch):
    """Counted, not timed: the prices of cues that are worked out grow with the word."""
    counts = []
    for length in (400, 1600):
        text = unit * length
        calls = 0
        price = cutting._price

        def counted(*args, price=price):
            nonlocal calls
            calls += 1
            return price(*args)

        monkeypatch.setattr(cutting, "_price", counted)
        build_cues(Transcript((Segment(0.0, 30.0, text, (Word(0.0, 30.0, text, speaker="A"),), "A"),), "en", 30.0))
        monkeypatch.setattr(cutting, "_price", price)
        counts.append(calls)
    assert counts[1] <= 6 * counts[0]


SPANS = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 8)), min_size=1, max_size=5)  # twentieths of a second


@given(st.lists(st.tuples(st.sampled_from(["A", "B", None]), st.integers(0, 1), SPANS), max_size=8))
def test_others_speak_where_a_piece_of_another_voice_overlaps(said):
    runs = [
        Run(speaker, tuple(Piece("x", start / 20, (start + length) / 20) for start, length in spans), layer)
        for speaker, layer, spans in said
    ]
    crowd = building._Crowd.of(runs)
    for run in runs:
        others = [p for one in runs if (one.speaker, one.layer) != (run.speaker, run.layer) for p in one.pieces]
        assert crowd.around(run) == [
            any(o.start < piece.end - TOGETHER and o.end > piece.start + TOGETHER for o in others)
            for piece in run.pieces
        ]
