import queue
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from diarfuse.asr_adapters import align as module
from diarfuse.asr_adapters.align import Ahead, Aligner, align
from diarfuse.fusion.text import split_text
from diarfuse.fusion.types import Segment, Transcript, Word

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def meeting():
    return sf.read(EXAMPLES / "meeting.wav", dtype="float32")[0]


@pytest.fixture(scope="module")
def lines():
    turns = [line.split() for line in (EXAMPLES / "meeting.rttm").read_text().splitlines()]
    texts = (EXAMPLES / "meeting.txt").read_text().splitlines()
    return tuple(
        Segment(float(turn[3]), float(turn[3]) + float(turn[4]), text.partition(": ")[2])
        for turn, text in zip(turns, texts, strict=True)
    )


@pytest.fixture
def no_package(monkeypatch):
    """Nor an aligner that was loaded before."""
    monkeypatch.setitem(sys.modules, "pocketsphinx", None)
    monkeypatch.setattr(module, "_IDLE", queue.SimpleQueue())


def check_words(segment):
    assert "".join(word.text for word in segment.words) == segment.text
    edges = [time for word in segment.words for time in (word.start, word.end)]
    assert all(before <= after for before, after in pairwise(edges))
    assert segment.start <= edges[0]
    assert edges[-1] <= segment.end


def test_every_word_is_aligned(meeting, lines):
    calls, lines = [], lines[:10]
    found = align(Transcript(lines, "en", 86.0), meeting, on_progress=lambda *call: calls.append(call))
    for before, after in zip(lines, found.segments, strict=True):
        check_words(after)
        assert (after.start, after.end, after.text) == (before.start, before.end, before.text)
    assert {word.timing for word in found.words} == {"aligned"}
    assert found.notes == ()
    assert calls == [("align", done, len(lines)) for done in range(len(lines) + 1)]


def test_lines_aligned_ahead_are_those_aligned_afterwards(meeting, lines, monkeypatch):
    few = lines[:3]
    afterwards = align(Transcript(few, "en", 86.0), meeting)
    with Ahead(meeting, "en") as ahead:
        for line in few:
            ahead.hear(line)
        with monkeypatch.context() as patched:
            patched.setattr("diarfuse.asr_adapters.align._aligner", None)  # nothing is aligned again
            assert align(Transcript(few, "en", 86.0), meeting, ahead=ahead) == afterwards
        fewer = align(Transcript(few[:2], "en", 86.0), meeting, ahead=ahead)
        german = align(Transcript(few, "de", 86.0), meeting, ahead=ahead)
    assert fewer.segments == afterwards.segments[:2]  # anew, since other lines were heard
    assert {word.timing for word in german.words} == {"estimated"}


@pytest.mark.usefixtures("no_package")
def test_an_aligner_that_cannot_be_loaded_is_told_as_ever(meeting, lines, monkeypatch):
    monkeypatch.setattr("diarfuse.asr_adapters.align.find_spec", lambda _: True)
    with Ahead(meeting, "en") as ahead:
        ahead.hear(lines[0])
        found = align(Transcript(lines[:1], "en", 86.0), meeting, ahead=ahead)
    assert found.notes == ("Word times are estimated: alignment needs pip install 'diarfuse[offline]'.",)


def test_an_aligner_that_is_lent_on_gives_what_a_new_one_would(meeting, lines, monkeypatch):
    """It remembers the sound, and the words it was taught: an unknown one is spelled in capitals."""
    monkeypatch.setattr(module, "_IDLE", queue.SimpleQueue())
    first = Transcript((replace(lines[0], text=lines[0].text.replace("Good", "gudd")), lines[1]), "en", 86.0)
    second = Transcript((replace(lines[0], text=lines[0].text.replace("Good", "GUDD")),), "en", 86.0)
    loaded = []
    monkeypatch.setattr(module, "Aligner", lambda: loaded.append(Aligner()) or loaded[-1])
    alone = align(second, meeting)
    before = align(first, meeting)
    with Ahead(meeting, "en") as ahead:
        ahead.hear(second.segments[0])
        assert align(second, meeting, ahead=ahead) == alone
    assert align(first, meeting) == before
    assert {word.timing for word in (*alone.words, *before.words)} == {"aligned"}
    assert len(loaded) == 1
    both = Transcript((*first.segments, *second.segments), "en", 86.0)
    assert align(both, meeting).segments[2] != alone.segments[0]  # so there was something to forget


