from __future__ import annotations

import os
import re
import signal
import sys
from typing import TYPE_CHECKING

import numpy as np
import onnx
import pytest
import soundfile
from click.testing import CliRunner, Result

from diarfuse.diarize.models import campplus
from diarfuse.diarize.models.carrying import export_packs
from diarfuse.diarize.models.fetching import wheel
from diarfuse.diarize.models.store import Store
from diarfuse.fusion.errors import (
    CorruptModelError,
    ModelNotFoundError,
    OptionError,
    TranscriptError,
    UnknownNameError,
)
from diarfuse.transcribe.__main__ import run
from diarfuse.transcribe.commands.models import _labelled, models
from tests.diarize.tiny_embedder import tiny_embedder

if TYPE_CHECKING:
    from pathlib import Path


def invoke(*arguments: str | Path, **environment: str) -> Result:
    return CliRunner().invoke(models, [str(argument) for argument in arguments], env=environment)


def test_every_command_has_help_with_both_options() -> None:
    assert sorted(models.commands) == ["add", "export", "import", "list", "pull", "verify"]
    for name in models.commands:
        text = invoke(name, "--help").output
        assert "DIARFUSE_MODELS_DIR" in text
        assert "DIARFUSE_OFFLINE" in text


def test_list_of_an_empty_store(tmp_path: Path) -> None:
    result = invoke("list", "--models-dir", tmp_path)
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert lines[0].split() == ["pack", "on", "disk", "MB", "files", "what", "licence"]
    assert lines[1].split()[:4] == ["community-1", "no", "33", "pinned"]
    assert "CC-BY-4.0" in lines[1]
    assert lines[2].split()[:4] == ["campplus", "no", "34", "pinned"]
    assert [line.split()[0] for line in lines[3:6]] == ["audar-v1", "nemotron", "sortformer-v2.1"]
    assert lines[3].split()[1:3] == ["no", "?"]  # nobody has published its size
    assert lines[6] == f"in {tmp_path}"


def test_a_damaged_record_of_added_packs_is_told_beside_the_others(tmp_path: Path, capsys) -> None:
    (tmp_path / "yours.json").write_text("[]", encoding="utf-8")
    assert run(["models", "list", "--models-dir", str(tmp_path)]) == 1
    told = capsys.readouterr()
    assert "campplus" in told.out
    assert "yours.json is damaged" in told.err
    assert run(["doctor", "--models-dir", str(tmp_path)]) == 1
    told = capsys.readouterr()
    assert "FAIL  your packs: " in told.out
    assert "info  campplus: " in told.out


@pytest.mark.parametrize("columns", ["1", "20", "80", "120"])
def test_list_on_a_terminal_of_any_width_names_every_pack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert run(["models", "list", "--models-dir", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    for name in ("community-1", "campplus", "audar-v1", "nemotron", "sortformer-v2.1"):
        assert re.search(rf"^{name} +no +", shown, re.MULTILINE), shown


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("pull", "campplus"), ModelNotFoundError),
        (("pull", "auto"), ModelNotFoundError),
        (("pull", "camplus"), UnknownNameError),
        (("verify",), ModelNotFoundError),
        (("verify", "campplus"), CorruptModelError),
        (("export", "stick"), ModelNotFoundError),
        (("import", "stick"), ModelNotFoundError),
        (("add", "mine", "--embedding", "absent.onnx", "--segmentation", "campplus"), ModelNotFoundError),
        (("add", "campplus", "--embedding", __file__, "--segmentation", "campplus"), OptionError),
    ],
)
def test_what_cannot_be_done_is_an_error_of_ours(tmp_path: Path, arguments: tuple[str], error: type) -> None:
    result = invoke(*arguments, DIARFUSE_MODELS_DIR=str(tmp_path), DIARFUSE_OFFLINE="1")
    assert type(result.exception) is error
    assert not any(tmp_path.iterdir())


