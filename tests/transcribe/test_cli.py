"""The command as a process: help, the main job without models, a foreign recogniser, Ctrl-C, and off means off."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

import diarfuse
from diarfuse.asr_adapters.words_json import WordsJson
from diarfuse.exporters import registry
from diarfuse.fusion.audio import load_audio
from diarfuse.fusion.document import Document, read_document
from diarfuse.transcribe.__main__ import run
from diarfuse.transcribe.documents.origin import recording_of
from tests.programs import started, with_packages

PYTHON = [sys.executable, "-m", "diarfuse"]
HEAVY = ("numpy", "scipy", "onnxruntime", "faster_whisper", "rich", "soundfile", "av")
NOT_TO_DIARIZE = (
    *("onnx", "scipy.ndimage", "av", "soxr", "rich", "huggingface_hub"),
    *("faster_whisper", "moonshine_voice", "pocketsphinx", "diarfuse.transcribe.channels", "diarfuse.fusion.join"),
)
"""What takes time to import, and what no run of `transcribe diarize` on a WAV file of 16 kHz needs."""

FOREIGN = '''
import pathlib, time
from diarfuse.fusion.types import Segment, Transcript

class Slow:
    """Sits in one long call that no exception reaches, as a native engine does."""

    def transcribe(self, samples, *, language=None, on_progress=None):
        pathlib.Path("started").touch()
        time.sleep(6000)

class Parrot:
    def __init__(self, says="Hello."):
        self.says = says

    def transcribe(self, samples, *, language=None, on_progress=None):
        return Transcript((Segment(0.0, 1.0, self.says),), language, len(samples) / 16000)
'''


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a recording, words for it, and a package that brings recognisers of its own."""
    monkeypatch.chdir(tmp_path)
    noise = np.random.default_rng(0).standard_normal(32_000) * 0.05
    soundfile.write("good.wav", noise.astype(np.float32), 16_000)
    words = [{"word": " Hello", "start": 0.1, "end": 0.4, "score": 0.9}, {"word": " there."}]
    Path("words.json").write_text(json.dumps({"segments": [{"words": words}], "language": "en"}), encoding="utf-8")
    info = tmp_path / "foreign-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: foreign\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(
        "[diarfuse.recognizers]\nslow = foreign:Slow\nparrot = foreign:Parrot\n", encoding="utf-8"
    )
    (tmp_path / "foreign.py").write_text(FOREIGN, encoding="utf-8")
    return tmp_path


def environment(folder: Path) -> dict[str, str]:
    return with_packages(folder) | {"PYTHONIOENCODING": "utf-8"}


def command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: PLW1510  # the exit code is what is tested
        [*PYTHON, *arguments],
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=600,
        stdin=subprocess.DEVNULL,
    )


def test_help_imports_nothing_heavy(folder: Path) -> None:
    code = (
        "import diarfuse, sys\nfrom diarfuse.transcribe.__main__ import run\nassert run(['--help']) == 0\n"
        f"print(sorted(set({HEAVY!r}) & set(sys.modules)), diarfuse.__file__, file=sys.stderr)"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], env=environment(folder), capture_output=True, text=True, timeout=600, check=True
    )
    assert shown.stderr == f"[] {diarfuse.__file__}\n", "in the code that is tested, and in no other"
    for part in (
        "--diarize",
        "--num-speakers",
        "doctor",
        "transcribe --diarize meeting.wav -o meeting.srt",
    ):
        assert part in shown.stdout


def test_diarizing_imports_only_what_it_needs(folder: Path, models_dir: Path) -> None:
    code = (
        "import sys\nfrom diarfuse.transcribe.__main__ import run\n"
        f"run(['diarize', 'good.wav', '--diarizer', 'campplus', '--models-dir', {str(models_dir)!r}, '--offline'])\n"
        f"print(sorted(set({NOT_TO_DIARIZE!r}) & set(sys.modules)))\nassert 'onnxruntime' in sys.modules"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], env=environment(folder), capture_output=True, text=True, timeout=600, check=True
    )
    assert shown.stdout.splitlines()[-1] == "[]"


