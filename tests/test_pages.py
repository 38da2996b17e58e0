"""The pages for each kind of reader: every command in them runs, in their order, as it stands there.

The recordings are seconds of the example under the pages' names; the recogniser is one of another package that needs
no model, so that nothing is waited for. The diarizer is real.
"""

from __future__ import annotations

import glob
import json
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import av
import docx
import numpy as np
import onnx
import pytest
import soundfile
from pympi import Eaf

from diarfuse.diarize.models import campplus
from diarfuse.diarize.models.carrying import export_packs
from diarfuse.diarize.models.store import Store
from diarfuse.fusion.document import read_document
from diarfuse.transcribe.__main__ import run
from tests.programs import started, with_packages
from tests.transcribe.batch.conftest import begin_quickly

ROOT = Path(__file__).resolve().parent.parent
PAGES = ("podcast", "research", "call-centre", "another-recogniser", "air-gapped")
SPELLER = '''
from diarfuse.fusion.types import Segment, Transcript, Word

class Speller:
    """A word for every half second in which there is sound."""

    def transcribe(self, samples, *, language=None, on_progress=None):
        words = tuple(
            Word(at / 16000, at / 16000 + 0.45, f" word{at // 8000}")
            for at in range(0, len(samples) - 7999, 8000)
            if abs(samples[at : at + 8000]).mean() > 0.005
        )
        segments = (Segment(words[0].start, words[-1].end, "".join(w.text for w in words), words),) if words else ()
        return Transcript(segments, "en", len(samples) / 16000)
'''


