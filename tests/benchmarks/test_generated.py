"""The generator of conversations: seeded, nothing twice, speakers of one fold, exact truth."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile

from benchmarks.generated import __main__ as generated
from benchmarks.generated.acoustics import CHANNELS, Room, transmit
from benchmarks.generated.layout import lay_out, overlap_share, plans
from benchmarks.generated.material import Clip, Piece, pieces_of, read_folds
from benchmarks.generated.truth import turns_of, words_of, write_truth

RATE = 16_000


def _clip(speaker: str, number: int) -> Clip:
    """Eight words in four phrases, 12 s."""
    speech = tuple((3.0 * i + 0.2, 3.0 * i + 2.4) for i in range(4))
    words = tuple((a + 1.1 * k, a + 1.1 * k + 1.0, f"w{k}") for a, _ in speech for k in (0, 1))
    return Clip(f"{speaker}/{number}.flac", speaker, 12.0, speech, words)


def _people(count: int) -> dict[str, list[Clip]]:
    return {f"p{i}": [_clip(f"p{i}", k) for k in range(3)] for i in range(count)}


def test_plans_are_at_least_sixty_and_cover_what_is_asked() -> None:
    every = plans()
    assert len(every) >= 60
    assert {plan.speakers for plan in every} >= {2, 3, 4, 5, 6, 8, 10}
    assert {plan.overlap for plan in every} >= {0.0, 0.3}
    assert len({plan.seed for plan in every}) == len({plan.name for plan in every}) == len(every)


@pytest.mark.parametrize("plan", plans()[:16], ids=lambda plan: plan.name)
def test_no_part_of_a_clip_comes_twice_and_nobody_speaks_over_himself(plan) -> None:
    placements = lay_out(plan, _people(12))
    assert len({one.piece.clip.speaker for one in placements}) == plan.speakers
    by_clip: dict[str, list[Piece]] = {}
    for one in placements:
        by_clip.setdefault(one.piece.clip.file, []).append(one.piece)
    for pieces in by_clip.values():
        ordered = sorted(pieces, key=lambda piece: piece.start)
        assert all(a.end <= b.start + 1e-9 for a, b in itertools.pairwise(ordered))
    by_person: dict[str, list] = {}
    for one in placements:
        by_person.setdefault(one.piece.clip.speaker, []).append(one)
    for own in by_person.values():
        assert all(a.end <= b.at for a, b in itertools.pairwise(own))


def test_the_same_plan_gives_the_same_conversation_and_another_seed_another() -> None:
    first, second = plans()[5:7]
    assert lay_out(first, _people(12)) == lay_out(first, _people(12))
    assert lay_out(first, _people(12)) != lay_out(second, _people(12))


def test_overlap_is_near_what_the_plan_wants() -> None:
    found = [overlap_share(lay_out(plan, _people(12))) for plan in plans()[:16]]
    wanted = [plan.overlap for plan in plans()[:16]]
    assert np.corrcoef(found, wanted)[0, 1] > 0.8
    assert max(share for share, plan in zip(found, plans(), strict=False) if plan.overlap == 0) < 0.01


def test_pieces_cover_the_speech_once_but_for_scraps() -> None:
    clip = _clip("a", 0)
    for wanted in (0.4, 1.0, 3.0, 20.0):
        pieces = pieces_of(clip, iter([wanted] * 99))
        assert sum(len(piece.words) for piece in pieces) == len(clip.words)
        assert 8.8 - 0.2 * 4 < sum(b - a for piece in pieces for a, b in piece.speech) <= 8.8 + 1e-9


def test_truth_says_when_each_word_and_turn_is(tmp_path: Path) -> None:
    placements = lay_out(plans()[2], _people(4))
    write_truth(tmp_path / "x.wav", placements, 60.0, {"fold": 0})
    assert sum(b - a for a, b, _ in turns_of(placements)) == pytest.approx(
        sum(b - a for one in placements for a, b in one.speech)
    )
    words = words_of(placements)
    assert len((tmp_path / "x.ctm").read_text(encoding="utf-8").splitlines()) == len(words)
    turns = turns_of(placements)
    assert all(any(s <= (a + b) / 2 <= e and w == who for s, e, w in turns) for a, b, _, who in words)
    assert json.loads((tmp_path / "x.json").read_text(encoding="utf-8"))["all_speech_has_words"]


def test_folds_hold_every_speaker_once_and_those_of_sim_together(shared: Path) -> None:
    folds = read_folds()
    assert set(Counter(folds.values()).values()) == {10, 13}
    used = {
        line.split("\t")[1]
        for path in (shared / "audio/sim").glob("*.src.tsv")
        for line in path.read_text(encoding="utf-8").splitlines()[1:]
    }
    assert {folds[speaker] for speaker in used} == {0}


@pytest.mark.parametrize("channel", CHANNELS)
def test_every_line_keeps_length_and_speech(channel) -> None:
    rng = np.random.default_rng(3)
    speech = (0.2 * np.sin(2 * np.pi * 700 * np.arange(2 * RATE) / RATE)).astype(np.float32)
    heard = transmit(speech, channel, np.random.default_rng(1))
    assert heard.shape == speech.shape
    assert heard.dtype == np.float32
    assert abs(np.corrcoef(speech[4000:-4000], heard[4000:-4000])[0, 1]) > 0.5 or channel in {"mp3", "opus"}
    assert heard.std() == pytest.approx(speech.std(), rel=0.3)
    hiss = rng.standard_normal(2 * RATE).astype(np.float32) * 0.1
    spectrum = np.abs(np.fft.rfft(transmit(hiss, channel, np.random.default_rng(1)))) ** 2
    above = spectrum[2 * 6000 :].mean() / spectrum[2 * 1000 : 2 * 3000].mean()
    assert (above < 0.01) == (channel in {"telephone", "11k"}) or channel in {"mp3", "opus"}


def test_a_room_without_echo_changes_nothing_and_one_with_adds_a_tail() -> None:
    rng = np.random.default_rng(0)
    assert Room(0.0, None).place(rng).tolist() == [1.0]
    response = Room(0.4, None).place(rng)
    assert len(response) == int(0.4 * RATE)
    assert 0.03 < float((response[1:] ** 2).sum()) < 0.5


def test_a_conversation_is_written_with_all_its_forms(tmp_path: Path) -> None:
    voices = tmp_path / "voices"
    clips = [clip for person in _people(3).values() for clip in person]
    rng = np.random.default_rng(0)
    for clip in clips:
        (voices / clip.file).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(voices / clip.file, 0.1 * rng.standard_normal(12 * RATE), RATE)
    placements = lay_out(plans()[0], _people(3))
    mix, _ = generated.render(placements, voices, seed=4)
    again, _ = generated.render(placements, voices, seed=4)
    assert np.array_equal(mix, again)
    assert 0.3 < float(np.abs(mix).max()) < 1.0
    first = placements[0]
    silence = mix[: round((first.at + first.speech[0][0] - first.at) * RATE) - 1]
    assert silence.size == 0 or float(np.abs(silence).max()) < float(np.abs(mix).max())


def test_recordings_go_through_lines_with_their_truth(tmp_path: Path) -> None:
    folder = tmp_path / "talk"
    folder.mkdir()
    with pytest.raises(SystemExit, match=r"No audio with an \.rttm"):
        generated.write_lines(folder, tmp_path)
    samples = np.random.default_rng(0).standard_normal(RATE // 2) / 10
    soundfile.write(folder / "a.flac", samples, RATE)
    (folder / "a.rttm").write_text("SPEAKER a 1 0.000 0.500 <NA> <NA> x <NA> <NA>\n", encoding="utf-8")
    generated.write_lines(folder, tmp_path)
    for name in ("talk-telephone", "talk-noise"):
        heard, _ = soundfile.read(tmp_path / name / "a.wav")
        assert len(heard) == len(samples)
        assert np.abs(heard - samples).max() > 0.01
        assert (tmp_path / name / "a.rttm").read_text() == (folder / "a.rttm").read_text()