def test_a_foreign_recogniser_and_its_options(folder: Path) -> None:
    done = command(
        folder, "--asr", "parrot", "--asr-option", "says=Good day.", "good.wav", "-o", "a.vtt", "-o", "-", "-v"
    )
    assert done.returncode == 0
    assert done.stdout == "Good day.\n"
    assert "recognise" in done.stderr
    assert (folder / "a.vtt").read_text(encoding="utf-8").startswith("WEBVTT")


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
def test_stopping_does_not_wait_for_a_native_call(folder: Path, stop: signal.Signals) -> None:
    with started(
        [*PYTHON, "--asr", "slow", "good.wav", "-o", "a.srt"],
        cwd=folder,
        env=environment(folder),
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        for _ in range(600):
            if (folder / "started").exists():
                break
            time.sleep(0.1)
        before = {path.name for path in folder.iterdir()}
        process.send_signal(stop)
        _, err = process.communicate(timeout=600)  # the recogniser would take 6000 s
    assert process.returncode == 130
    assert err.splitlines()[-1] == "Stopped: nothing is half-written."
    assert "" not in err.splitlines()
    assert "Traceback" not in err
    assert {path.name for path in folder.iterdir()} == before


def test_stopping_while_the_program_is_loaded_is_no_accident(folder: Path) -> None:
    code = (
        "import builtins\nreal = builtins.__import__\n"
        "def load(name, *rest, **more):\n    if name == 'click': raise KeyboardInterrupt\n"
        "    return real(name, *rest, **more)\n"
        "builtins.__import__ = load\nfrom diarfuse.transcribe.__main__ import main\nmain(['--help'])"
    )
    done = subprocess.run(  # noqa: PLW1510  # the exit code is what is tested
        [sys.executable, "-c", code], env=environment(folder), capture_output=True, text=True, timeout=600
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "Stopped: nothing is half-written.\n")


def test_without_diarize_every_format_is_the_recognisers_own(folder: Path) -> None:
    own = WordsJson("words.json").transcribe(load_audio("good.wav"))
    wanted = [name for name in registry.names() if registry.exporter(name).NEEDS != "turns"]
    arguments = [part for name in wanted for part in ("-o", f"out{registry.ending(name)}")]
    assert run(["--asr", "words-json", "--model", "words.json", "good.wav", *arguments]) == 0
    document = Document(own, name="good", recording=recording_of(Path("good.wav"), own.duration))
    for name in wanted:
        written = (folder / f"out{registry.ending(name)}").read_bytes()
        if name == "json":
            assert read_document(folder / "out.json").transcript == own
        elif name != "html":  # which plays the recording
            content = registry.dumps(document, name)
            assert written == (content.encode() if isinstance(content, str) else content)
        assert b"SPEAKER_0" not in written


def test_one_files_words_for_several_recordings_are_told_of(folder: Path, capsys) -> None:
    (folder / "two.wav").write_bytes((folder / "good.wav").read_bytes())
    assert run(["--asr", "words-json", "--model", "words.json", "good.wav", "two.wav", "-o", f"{folder}/out/"]) == 0
    assert capsys.readouterr().err.count("The words of words.json are given to each of the 2 recordings.") == 2
    assert run(["batch", "good.wav", "two.wav", "--asr=words-json", "--model=words.json", "-o", "o", "--dry-run"]) == 0
    assert "The words of words.json are given to every recording." in capsys.readouterr().err


def test_a_closed_pipe_is_no_error(folder: Path) -> None:
    shell = f'"{sys.executable}" -m diarfuse --asr parrot good.wav --format json | true'
    done = subprocess.run(  # noqa: S602, PLW1510  # a shell's pipe is what is tested
        shell, shell=True, cwd=folder, env=environment(folder), capture_output=True, text=True, timeout=600
    )
    assert done.stderr == ""


def test_doctor_reports_and_names_remedies(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = run(["doctor", "--models-dir", str(folder / "store")])
    out = capsys.readouterr().out
    assert "community-1: not on disk" in out
    assert code == (1 if "FAIL" in out else 0)
    assert out.count("FAIL") == out.count("remedy: ")
