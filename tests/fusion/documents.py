"""Documents for the tests of editing: any that can be, and one that reads like a meeting."""

from __future__ import annotations

from hypothesis import strategies as st

from diarfuse.fusion.document import Document, Origin, RecordedFile, Recording
from diarfuse.fusion.types import Attribution, Diarization, Segment, SpeakerShare, Transcript, Turn, Word

names = st.sampled_from(["SPEAKER_00", "SPEAKER_01", "Ana", "李雷", "Ben K."])
texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=8)
times = st.floats(0, 4000, allow_nan=False)
shares = st.builds(SpeakerShare, names, st.floats(0, 1))
attributions = st.builds(
    Attribution,
    st.sampled_from(["overlap", "nearest", "context", "channel", "edited", "none"]),
    st.floats(0, 1),
    st.lists(shares, max_size=2).map(tuple),
    texts,
)
words = st.builds(
    Word,
    st.none() | times,
    st.none() | times,
    texts,
    st.none() | st.floats(0, 1),
    st.sampled_from(["recognised", "aligned", "estimated"]),
    st.none() | names,
    st.none() | attributions,
    st.booleans(),
)
segments = st.builds(Segment, times, times, texts, st.lists(words, max_size=4).map(tuple), st.none() | names)
turns = st.builds(lambda start, length, who: Turn(start, start + length, who), times, st.floats(0, 60), names)
many_turns = st.lists(turns, max_size=4).map(tuple)
transcripts = st.builds(
    Transcript,
    st.lists(segments, max_size=4).map(tuple),
    st.none() | st.just("en"),
    times,
    st.lists(texts, max_size=2).map(tuple),
)
separate = st.just(()) | st.lists(st.builds(RecordedFile, texts, texts, times), min_size=2, max_size=3).map(tuple)
documents = st.builds(
    Document,
    transcripts,
    st.none() | st.builds(Diarization, many_turns, many_turns, times, st.lists(texts, max_size=1).map(tuple)),
    texts,
    st.none() | st.builds(Recording, texts, texts, times, separate),
    st.none() | st.builds(Origin, texts, st.dictionaries(texts, st.none() | texts), st.dictionaries(texts, texts)),
    st.lists(texts, max_size=2).map(tuple),
)
"""Any that can be, before it is edited."""


def line(start: float, text: str, speaker: str | None, *, lead: str = " ", confidence: float = 0.9) -> Segment:
    """A segment whose words take 0.4 s each, half a second apart."""
    why = None if speaker is None else Attribution("overlap", confidence)
    said = tuple(
        Word(start + index / 2, start + index / 2 + 0.4, lead + word, 0.9, speaker=speaker, attribution=why)
        for index, word in enumerate(text.split())
    )
    return Segment(start, start + len(said) / 2, lead + text, said, speaker)


MEETING = Document(
    Transcript(
        (
            line(0.0, "Hello there Anna. How are", "SPEAKER_00"),
            line(3.0, "you to day?", "SPEAKER_00"),
            line(5.0, "I am fine Anna Smith", "SPEAKER_01"),
            line(8.0, "really fine.", "SPEAKER_01", lead=""),
        ),
        "en",
        10.0,
    ),
    Diarization(
        (Turn(0.0, 4.8, "SPEAKER_00"), Turn(4.6, 9.0, "SPEAKER_01")),
        (Turn(0.0, 4.8, "SPEAKER_00"), Turn(4.8, 9.0, "SPEAKER_01")),
        10.0,
    ),
    "meeting",
    Recording("meeting.wav", "ab" * 32, 10.0),
    Origin("diarfuse 0.1.0", {"diarize": True}, {"segmentation": "cd" * 32}),
    ("A note.",),
)


def said(document: Document) -> list[tuple[str | None, str]]:
    """Who says what, line by line."""
    return [(segment.speaker, segment.text) for segment in document.transcript.segments]


def spoken(document: Document) -> list[tuple[float, float, str]]:
    """Who speaks when."""
    assert document.diarization is not None
    return [(round(t.start, 3), round(t.end, 3), t.speaker) for t in document.diarization.turns]
