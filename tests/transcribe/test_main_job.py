"""The main job on the example with the real diarizer; the words are the true ones, spread over the true turns."""

from __future__ import annotations

import json
import re
from itertools import pairwise, permutations
from pathlib import Path

import pytest
import srt

from diarfuse.transcribe.__main__ import run

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture(scope="module")
def truth() -> list[dict[str, object]]:
    """Every word of the example with its times and its true speaker."""
    turns = [line.split() for line in (EXAMPLES / "meeting.rttm").read_text(encoding="utf-8").splitlines()]
    texts = [line.split(": ", 1)[1].split() for line in (EXAMPLES / "meeting.txt").read_text("utf-8").splitlines()]
    words = []
    for turn, text in zip(turns, texts, strict=True):
        start, length = float(turn[3]), float(turn[4])
        for index, word in enumerate(text):
            at = start + length * index / len(text)
            words.append({"word": f" {word}", "start": at, "end": at + length / len(text), "truth": turn[7]})
    return words


@pytest.fixture(scope="module")
def outputs(truth: list[dict[str, object]], models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one job's outputs, and in ``again/`` those of the same job done again."""
    folder = tmp_path_factory.mktemp("job")
    (folder / "again").mkdir()
    words = folder / "words.json"
    words.write_text(json.dumps({"segments": [{"words": truth}], "language": "en"}), encoding="utf-8")
    for out in (folder, folder / "again"):
        job = [
            "--diarize",
            "--num-speakers",
            "3",
            "--diarizer",
            "campplus",
            "--models-dir",
            str(models_dir),
            "--offline",
        ]
        formats = [part for name in ("srt", "json", "rttm", "vtt") for part in ("--format", name)]
        asr = ["--asr", "words-json", "--model", str(words)]
        assert run([*job, *asr, *formats, str(EXAMPLES / "meeting.wav"), "-o", str(out)]) == 0
    return folder


def test_the_right_words_get_the_right_speakers(outputs: Path, truth: list[dict[str, object]]) -> None:
    document = json.loads((outputs / "meeting.json").read_text(encoding="utf-8"))
    words = [word for segment in document["segments"] for word in segment["words"]]
    assert [word["word"] for word in words] == [word["word"] for word in truth]
    assert [word["start"] for word in words] == pytest.approx([word["start"] for word in truth], abs=5e-4)
    true = sorted({str(word["truth"]) for word in truth})
    right = max(
        sum(
            dict(zip(true, names, strict=True))[str(word["truth"])] == found["speaker"]
            for word, found in zip(truth, words, strict=True)
        )
        for names in permutations(document["speakers"])
    )
    assert len(document["speakers"]) == 3
    assert right / len(truth) >= 0.95
    assert all(word["attribution"]["reason"] != "none" for word in words)


def test_subtitles_hold_every_word_in_order(outputs: Path, truth: list[dict[str, object]]) -> None:
    cues = list(srt.parse((outputs / "meeting.srt").read_text(encoding="utf-8")))
    said = [re.sub(r"^SPEAKER_\d\d: ", "", cue.content) for cue in cues]
    assert " ".join(" ".join(said).split()) == " ".join(str(word["word"]).strip() for word in truth)
    shown = [cue.content.split(": ")[0] for cue in cues if cue.content.startswith("SPEAKER_0")]
    assert set(shown) == {"SPEAKER_00", "SPEAKER_01", "SPEAKER_02"}
    assert cues[0].content.startswith("SPEAKER_00: ")
    assert all(one.end <= two.start for one, two in pairwise(cues))


def test_the_same_job_gives_the_same_bytes(outputs: Path) -> None:
    for name in ("meeting.srt", "meeting.json", "meeting.rttm", "meeting.vtt"):
        assert (outputs / name).read_bytes() == (outputs / "again" / name).read_bytes()


def test_silence_gives_empty_results(models_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import numpy as np
    import soundfile

    monkeypatch.chdir(tmp_path)
    soundfile.write("silence.wav", np.zeros(48_000, np.float32), 16_000)
    soundfile.write("blip.wav", np.full(800, 0.1, np.float32), 16_000)
    options = ["--diarizer", "campplus", "--models-dir", str(models_dir), "--offline"]
    assert run(["diarize", *options, "silence.wav", "blip.wav", "-o", "./", "--format", "rttm"]) == 0
    assert Path("silence.rttm").read_text(encoding="utf-8") == ""
    assert run(["--diarize", "--asr", "faster-whisper", *options, "silence.wav", "-o", "silence.srt"]) == 0
    assert Path("silence.srt").read_text(encoding="utf-8") == ""