def test_carry_campplus_to_a_machine_without_a_network(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(campplus, "with_integers", lambda trunk: trunk)  # which takes three seconds
    stick, there = tmp_path / "stick", tmp_path / "there"
    steps = (
        (("export", stick, "campplus", "--models-dir", store.root), f"campplus copied to {stick}"),
        (("import", stick, "--models-dir", there), f"campplus copied to {there}"),
        (("verify", "--models-dir", there), "campplus: every file is as pinned"),
        (("pull", "campplus", "--offline", "--models-dir", there), f"campplus is ready in {there}"),
    )
    for arguments, said in steps:
        result = invoke(*arguments)
        assert (result.exit_code, result.output) == (0, said + "\n"), result.exception
    assert "Apache-2.0" in (stick / "campplus" / "NOTICE.txt").read_text()
    made = sorted(path.stem.split("-", 2)[2] for path in (there / "graphs").glob("*.onnx"))
    assert made == ["pooling", "segmentation", "segmentation-int8", "trunk", "trunk-int8"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_signal_ends_the_pip_that_fetches_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    (tmp_path / "pip.py").write_text(
        "import os, pathlib, signal, time\n"
        f"pathlib.Path({str(tmp_path / 'pid')!r}).write_text(str(os.getpid()))\n"
        f"os.kill(os.getppid(), signal.{name})\n"
        "time.sleep(10)\n"
    )
    monkeypatch.setattr(wheel, "_pip_environment", lambda _: os.environ | {"PYTHONPATH": str(tmp_path)})
    number = getattr(signal, name)
    before = signal.signal(number, lambda *_: None)  # which is to be replaced
    try:
        assert run(["models", "pull", "campplus", "--models-dir", str(tmp_path / "store")]) == 130
    finally:
        signal.signal(number, before)
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)
    assert list((tmp_path / "store" / "campplus").iterdir()) == []


def test_verify_names_what_is_damaged(tmp_path: Path, store: Store) -> None:
    export_packs(store, tmp_path, ["campplus"])
    Store(tmp_path, offline=True).load("campplus")
    weights = tmp_path / "campplus" / "segmentation" / "pytorch_model.bin"
    weights.write_bytes(b"")
    graph = next((tmp_path / "graphs").glob("*-trunk.onnx"))
    graph.write_bytes(b"")
    result = invoke("verify", "--models-dir", tmp_path)
    assert result.output == f"{weights} is corrupt.\n{graph} is corrupt.\n"
    assert isinstance(result.exception, CorruptModelError)


def test_a_pack_of_ones_own(tmp_path: Path, store: Store) -> None:
    root, model = tmp_path / "models", tmp_path / "tiny.onnx"
    export_packs(store, root, ["campplus"])
    onnx.save(tiny_embedder(metadata={"framework": "wespeaker"}), model)
    add = ("add", "tiny", "--embedding", model, "--segmentation", "campplus", "--models-dir", root, "--offline")
    result = invoke(*add, "--licence", "CC0")
    assert result.exit_code == 0, result.exception
    lines = result.output.splitlines()
    assert lines[0].startswith(f"tiny is added to {root}: yours, 80 numbers")
    assert lines[1] == "front end: kaldi, as its metadata says"
    assert re.fullmatch(
        r"voices of examples/: one voice has cosines from 0\.\d\d on, two have up to -?0\.\d\d", lines[2]
    )
    assert re.fullmatch(r"distance: \d\.\d+, a guess, halfway between the two: .*--recordings", lines[3])
    shown = invoke("list", "--models-dir", root).output.splitlines()
    (own,) = (line for line in shown if line.startswith("tiny"))
    assert own.split()[:4] == ["tiny", "yes", "6", "yours"]
    assert "CC0 (embedding)" in own
    assert invoke("verify", "--models-dir", root).output == (
        "campplus: every file is as pinned\ntiny: every file is as it was when you added it\n"
    )
    assert isinstance(invoke(*add).exception, OptionError)
    (root / "tiny" / "pack.toml").write_text("name = 1")
    shown = invoke("list", "--models-dir", root).output.splitlines()
    (own,) = (line for line in shown if line.startswith("tiny"))
    assert own.split()[:3] == ["tiny", "damaged", "yours"]
    assert isinstance(invoke("verify", "--models-dir", root).exception, CorruptModelError)
    assert invoke("verify", "campplus", "--models-dir", root).exception is None


@pytest.mark.parametrize("threshold", ["near", "0", "3"])
def test_a_threshold_that_is_none(tmp_path: Path, threshold: str) -> None:
    options = ("--embedding", __file__, "--segmentation", "campplus", "--threshold", threshold)
    result = invoke("add", "tiny", *options, DIARFUSE_MODELS_DIR=str(tmp_path))
    assert isinstance(result.exception, OptionError)
    assert "threshold" in str(result.exception)


def test_recordings_come_with_their_turns(tmp_path: Path) -> None:
    (tmp_path / "alone.rttm").write_text("SPEAKER alone 1 0 1 <NA> <NA> A <NA> <NA>\n")
    with pytest.raises(OptionError, match=r"alone\.rttm lacks its recording"):
        _labelled((tmp_path,))
    soundfile.write(tmp_path / "alone.flac", np.zeros(160_000), 16_000)
    for path in (tmp_path, tmp_path / "alone.rttm", tmp_path / "alone.flac"):
        ((samples, turns),) = _labelled((path,))
        assert (samples.size, [turn.speaker for turn in turns]) == (160_000, ["A"])
    (tmp_path / "alone.rttm").write_text("SPEAKER alone 1 61 3000 <NA> <NA> A\nSPEAKER alone 1 4911 5000 <NA> <NA> B\n")
    with pytest.raises(
        TranscriptError, match=r"alone\.rttm look like milliseconds \(the last ends at 9911, the recording"
    ):
        _labelled((tmp_path,))
    soundfile.write(tmp_path / "other.wav", np.zeros(16_000), 16_000)
    with pytest.raises(OptionError, match=r"other\.wav lacks its RTTM"):
        _labelled((tmp_path / "other.wav",))
    (tmp_path / "empty").mkdir()
    with pytest.raises(OptionError, match="holds no RTTM"):
        _labelled((tmp_path / "empty",))
