from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarfuse.fusion.join.channels import Channel, merge_channels, turns_of, voices
from diarfuse.fusion.types import Diarization, Segment, SpeakerShare, Transcript, Turn, Word


def said(*words, language="en"):
    """A transcript with one segment a word: (start, end, text)."""
    segments = tuple(Segment(start, end, text, (Word(start, end, text),)) for start, end, text in words)
    return Transcript(segments, language, max((end for _, end, _ in words), default=0.0))


def test_channels_are_merged_in_time_and_each_word_says_why():
    customer = said((0.0, 1.0, "Hello?"), (4.0, 5.0, "Yes."))
    agent = said((1.5, 2.5, "Good day."), (4.5, 6.0, "Fine."))
    merged, turns = merge_channels([Channel(customer), Channel(agent)])
    assert [(s.text, s.speaker) for s in merged.segments] == [
        ("Hello?", "SPEAKER_00"),
        ("Good day.", "SPEAKER_01"),
        ("Yes.", "SPEAKER_00"),
        ("Fine.", "SPEAKER_01"),
    ]
    why = merged.words[1].attribution
    assert (why.reason, why.confidence, why.detail, why.others) == ("channel", 1.0, "spoken on channel 2", ())
    assert merged.words[2].attribution.others == (SpeakerShare("SPEAKER_01", 0.5),)
    assert merged.words[3].attribution.others == (SpeakerShare("SPEAKER_00", pytest.approx(1 / 3)),)
    assert merged.duration == 6.0
    assert [(t.start, t.end, t.speaker[-1]) for t in turns] == [
        (0, 1, "0"),
        (1.5, 2.5, "1"),
        (4, 5, "0"),
        (4.5, 6, "1"),
    ]


def test_a_silent_channel_keeps_its_label():
    merged, turns = merge_channels([Channel(said(language=None)), Channel(said((1.0, 2.0, "Alone.")))])
    assert {word.speaker for word in merged.words} == {"SPEAKER_01"} == {turn.speaker for turn in turns}
    assert merged.language == "en"


def test_no_channels_are_an_empty_transcript():
    assert merge_channels([]) == (Transcript((), None, 0.0), ())


def test_a_shared_channel_is_joined_to_its_voices_and_the_numbers_run_on():
    room = said((0.0, 3.0, "One."), (4.0, 7.0, "Two."))
    turns = (Turn(0.0, 3.0, "SPEAKER_00"), Turn(4.0, 7.0, "SPEAKER_01"))
    shared = Channel(room, Diarization(turns, turns, 8.0))
    merged, found = merge_channels([shared, Channel(said((7.5, 8.0, "Three.")))])
    assert [word.speaker for word in merged.words] == ["SPEAKER_00", "SPEAKER_01", "SPEAKER_02"]
    assert [word.attribution.reason for word in merged.words] == ["overlap", "overlap", "channel"]
    assert [turn.speaker for turn in found] == ["SPEAKER_00", "SPEAKER_01", "SPEAKER_02"]


def test_sentences_with_guessed_times_stay_whole_on_a_shared_channel():
    texts = ("We", " met", " him", " today.", " Did", " you?")  # 'today.' is guessed to lie in the other's turn
    words = tuple(Word(i * 1.5, (i + 1) * 1.5, text, timing="estimated") for i, text in enumerate(texts))
    turns = (Turn(0.0, 4.5, "A"), Turn(4.5, 9.0, "B"))
    room = Transcript((Segment(0.0, 9.0, "".join(texts), words),), "en", 9.0)
    merged, _ = merge_channels([Channel(room, Diarization(turns, turns, 9.0))])
    assert [word.speaker for word in merged.words] == ["SPEAKER_00"] * 4 + ["SPEAKER_01"] * 2


def test_a_cough_does_not_make_a_channel_shared():
    turns = (Turn(0.0, 30.0, "SPEAKER_00"), Turn(30.0, 31.0, "SPEAKER_01"))
    diarization = Diarization(turns, turns, 31.0)
    assert voices(diarization) == ("SPEAKER_00",)
    merged, _ = merge_channels([Channel(said((30.2, 30.8, "Ahem.")), diarization)])
    assert merged.words[0].speaker == "SPEAKER_00"
    assert merged.words[0].attribution.reason == "channel"


def test_turns_come_from_words_and_from_lines_without_any():
    timed = Segment(
        0.0, 9.0, "a b c d", (Word(0.0, 1.0, "a"), Word(1.4, 2.0, " b"), Word(None, None, " c"), Word(3.0, 4.0, " d"))
    )
    line = Segment(10.0, 12.0, "a line")
    found = turns_of(Transcript((timed, line), "en", 12.0), "SPEAKER_00")
    assert [(turn.start, turn.end) for turn in found] == [(0.0, 2.0), (3.0, 4.0), (10.0, 12.0)]


spoken = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 8), st.sampled_from("abc")), max_size=8).map(
    lambda words: said(*((float(start), float(start + length), text) for start, length, text in sorted(words)))
)


@given(st.lists(spoken, max_size=4))
def test_texts_and_times_leave_as_they_came_and_shares_are_the_overlap(transcripts):
    merged, turns = merge_channels([Channel(transcript) for transcript in transcripts])
    plain = [
        replace(s, speaker=None, words=tuple(Word(w.start, w.end, w.text) for w in s.words)) for s in merged.segments
    ]
    given_segments = [segment for transcript in transcripts for segment in transcript.segments]
    assert sorted(map(repr, plain)) == sorted(map(repr, given_segments))
    assert [segment.start for segment in merged.segments] == sorted(segment.start for segment in given_segments)
    for word in merged.words:
        for other in word.attribution.others:
            overlap = sum(
                max(0.0, min(word.end, turn.end) - max(word.start, turn.start))
                for turn in turns
                if turn.speaker == other.speaker
            )
            assert other.share == pytest.approx(overlap / (word.end - word.start))
