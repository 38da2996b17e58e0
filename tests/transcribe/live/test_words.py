from __future__ import annotations

from diarfuse.fusion.join.assign import assign_speakers
from diarfuse.fusion.types import Segment, Turn, Word
from diarfuse.transcribe.live.words import WordRevised, Words, WordSaid, to_json

HI = Segment(1.0, 2.0, " Hi there", (Word(1.0, 1.4, " Hi"), Word(1.5, 2.0, " there")))
ANA, BEN = "SPEAKER_00", "SPEAKER_01"


def test_words_are_said_once_and_only_change_hands():
    words = Words()
    words.hear([HI, Segment(3.0, 4.0, "Yes.")])
    assert list(words.commit(1.9, [Turn(0.0, 9.0, ANA)], anew=False)) == []
    said = list(words.commit(2.0, [Turn(0.0, 9.0, ANA)], anew=False))
    assert said == [WordSaid(0, 1.0, 1.4, " Hi", ANA), WordSaid(1, 1.5, 2.0, " there", ANA)]
    turns = [Turn(0.0, 1.45, ANA), Turn(1.45, 9.0, BEN)]
    changed = list(words.commit(4.0, turns, anew=False))
    assert changed == [WordRevised(1, BEN), WordSaid(2, 3.0, 4.0, "Yes.", BEN)]
    assert words.said[1].words[0].timing == "estimated"
    assert list(words.commit(100.0, [], anew=False)) == []  # too long ago
    assert [event.word for event in words.commit(100.0, [], anew=True)] == [2, 0, 1]
    assert to_json(said[0])["type"] == "word.said"
    assert to_json(changed[0]) == {"type": "word.revised", "word": 1, "speaker": BEN}


def test_sentences_begin_with_who_says_the_rest_as_in_a_file():
    words = Words()
    texts = ("Good", " night.", " Do", " you", " know?")
    words.hear([Segment(0.0, 2.5, "", tuple(Word(i / 2, i / 2 + 0.5, text) for i, text in enumerate(texts)))])
    said = words.commit(2.5, [Turn(0.0, 1.3, ANA), Turn(1.3, 9.0, BEN)], anew=False)
    assert [event.speaker for event in said] == [ANA, ANA, BEN, BEN, BEN]


def test_words_are_joined_again_only_where_turns_changed(monkeypatch):
    joined = []

    def join(bare, turns):
        joined.append(bare[0].text)
        return assign_speakers(bare, turns)

    monkeypatch.setattr("diarfuse.transcribe.live.words.assign_speakers", join)
    words = Words()
    words.hear([HI, Segment(30.0, 31.0, "Bye.", (Word(30.0, 31.0, "Bye."),))])
    list(words.commit(31.0, [Turn(0.0, 9.0, ANA), Turn(29.0, 31.0, ANA)], anew=False))
    assert joined == [" Hi", "Bye."]
    changed = list(words.commit(31.5, [Turn(0.0, 9.0, ANA), Turn(29.0, 31.0, BEN)], anew=True))
    assert changed == [WordRevised(2, BEN)]
    assert joined == [" Hi", "Bye.", "Bye."]
