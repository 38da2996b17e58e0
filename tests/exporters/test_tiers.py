"""Turns and words on tiers: what holds of them whatever was recognised, and what others' readers find in the files."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import pympi
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from praatio import textgrid
from pylangacq import CHAT

from diarfuse.exporters import registry
from diarfuse.exporters.lines import label, passages
from diarfuse.exporters.tiers import NOBODY, rows_of, tiers_of, unique
from diarfuse.fusion.document import Document, RecordedFile, Recording
from diarfuse.fusion.types import Attribution, Diarization, Segment, Transcript, Turn, Word
from tests.amounts import examples


def said(*words: tuple[str | None, float | None, float | None, str], duration: float = 30.0) -> Document:
    """A document of words: speaker, start, end, text; a segment each, as no recogniser's lines would be better."""
    segments = tuple(
        Segment(start or 0.0, end or start or 0.0, text, (Word(start, end, text, 0.5, speaker=who),), who)
        for who, start, end, text in words
    )
    turns = tuple(Turn(s.start, s.end, s.speaker) for s in segments if s.speaker is not None)
    return Document(Transcript(segments, "en", duration), Diarization(turns, turns, duration), "talk")


TALK = said(
    ("Ana", 1.0, 1.4, " Good"),
    ("Ana", 1.5, 2.0, " morning."),
    ("Ben K.", 1.8, 2.5, " Is"),
    ("Ben K.", 2.5, 3.0, ' "it"?'),
    (None, 9.0, 9.0, " Hm."),
    ("Ana", 12.0, 12.0, " Yes"),
    ("Ana", 12.0, 12.5, " & no."),
)

names = st.sampled_from(
    ["Ana", "Ana - words", "unknown", "Ben K.", 'a"b', "<b>&", "\x1b\n\x15|,", "דנה", "x" * 200, None]
)
times = st.none() | st.integers(0, 40).map(lambda step: step / 4)
texts = st.sampled_from(
    [" so", " it.", " ", " a\nb", ' "', " <x> & y", "\x15\x00", "\ufffe\ud800", " שלום", "好", " |x", "..."]
)
documents = st.lists(st.tuples(names, times, times, texts), max_size=8).map(lambda rows: said(*rows))


def text_of(document: Document, name: str) -> str:
    content = registry.dumps(document, name)
    return (content if isinstance(content, bytes) else content.encode("utf-8", "replace")).decode()


@given(documents)
def test_nothing_overlaps_on_a_tier_and_turns_begin_and_end_with_words(document):
    tiers = tiers_of(document)
    assert len({tier.name for tier in tiers}) == len(tiers)
    spoken = {passage.speaker: 0 for passage in passages(document)}
    assert {tier.speaker for tier in tiers} == set(spoken)
    for row in rows_of(tiers):
        assert all(part.start < part.end and part.text for part in row.intervals)
        assert all(before.end <= after.start for before, after in pairwise(row.intervals))
    for tier in tiers:
        for utterance in tier.utterances:
            assert utterance.start == utterance.words[0].start
            assert utterance.end == max(word.end for word in utterance.words)
            assert "".join("".join(word.text.split()) for word in utterance.words) == "".join(utterance.text.split())


def test_times_are_the_words_own_to_the_millisecond():
    ana, ben, nobody = tiers_of(TALK)
    assert [(u.start, u.end, u.text) for u in ana.utterances] == [
        (1000, 2000, "Good morning."),
        (12000, 12500, "Yes & no."),
    ]
    assert [(w.start, w.end, w.text) for w in ana.utterances[1].words] == [
        (12000, 12001, "Yes"),
        (12001, 12500, "& no."),
    ]
    assert (ben.name, nobody.name, nobody.speaker) == ("Ben K.", NOBODY, None)
    assert [(u.start, u.end) for u in nobody.utterances] == [(9000, 9001)]


OVERLAPS = [(0, 10, "Aaah"), (2, 8, "in"), (3, 5, "deep"), (9.95, 12, "seam"), (3, 5, "twin")]