@pytest.fixture
def folder(tmp_path: Path, models_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the reader of a page sits: the recordings, another recogniser's words, settings of one's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DIARFUSE_MODELS_DIR", str(models_dir))
    monkeypatch.setenv("DIARFUSE_CONFIG_DIR", str(tmp_path / "settings"))
    packages = tmp_path / "packages"
    (packages / "speller-1.0.dist-info").mkdir(parents=True)
    (packages / "speller-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: speller\nVersion: 1.0\n")
    (packages / "speller-1.0.dist-info" / "entry_points.txt").write_text(
        "[diarfuse.recognizers]\nspeller = speller:Speller\n"
    )
    (packages / "speller.py").write_text(SPELLER)
    monkeypatch.syspath_prepend(str(packages))
    monkeypatch.setenv("PYTHONPATH", with_packages(packages)["PYTHONPATH"])
    (tmp_path / "settings").mkdir()
    (tmp_path / "settings" / "diarfuse.toml").write_text('asr = "speller"\ndiarizer = "campplus"\n')
    recordings()
    return tmp_path


@pytest.fixture
def machines(folder: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where one pulls and carries: models of one's own, for `pull` makes networks anew that other tests hear with.

    Its trunk in 8-bit integers, which takes three seconds to make, is the one that the user's store has.
    """
    made = onnx.load(str(store.load("campplus").graph("trunk", "int8")))
    monkeypatch.setattr(campplus, "with_integers", lambda _: made)
    export_packs(store, folder / "models", ["campplus"])
    monkeypatch.setenv("DIARFUSE_MODELS_DIR", str(folder / "models"))
    return folder


def recordings() -> None:
    samples, rate = soundfile.read(ROOT / "examples" / "meeting.wav", frames=12 * 16_000, dtype="float32")
    for name in ("episode.wav", "interview.wav", "meeting.wav"):
        soundfile.write(name, samples, rate)
    half = len(samples) // 2
    sides = np.zeros((len(samples), 2), np.float32)
    sides[:half, 0], sides[half:, 1] = samples[:half], samples[half:]
    soundfile.write("tracks.wav", sides, rate)
    for name, part in (("ana.wav", samples[:half]), ("ben.flac", samples[half:]), ("cy.ogg", samples[half // 2 :])):
        soundfile.write(name, part, rate)
    for name in ("calls", "legs", "mono"):
        Path(name).mkdir()
    for leg, side in zip(("in", "out"), sides.T, strict=True):
        soundfile.write(f"legs/4711-{leg}.wav", side, rate)
    Path("legs.jsonl").write_text(shown("call-centre", "json")[0], encoding="utf-8")
    soundfile.write("calls/call-1.wav", sides, rate)
    soundfile.write("calls/call-2.flac", sides[:, ::-1], rate)
    soundfile.write("mono/call-3.wav", samples[::2], rate // 2)
    with av.open("tracks.mka", "w") as file:
        streams = [file.add_stream("pcm_s16le", rate=rate, layout="mono") for _ in range(2)]
        for side, stream in enumerate(streams):
            frame = av.AudioFrame.from_ndarray((sides[None, :, side] * 32_767).astype(np.int16), "s16", "mono")
            frame.sample_rate = rate
            for packet in (*stream.encode(frame), *stream.encode(None)):
                file.mux(packet)
    Path("truth.rttm").write_text(
        "SPEAKER interview 1 0.0 6.0 <NA> <NA> a <NA> <NA>\nSPEAKER interview 1 6.0 6.0 <NA> <NA> b <NA> <NA>\n"
    )
    words = [{"word": f"word{n}", "start": n / 2, "end": n / 2 + 0.4, "score": 0.9} for n in range(2, 20)]
    text = " ".join(str(word["word"]) for word in words)
    said = {"segments": [{"start": 1.0, "end": 9.9, "text": text, "words": words}], "language": "en"}
    Path("whisperx.json").write_text(json.dumps(said))


def shown(page: str, language: str) -> list[str]:
    """The blocks of a page in a language."""
    text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def lines(page: str) -> list[str]:
    return [line for block in shown(page, "sh") for line in block.splitlines()]


def follow(line: str) -> None:
    """Do what `line` says, in this process where it ends by itself."""
    program, *words = shlex.split(line, comments=True)
    assert program == "transcribe"
    if words[0] == "open":  # until its reader closes the page, or presses Ctrl-C
        command = [sys.executable, "-m", "diarfuse.transcribe", *words, "--no-browser"]
        with started(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as opened:
            assert opened.stderr is not None
            assert "http://" in next(iter(opened.stderr))
            opened.send_signal(signal.SIGINT)
            opened.communicate(timeout=600)
        assert opened.returncode == 0
        return
    given = [found for word in words for found in (sorted(glob.glob(word)) if "*" in word else [word])]  # noqa: PTH207 - as a shell does
    assert run(given) == 0, line


@pytest.mark.parametrize("page", PAGES)
def test_every_command_runs(
    page: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    request: pytest.FixtureRequest,
) -> None:
    begin_quickly(monkeypatch)
    assert lines(page)[0].startswith("transcribe ")
    if page == "air-gapped":
        request.getfixturevalue("machines")
    for line in lines(page):
        if "models import" in line:  # from here on it is the other machine
            monkeypatch.setenv("DIARFUSE_MODELS_DIR", str(folder / "other machine"))
        follow(line)
        written = [word for word in shlex.split(line.partition(" -o ")[2]) if re.search(r"\w\.\w+$", word)]
        assert all(Path(name).stat().st_size > 0 for name in written if name not in ("-o", "--plot")), line
    capsys.readouterr()
    PROMISES[page]()


def podcast() -> None:
    assert "Ana" in read_document("episode.json").speakers
    assert "Ana" in "".join(paragraph.text for paragraph in docx.Document("episode.docx").paragraphs)


def research() -> None:
    tiers = Eaf("interview.eaf").get_tier_names()
    assert any("SPEAKER_00" in tier for tier in tiers)
    assert "P01" in Path("shared.json").read_text()
    assert "SPEAKER_00" not in Path("shared.json").read_text()


def call_centre() -> None:
    rows = Path("talk-times.csv").read_text().splitlines()
    assert sum("agent" in row for row in rows) == sum("customer" in row for row in rows) == 3


def another_recogniser() -> None:
    assert json.loads(Path("with-speakers.json").read_text())["segments"][0]["words"][0]["speaker"] == "SPEAKER_00"


def air_gapped() -> None:
    assert "SPEAKER_00: " in Path("meeting.srt").read_text()


PROMISES = {
    "podcast": podcast,
    "research": research,
    "call-centre": call_centre,
    "another-recogniser": another_recogniser,
    "air-gapped": air_gapped,
}


def test_the_readme_leads_to_every_page() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for page in (*PAGES, "api"):
        assert f"(docs/{page}.md)" in readme
