"""Names that the user gives to labels: put where they belong, and told of where they cannot be."""

from __future__ import annotations

import pytest

from diarfuse.fusion.naming.labels import name_labels, name_turns
from diarfuse.fusion.types import Attribution, Diarization, Segment, SpeakerShare, Transcript, Turn, Word

TURNS = (Turn(0, 2, "SPEAKER_00"), Turn(1, 4, "SPEAKER_01"))
FOUND = Diarization(TURNS, TURNS, 4.0, ("already said",))
WHY = Attribution("overlap", 0.7, (SpeakerShare("SPEAKER_01", 0.3),))
WORD = Word(0.5, 1.5, "Hi", speaker="SPEAKER_00", attribution=WHY)
SAID = Transcript((Segment(0, 2, "Hi", (WORD,), "SPEAKER_00"),), "en", 4.0)


def test_words_turns_and_reasons_get_the_names() -> None:
    transcript, diarization = name_labels(SAID, FOUND, {"SPEAKER_00": "Ana", "SPEAKER_01": "Ben B."})
    (segment,) = transcript.segments
    assert (segment.speaker, segment.words[0].speaker) == ("Ana", "Ana")
    assert segment.words[0].attribution is not None
    assert segment.words[0].attribution.others[0].speaker == "Ben B."
    assert [(turn.start, turn.speaker) for turn in diarization.turns] == [(0, "Ana"), (1, "Ben B.")]
    assert (transcript.notes, diarization.notes) == ((), ("already said",))


def test_names_are_compared_however_their_accents_are_composed() -> None:
    zoe = Diarization((Turn(0, 2, "Zo\xe9"), Turn(1, 4, "Ben")), (), 4.0)
    assert name_turns(zoe, {"Zoe\u0301": "Ana"}).speakers == ("Ana", "Ben")
    assert name_turns(zoe, {"Ben": "Zoe\u0301"}).notes == ("Ben stays: Zoe\u0301 is another speaker here already.",)


@pytest.mark.parametrize(
    ("names", "speakers", "told"),
    [
        ({}, ("SPEAKER_00", "SPEAKER_01"), ()),
        ({"SPEAKER_01": "Ana"}, ("Ana", "SPEAKER_00"), ()),
        ({"SPEAKER_00": "SPEAKER_01", "SPEAKER_01": "SPEAKER_00"}, ("SPEAKER_00", "SPEAKER_01"), ()),
        ({"SPEAKER_00": "SPEAKER_00"}, ("SPEAKER_00", "SPEAKER_01"), ()),
        (
            {"SPEAKER_05": "Zoe", "SPEAKER_00": "Ana"},
            ("Ana", "SPEAKER_01"),
            ("Nobody is called SPEAKER_05 here, whom --name calls Zoe.",),
        ),
        (
            {"SPEAKER_00": "SPEAKER_01"},
            ("SPEAKER_00", "SPEAKER_01"),
            ("SPEAKER_00 stays: SPEAKER_01 is another speaker here already.",),
        ),
    ],
)
def test_what_cannot_be_named_is_told_of(names, speakers, told) -> None:
    named = name_turns(FOUND, names)
    assert named.speakers == speakers
    assert named.notes == ("already said", *told)
    assert len(named.turns) == 2