def test_what_overlaps_on_a_tier_goes_to_another():
    document = said(*(("Ana", a, b, f" {text}.") for a, b, text in OVERLAPS), ("Ana (2)", 20, 21, " Other."))
    found = [
        (row.name, row.above, [(i.start, i.end, i.text) for i in row.intervals]) for row in rows_of(tiers_of(document))
    ]
    turns = [(name, intervals) for name, above, intervals in found if above is None]
    assert turns == [
        ("Ana", [(0, 9950, "Aaah."), (9950, 12000, "seam.")]),
        ("Ana (3)", [(2000, 8000, "in.")]),
        ("Ana (4)", [(3000, 5000, "deep.")]),
        ("Ana (5)", [(3000, 5000, "twin.")]),
        ("Ana (2)", [(20000, 21000, "Other.")]),
    ]
    assert [(above, intervals) for _, above, intervals in found if above] == turns


def test_words_that_overlap_in_a_line_are_on_two_tiers_and_those_of_one_time_are_one():
    own = [(0, 9, " Aaah"), (2, 3, " no"), (2, 3, " yes"), (2.9, 4, " so")]
    words = tuple(Word(a, b, text, speaker="Ana") for a, b, text in own)
    document = Document(Transcript((Segment(0, 9, " Aaah no yes so", words, "Ana"),), "en", 9.0))
    turns, first, second = rows_of(tiers_of(document))
    assert [(i.start, i.end, i.text) for i in turns.intervals] == [(0, 9000, "Aaah no yes so")]
    assert (first.name, second.name, second.above) == ("Ana - words", "Ana - words (2)", "Ana")
    assert [(i.start, i.end, i.text) for i in (*first.intervals, *second.intervals)] == [
        (0, 9000, "Aaah"),
        (2000, 2900, "no yes"),
        (2900, 4000, "so"),
    ]


def test_a_word_is_cut_by_no_more_than_is_left_of_it():
    document = said(("Ana", 1.0, 1.06, " one"), ("Ana", 1.03, 2.0, " two"), ("Ana", 1.95, 1.96, " three"))
    rows = [row for row in rows_of(tiers_of(document)) if row.above]
    found = sorted((i.text, i.start, i.end) for row in rows for i in row.intervals)
    assert found == [("one", 1000, 1030), ("three", 1950, 1960), ("two", 1030, 1950)]
    short = said(("Ana", 1.0, 1.06, " one"), ("Ana", 1.02, 1.06, " two"))
    assert sorted((i.start, i.end) for row in rows_of(tiers_of(short)) if row.above for i in row.intervals) == [
        (1000, 1060),
        (1020, 1060),
    ]


def test_somebody_may_be_called_unknown():
    tiers = tiers_of(said((NOBODY, 0.0, 1.0, " a"), (None, 2.0, 3.0, " b")))
    assert [tier.name for tier in tiers] == [NOBODY, f"{NOBODY} (2)"]
    assert unique("a", ["b"]) == "a"


def grid_of(document: Document, folder: Path) -> textgrid.Textgrid:
    path = folder / "a.TextGrid"
    path.write_text(text_of(document, "textgrid"), encoding="utf-8")
    return textgrid.openTextgrid(str(path), includeEmptyIntervals=True, reportingMode="error")


def test_praat_reads_turns_and_words(tmp_path):
    grid = grid_of(TALK, tmp_path)
    assert grid.tierNames == ("Ana", "Ana - words", "Ben K.", "Ben K. - words", "unknown", "unknown - words")
    assert (grid.minTimestamp, grid.maxTimestamp) == (0.0, 30.0)
    rows = [tuple(row) for row in grid.getTier("Ben K. - words").entries]
    assert rows == [(0.0, 1.8, ""), (1.8, 2.5, "Is"), (2.5, 3.0, '"it"?'), (3.0, 30.0, "")]
    assert [row.label for row in grid.getTier("Ana").entries if row.label] == ["Good morning.", "Yes & no."]


def test_praat_reads_silence_and_whatever_ends_after_the_recording(tmp_path):
    grid = grid_of(Document(Transcript((), None, 0.0)), tmp_path)
    assert [tuple(row) for row in grid.getTier(NOBODY).entries] == [(0.0, 0.001, "")]
    assert grid_of(said(("Ana", 0.0, 99.0, "a"), duration=1.0), tmp_path).maxTimestamp == 99.0


def elan_of(document: Document, folder: Path) -> pympi.Eaf:
    path = folder / "a.eaf"
    path.write_text(text_of(document, "eaf"), encoding="utf-8")
    return pympi.Eaf(str(path))


