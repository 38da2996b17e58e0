"""Doubtful places: what a join was not sure of, grouped, the most probable mistakes first."""

from __future__ import annotations

from dataclasses import replace

from diarfuse.fusion.document import Document
from diarfuse.fusion.editing.review import context, doubts
from diarfuse.fusion.types import Attribution, Segment, SpeakerShare, Transcript, Word
from tests.fusion.documents import MEETING, line


def unsure(document: Document, confidences: dict[int, float], why: Attribution) -> Document:
    """`document` with the words of these numbers less sure."""
    number, segments = 0, []
    for segment in document.transcript.segments:
        words = []
        for word in segment.words:
            if number in confidences:
                word = replace(word, attribution=replace(why, confidence=confidences[number]))  # noqa: PLW2901
            words.append(word)
            number += 1
        segments.append(replace(segment, words=tuple(words)))
    return replace(document, transcript=replace(document.transcript, segments=tuple(segments)))


WHY = Attribution("context", 0.5, (SpeakerShare("SPEAKER_01", 0.6), SpeakerShare("Cy", 0.1)), "because")


def test_places_are_runs_of_one_speaker_and_the_worst_come_first() -> None:
    seen = doubts(unsure(MEETING, {1: 0.4, 3: 0.5, 4: 0.3, 7: 0.5, 8: 0.5, 9: 0.89}, WHY).transcript)
    assert [(doubt.first, doubt.last) for doubt in seen] == [(3, 5), (8, 10), (1, 2), (7, 8)]
    worst = seen[0]
    assert (worst.start, worst.end, worst.speaker) == (1.5, 2.4, "SPEAKER_00")
    assert (worst.confidence, worst.reason, worst.detail) == (0.3, "context", "because")
    assert [other.speaker for other in worst.others] == ["SPEAKER_01", "Cy"]
    assert worst.wrong == 0.5 + 0.7


def test_what_is_sure_or_decided_or_never_asked_is_no_doubt() -> None:
    assert doubts(MEETING.transcript) == ()
    doubtful = unsure(MEETING, {3: 0.5, 4: 0.5}, WHY)
    assert doubts(doubtful.reassign("4-5", "SPEAKER_00").transcript) == ()
    assert doubts(Transcript((Segment(0.0, 1.0, "Hi", (Word(0.0, 1.0, "Hi"),)),), None, 1.0)) == ()
    assert doubts(Transcript((), None, 1.0)) == ()


def test_words_of_nobody_are_doubtful() -> None:
    why = Attribution("none", 0.0, (), "there are no turns")
    words = tuple(replace(word, speaker=None, attribution=why) for word in line(0.0, "One two.", "A").words)
    (found,) = doubts(Transcript((Segment(0.0, 1.0, " One two.", words),), "en", 1.0))
    assert (found.speaker, found.wrong, found.others) == (None, 2.0, ())


def test_a_place_is_shown_in_its_sentence() -> None:
    document = unsure(MEETING, {4: 0.5, 5: 0.5}, WHY)
    (found,) = doubts(document.transcript)
    assert context(document.content, found) == ("How", "are you", "to day?")