def test_what_is_not_aligned_yet_is_given_up(meeting, lines):
    with Ahead(meeting, "en") as ahead:
        for line in lines:
            ahead.hear(line)
    assert any(aligned.cancelled() for _, aligned in ahead._lines)


def test_edges_lie_close_to_the_truth(shared):
    samples, rate = sf.read(shared / "audio/sim/sim_dev_2spk.flac", dtype="float32")
    rows = [row.split() for row in (shared / "audio/sim/sim_dev_2spk.ctm").read_text().splitlines()]
    aligner, errors = Aligner(), []
    for row in (shared / "audio/sim/sim_dev_2spk.stm").read_text().splitlines()[:12]:
        _, _, speaker, start, end, *text = row.split()
        truth = [
            (float(r[2]), float(r[2]) + float(r[3]))
            for r in rows
            if r[1] == speaker and float(start) <= float(r[2]) < float(end)
        ]
        found = aligner.times(
            samples[round(float(start) * rate) : round(float(end) * rate)], split_text(" ".join(text))
        )
        errors += [
            abs(float(start) + at - want)
            for span, wants in zip(found, truth, strict=True)
            for at, want in zip(span, wants, strict=True)
        ]
    assert np.median(errors) < 0.03
    assert np.percentile(errors, 90) < 0.1


def test_numbers_names_and_dashes_find_their_place(meeting, lines):
    # "nine" is written as a digit, "Colin" stands in no dictionary under that spelling, a dash is silent.
    text = lines[1].text.replace("nine", "9").replace(", and", " \u2014 and").replace("finished", "Fynysht")
    (segment,) = align(Transcript((Segment(lines[1].start, lines[1].end, text),), "en", 86.0), meeting).segments
    (plain,) = align(Transcript((lines[1],), "en", 86.0), meeting).segments
    check_words(segment)
    assert {word.text.strip() for word in segment.words if word.timing == "estimated"} == {"\u2014"}
    spoken = [word for word in segment.words if word.timing == "aligned"]
    assert max(abs(a.start - b.start) for a, b in zip(spoken, plain.words, strict=True)) <= 0.1


def test_words_that_do_not_fit_the_sound_are_estimated(meeting):
    text = "far too many words for so short a piece of sound to hold them all at once"
    (segment,) = align(Transcript((Segment(1.0, 1.2, text),), "en", 86.0), meeting).segments
    check_words(segment)
    assert {word.timing for word in segment.words} == {"estimated"}


def test_another_language_is_estimated_and_says_so(meeting):
    found = align(Transcript((Segment(1.0, 3.0, "Guten Tag"),), "de", 86.0), meeting)
    assert [(word.start, word.end, word.timing) for word in found.words] == [
        (1.0, 2.25, "estimated"),
        (2.25, 3.0, "estimated"),
    ]
    assert "'de'" in found.notes[0]


@pytest.mark.usefixtures("no_package")
def test_a_missing_aligner_is_estimated_and_names_the_pip_line(meeting):
    found = align(Transcript((Segment(1.0, 3.0, "Good morning"),), "en", 86.0), meeting)
    assert {word.timing for word in found.words} == {"estimated"}
    assert "diarfuse[offline]" in found.notes[0]


def test_words_that_are_there_stay(meeting):
    transcript = Transcript((Segment(0, 1, "Hm", (Word(0, 1, "Hm"),)), Segment(2, 2, " ")), "en", 86.0)
    assert align(transcript, meeting) is transcript


def test_lines_outside_the_audio_are_estimated(meeting):
    (segment,) = align(Transcript((Segment(500.0, 501.0, "nobody there"),), "en", 86.0), meeting).segments
    check_words(segment)
    assert {word.timing for word in segment.words} == {"estimated"}