def test_elan_reads_turns_with_their_words_below(tmp_path):
    elan = elan_of(TALK, tmp_path)
    assert list(elan.get_tier_names()) == [
        "Ana",
        "Ana - words",
        "Ben K.",
        "Ben K. - words",
        "unknown",
        "unknown - words",
    ]
    assert elan.get_annotation_data_for_tier("Ben K.") == [(1800, 3000, 'Is "it"?')]
    assert elan.get_annotation_data_for_tier("Ben K. - words") == [(1800, 2500, "Is"), (2500, 3000, '"it"?')]
    below = elan.get_parameters_for_tier("Ana - words")
    assert (below["PARENT_REF"], below["PARTICIPANT"]) == ("Ana", "Ana")
    assert elan.get_parameters_for_linguistic_type(below["LINGUISTIC_TYPE_REF"])["CONSTRAINTS"] == "Included_In"
    above = elan.get_parameters_for_linguistic_type("turn")
    assert "CONSTRAINTS" not in above


def test_elan_finds_the_recording_beside_the_file_unless_it_is_cleaned(tmp_path):
    heard = Document(TALK.transcript, TALK.diarization, "talk", Recording("my talk & <1>.wav", "0" * 64, 30.0))
    (media,) = elan_of(heard, tmp_path).media_descriptors
    assert media["RELATIVE_MEDIA_URL"] == "./my%20talk%20%26%20%3C1%3E.wav"
    assert media["MIME_TYPE"] == "audio/x-wav"
    assert elan_of(heard.clean(), tmp_path).media_descriptors == []


def test_of_separate_files_elan_is_told_those_that_begin_with_the_recording() -> None:
    files = (RecordedFile("ana mora.wav", ""), RecordedFile("ben.mp4", ""), RecordedFile("late.wav", "", 2.5))
    document = replace(said(("Ana", 0.0, 1.0, "Hi.")), recording=Recording("", "", 30.0, files))
    media = [found.attrib for found in ET.fromstring(text_of(document, "eaf").encode()).iter("MEDIA_DESCRIPTOR")]
    assert [found["MEDIA_URL"] for found in media] == ["./ana%20mora.wav", "./ben.mp4"]
    assert "MEDIA_DESCRIPTOR" not in text_of(document.clean(), "eaf")


@settings(max_examples=examples(30))
@given(documents)
def test_elans_file_holds_together(document):
    """What its schema asks for: order, identities, references; and what ELAN does: words within their turns."""
    root = ET.fromstring(text_of(document, "eaf").encode())
    order = [node.tag for node in root]
    assert order == sorted(order, key=["HEADER", "TIME_ORDER", "TIER", "LINGUISTIC_TYPE", "CONSTRAINT"].index)
    slots = {node.get("TIME_SLOT_ID"): int(node.get("TIME_VALUE")) for node in root.iter("TIME_SLOT")}
    assert list(slots.values()) == sorted(slots.values())
    used = [node.get(f"TIME_SLOT_REF{end}") for node in root.iter("ALIGNABLE_ANNOTATION") for end in (1, 2)]
    assert sorted(used) == sorted(slots)
    types = {node.get("LINGUISTIC_TYPE_ID") for node in root.iter("LINGUISTIC_TYPE")}
    tiers = {node.get("TIER_ID"): node for node in root.iter("TIER")}
    assert len(tiers) == order.count("TIER")

    def spans(tier: ET.Element) -> list[tuple[int, int]]:
        return [
            (slots[n.get("TIME_SLOT_REF1")], slots[n.get("TIME_SLOT_REF2")]) for n in tier.iter("ALIGNABLE_ANNOTATION")
        ]

    for tier in tiers.values():
        assert tier.get("LINGUISTIC_TYPE_REF") in types
        if tier.get("PARENT_REF") is not None:
            turns = spans(tiers[tier.get("PARENT_REF")])
            assert all(any(a <= start < end <= b for a, b in turns) for start, end in spans(tier))


@settings(max_examples=examples(30))
@given(documents)
def test_praat_reads_whatever_was_said(tmp_path_factory, document):
    folder = tmp_path_factory.mktemp("grid")
    grid, tiers = grid_of(document, folder), tiers_of(document)
    assert len(set(grid.tierNames)) == len(grid.tierNames) >= max(1, 2 * len(tiers))  # words that overlap have a third
    for tier in tiers:
        rows = [row for row in grid.getTier(tier.name).entries if row.label]
        expected = [utterance for utterance in tier.utterances if visible(utterance.text)]
        assert len(rows) == len(expected)
        for row, utterance in zip(rows, expected, strict=True):
            assert (round(row.start * 1000), round(row.end * 1000)) == (utterance.start, utterance.end)


