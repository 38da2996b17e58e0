"""From turns and audio to names: what the command line does between the diarizer and the subtitles."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from diarfuse.diarize.voiceprint import Voiceprint, gather
from diarfuse.fusion.errors import VoiceError
from diarfuse.fusion.naming.match import Gate, Voice
from diarfuse.fusion.types import Attribution, Diarization, Segment, Transcript, Turn, Word
from diarfuse.transcribe.voices.namer import Namer, clusters_of, load_namer, name_speakers, sentence

RATE = 16_000
GATE = Gate(threshold=0.9, margin=0.05, min_speech=2.0, same=0.9)


class PitchEmbedder:
    """A voice is the value that its samples have: 1, 2, 3 are three people."""

    space, pack = "pitch-1", "pitch"

    def embed(self, samples, spans):
        speech = gather(samples, spans)
        angle = float(np.median(speech)) * 0.7
        return Voiceprint(np.array([np.cos(angle), np.sin(angle)], np.float32), self.space, len(speech) / RATE)


def recording(*turns: tuple[float, float, str, int]) -> tuple[np.ndarray, tuple[Turn, ...]]:
    samples = np.zeros(int(max(end for _, end, _, _ in turns) * RATE), np.float32)
    for start, end, _, person in turns:
        samples[int(start * RATE) : int(end * RATE)] = person
    return samples, tuple(Turn(start, end, label) for start, end, label, _ in turns)


def voice(name: str, person: int) -> Voice:
    prototype = PitchEmbedder().embed(np.full(RATE, person, np.float32), [(0.0, 1.0)]).embedding
    return Voice(name, "pitch-1", (prototype,))


def test_clusters_rest_on_what_each_says_alone() -> None:
    samples, turns = recording((0, 4, "A", 1), (3, 6, "B", 2), (6, 6.1, "C", 3))
    a, b, c = clusters_of(samples, turns, PitchEmbedder())
    assert (a.speech, b.speech, c.speech) == (3.0, 2.0, 0.0)
    assert a.overlaps == {"B": 1.0}
    assert clusters_of(samples, (), PitchEmbedder()) == []


def test_names_reach_words_turns_and_notes() -> None:
    samples, turns = recording((0, 4, "SPEAKER_00", 1), (4, 8, "SPEAKER_01", 2), (8, 9, "SPEAKER_02", 3))
    words = tuple(
        Word(t.start, t.end, " hi", speaker=t.speaker, attribution=Attribution("overlap", 1.0)) for t in turns
    )
    transcript = Transcript(tuple(Segment(w.start, w.end, " hi", (w,), w.speaker) for w in words), "en", 9.0)
    namer = Namer(PitchEmbedder(), GATE, [voice("Ana", 1), voice("Cid", 3)])
    named, diarization = name_speakers(transcript, Diarization(turns, turns, 9.0), samples, namer)
    assert [segment.speaker for segment in named.segments] == ["Ana", "SPEAKER_01", "SPEAKER_02"]
    assert diarization.speakers == ("Ana", "SPEAKER_01", "SPEAKER_02")
    assert named.notes[0] == "SPEAKER_00 is Ana (matched 1.00)."
    assert named.notes[1].startswith("SPEAKER_01 stays (no match: ")
    assert named.notes[2] == "SPEAKER_02 stays (too short: 1.0 s of speech, 2 s are needed)."


def test_primary_names_one_person_only() -> None:
    samples, turns = recording((0, 4, "A", 1), (4, 8, "B", 2))
    namer = Namer(PitchEmbedder(), GATE, [voice("Ana", 1), voice("Ben", 2)], primary="ben")
    renames, namings = namer.names(samples, turns)
    assert renames == {"B": "Ben"}
    assert sentence(namings[1]) == "B is Ben (matched 1.00)."


def test_strangers_keep_a_label_over_files_beside_named_people() -> None:
    namer = Namer(PitchEmbedder(), GATE, [voice("Ana", 1)], link=True)
    first, _ = namer.names(*recording((0, 4, "SPEAKER_00", 1), (4, 8, "SPEAKER_01", 2)))
    second, _ = namer.names(*recording((0, 4, "SPEAKER_00", 2), (4, 8, "SPEAKER_01", 1), (8, 8.1, "SPEAKER_02", 3)))
    assert first == {"SPEAKER_00": "Ana", "SPEAKER_01": "SPEAKER_00"}
    assert second == {"SPEAKER_00": "SPEAKER_00", "SPEAKER_01": "Ana", "SPEAKER_02": "SPEAKER_01"}


def test_without_voices_nothing_is_named() -> None:
    samples, turns = recording((0, 4, "A", 1))
    assert Namer(PitchEmbedder(), GATE).names(samples, turns) == ({}, ())


def test_naming_needs_somebody_enrolled(store, tmp_path: Path) -> None:
    with pytest.raises(VoiceError, match="voice enroll NAME FILE"):
        load_namer(models_dir=store.root, offline=True, voices_dir=tmp_path)
    with pytest.raises(VoiceError, match="Nobody named 'Zoe' is enrolled"):
        load_namer(primary="Zoe", models_dir=store.root, offline=True, voices_dir=tmp_path)
    assert load_namer(identify_speakers=False, link=True, models_dir=store.root, offline=True).voices == []
