from __future__ import annotations

import json
from pathlib import Path

import pytest
from huggingface_hub import constants

from diarfuse.asr_adapters import carrying, faster_whisper
from diarfuse.asr_adapters.carrying import LIST, export_model, import_model
from diarfuse.fusion.errors import CorruptModelError, ModelNotFoundError, OptionError, OutputError, UnknownNameError

HOME = "models--Systran--faster-whisper-small"
REVISION = "0123456789abcdef0123456789abcdef01234567"
FILES = {"config.json": b"{}", "model.bin": b"weights", "tokenizer.json": b"[]", "vocabulary.txt": b"a\nb\n"}


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The hub's cache of a machine that has Whisper's small model, laid out as the hub's own client does."""
    home = tmp_path / "cache" / HOME
    (home / "blobs").mkdir(parents=True)
    (home / "snapshots" / REVISION).mkdir(parents=True)
    for name, content in FILES.items():
        (home / "blobs" / name).write_bytes(content)
        (home / "snapshots" / REVISION / name).symlink_to(f"../../blobs/{name}")
    (home / "snapshots" / REVISION / "evil.py").write_bytes(b"print()")
    (home / "refs").mkdir()
    (home / "refs" / "main").write_text(REVISION)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def stick(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What was exported there, brought to a machine that has nothing."""
    assert export_model("faster-whisper:small", tmp_path / "stick") == (
        f"faster-whisper's small copied to {tmp_path / 'stick'}"
    )
    assert cache.is_dir()
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "there"))
    assert faster_whisper.on_disk("small") is None
    return tmp_path / "stick"


def test_a_model_is_carried_and_found_there(stick: Path, tmp_path: Path) -> None:
    assert import_model("faster-whisper", stick) == f"faster-whisper's small copied to {tmp_path / 'there' / HOME}"
    found = faster_whisper.on_disk("small")
    assert found == tmp_path / "there" / HOME / "snapshots" / REVISION
    assert {path.name: path.read_bytes() for path in found.iterdir()} == FILES
    assert faster_whisper.on_disk("small", models_dir=str(stick)) is not None
    assert import_model("faster-whisper:small", stick) == "faster-whisper's small is on disk already"


def test_a_damaged_or_planted_file_is_refused_and_nothing_is_found(stick: Path) -> None:
    snapshot = stick / HOME / "snapshots" / REVISION
    (snapshot / "model.bin").write_bytes(b"planted")
    with pytest.raises(CorruptModelError, match=r"model\.bin is not what was exported"):
        import_model("faster-whisper:small", stick)
    (snapshot / "model.bin").unlink()
    with pytest.raises(OutputError, match=r"Cannot copy .*model\.bin"):
        import_model("faster-whisper:small", stick)
    assert faster_whisper.on_disk("small") is None


@pytest.mark.parametrize(
    "change",
    [
        {"revision": "../../../evil"},
        {"files": {"model.bin": "0"}},
        {"files": {**dict.fromkeys(("config.json", "model.bin", "tokenizer.json"), "0"), "../a": "0"}},
        {"repository": "Systran/faster-whisper-tiny"},
        {"files": []},
        {"more": 1},
    ],
)
def test_a_list_that_is_none(stick: Path, change: dict[str, object]) -> None:
    listed = json.loads((stick / HOME / LIST).read_text())
    (stick / HOME / LIST).write_text(json.dumps(listed | change))
    with pytest.raises(CorruptModelError, match="does not list the files of 'small'"):
        import_model("faster-whisper:small", stick)
    assert not Path(constants.HF_HUB_CACHE).exists()


def test_what_is_not_there(stick: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="no Whisper model 'tiny' in"):
        import_model("faster-whisper:tiny", stick)
    with pytest.raises(ModelNotFoundError, match="'small' is not on disk: transcribe something with --model small"):
        export_model("faster-whisper:small", tmp_path / "other")
    with pytest.raises(UnknownNameError, match="did you mean 'small'"):
        export_model("faster-whisper:smal", tmp_path / "other")
    with pytest.raises(OptionError, match="only models of faster-whisper are carried"):
        export_model("onnx-asr:parakeet", tmp_path / "other")
    with pytest.raises(OptionError, match="is a folder: copy it as it is"):
        export_model(f"faster-whisper:{stick}", tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_a_model_that_is_not_whole_is_not_carried(cache: Path, tmp_path: Path) -> None:
    (cache / HOME / "snapshots" / REVISION / "tokenizer.json").unlink()
    with pytest.raises(ModelNotFoundError, match=r"lacks tokenizer\.json"):
        export_model("faster-whisper:small", tmp_path / "stick")


def test_moonshine_has_nothing_to_carry(tmp_path: Path) -> None:
    pytest.importorskip("moonshine_voice")
    for done in (export_model("moonshine", tmp_path), import_model("moonshine:tiny-en", tmp_path)):
        assert done == "moonshine's tiny-en lies in its package moonshine-voice: nothing to copy"
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_told(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(carrying, "_pour", full)
    with pytest.raises(OutputError, match="No space left on device"):
        export_model("faster-whisper:small", tmp_path / "stick")
    assert cache.is_dir()