def visible(text: str) -> str:
    """What is left of a text in a file: control characters are not."""
    return re.sub("[\x00-\x1f]", "", text).strip()


def test_clan_reads_sentences_times_and_who_is_who():
    heard = Document(TALK.transcript, TALK.diarization, "talk", Recording("talk.mp4", "0" * 64, 30.0))
    content = registry.dumps(heard, "chat")
    assert isinstance(content, bytes)
    text = content.decode()
    assert "@Media:\ttalk, video\n" in text
    assert "@ID:\teng|diarfuse|BEN|||||Participant||Ben K.|\n" in text
    found = CHAT.from_strs([text.replace("@Media:\ttalk, video\n", "")])
    assert [(who.code, who.name, who.role) for who in found.participants()] == [
        ("ANA", "Ana", "Participant"),
        ("BEN", "Ben_K.", "Participant"),
        ("UNK", "unknown", "Unidentified"),
    ]
    rows = [(u.participant, u.time_marks, " ".join(token.word for token in u.tokens)) for u in found.utterances()]
    assert rows == [
        ("ANA", (1000, 2000), "Good morning ."),
        ("BEN", (1800, 3000), "Is it ?"),
        ("UNK", (9000, 9001), "Hm ."),
        ("ANA", (12000, 12500), "Yes \uff06 no ."),
    ]


def test_clan_has_a_line_a_sentence_and_a_code_for_everybody():
    rows = [
        ("SPEAKER_00", 0.0, 1.0, " One, two."),
        ("SPEAKER_00", 1.0, 2.0, " Three!"),
        ("SPEAKER_01", 3.0, 4.0, " 50% [x]"),
    ]
    rows += [("Anatol", 5.0, 6.0, " a"), ("Anatole", 7.0, 8.0, " b"), ("李", 9.0, 9.5, " 好。")]
    text = text_of(said(*rows), "chat")
    lines = [line.split(" \x15")[0] for line in text.splitlines() if line.startswith("*")]
    assert lines == [
        *("*S00:\tOne , two .", "*S00:\tThree !", "*S01:\t50\uff05 x ."),
        *("*ANA:\ta .", "*S02:\tb .", "*S03:\t好 ."),
    ]


@settings(max_examples=examples(30))
@given(documents)
def test_clan_reads_whatever_was_said(document):
    text = text_of(document, "chat")
    found = CHAT.from_strs([text])
    codes = [who.code for who in found.participants()]
    assert len(codes) == len(set(codes)) == max(1, len(tiers_of(document)))
    assert all(set(u.time_marks) and u.participant in codes for u in found.utterances())
    assert not re.search("[\x00-\x08\x0b-\x14\x16-\x1f\x7f]", text)


def test_audacity_has_a_label_a_turn():
    assert text_of(TALK, "audacity") == (
        "1.000000\t2.000000\tAna: Good morning.\n"
        '1.800000\t3.000000\tBen K.: Is "it"?\n'
        "9.000000\t9.000000\tHm.\n"
        "12.000000\t12.500000\tAna: Yes & no.\n"
    )


@given(documents)
def test_audacity_has_three_fields_a_line(document):
    lines = text_of(document, "audacity").splitlines()
    assert len(lines) == len(passages(document))
    for line in lines:
        start, end, _ = line.split("\t")
        assert 0 <= float(start) <= float(end)


def test_words_nobody_asked_about_bring_no_names():
    document = Document(Transcript((Segment(0.0, 1.0, " Hi there.", (Word(0.2, 0.9, " Hi there."),)),), "en", 1.0))
    assert [(tier.name, tier.speaker) for tier in tiers_of(document)] == [(NOBODY, None)]
    assert text_of(document, "audacity") == "0.200000\t0.900000\tHi there.\n"


@pytest.mark.parametrize("name", ["textgrid", "eaf", "audacity", "chat", "ctm", "stm", "edl", "otio"])
def test_names_are_those_that_are_shown(name):
    long = "A" * 10_000
    word = Word(0.0, 0.5, " Hi", speaker=long, attribution=Attribution("overlap", 0.9))
    text = text_of(Document(Transcript((Segment(0.0, 0.5, " Hi", (word,), long),), "en", 1.0)), name)
    assert "A" * 100 not in text
    assert (label(long) in text) == (name != "ctm")
