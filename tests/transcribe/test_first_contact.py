"""`--asr auto` and a hub that it has never met: a model folder on loopback, and what can go wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from benchmarks import random_whisper
from diarfuse.asr_adapters import moonshine, registry
from diarfuse.asr_adapters.faster_whisper import FasterWhisper
from diarfuse.fusion.errors import ModelError, NetworkError
from diarfuse.transcribe.options import Setup, Wish
from diarfuse.transcribe.recognisers import make
from tests.loopback import Loopback, serving

REPOSITORY = "Systran/faster-whisper-small"
NOISE = np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A model folder as the hub has it: by file name."""
    made = random_whisper.make(tmp_path_factory.mktemp("tiny_whisper"))
    return {path.name: path.read_bytes() for path in made.iterdir()}


@pytest.fixture
def hub(folder: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    """A hub with the model in place of Hugging Face, and an empty cache."""
    from huggingface_hub import constants, file_download

    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with serving() as found:
        monkeypatch.setattr(constants, "ENDPOINT", found.address)
        template = f"{found.address}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(file_download, "HUGGINGFACE_CO_URL_TEMPLATE", template, raising=False)  # before 1.0
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True, raising=False)
        monkeypatch.setattr(moonshine, "installed", lambda: True)
        monkeypatch.delenv("DIARFUSE_OFFLINE", raising=False)
        found.files = {f"{REPOSITORY}/{name}": content for name, content in folder.items()}
        yield found


@pytest.fixture
def auto(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The notes of the last choice; moonshine is only named."""
    monkeypatch.setattr(registry, "create", lambda name, **_: name)
    return []


def test_the_model_is_fetched_loaded_and_heard(hub: Loopback, auto: list[str]) -> None:
    hub.cut = [1000]
    short = {"temperature": 0.0, "max_new_tokens": 4}  # random weights never come to an end by themselves
    recogniser = make(Setup(asr_options=short), Wish(), auto.append)
    assert isinstance(recogniser, FasterWhisper), auto
    assert auto == []
    assert not [path for _, path, _ in hub.seen if "harness" in path]  # telemetry is off
    assert recogniser.transcribe(NOISE, language="en").language == "en"
    seen = len(hub.seen)
    assert isinstance(make(Setup(offline=True), Wish(), auto.append), FasterWhisper)
    assert len(hub.seen) == seen  # on disk, so nobody is asked


@pytest.mark.parametrize("trouble", ["portal", "refused", "busy", "broken model", "broken tokenizer", "no model"])
def test_auto_goes_on_with_one_sentence(hub: Loopback, auto: list[str], trouble: str) -> None:
    hub.portal = trouble == "portal"
    hub.answers = {"refused": [200] + [401] * 50, "busy": [200] + [429] * 50}.get(trouble, [])
    if trouble == "no model":
        hub.files = {name: content for name, content in hub.files.items() if not name.endswith("model.bin")}
    elif trouble.startswith("broken"):
        name = "model.bin" if trouble == "broken model" else "tokenizer.json"
        hub.files[f"{REPOSITORY}/{name}"] = b"{not what it says"
    assert make(Setup(), Wish(), auto.append) == "moonshine"
    assert len(auto) == 1, auto
    assert auto[0].startswith("The Whisper model 'small' cannot be used, so moonshine (English, smaller) is: ")
    assert "\n" not in auto[0]
    with pytest.raises((ModelError, NetworkError)):
        FasterWhisper().load()  # a named recogniser never gives way


def test_where_moonshine_would_not_do_whisper_fails_clearly(hub: Loopback, auto: list[str]) -> None:
    hub.files[f"{REPOSITORY}/model.bin"] = b"{not what it says"
    for setup, wish in (
        (Setup(), Wish(language="de")),
        (Setup(model="small"), Wish()),
        (Setup(compute_type="int8"), Wish()),
    ):
        assert make(setup, wish, auto.append) == "faster-whisper"
    assert auto == []


def test_a_model_without_its_tokenizer_is_not_looked_for_elsewhere(
    folder: dict[str, bytes], tmp_path: Path, hub: Loopback
) -> None:
    for name in ("model.bin", "config.json"):
        (tmp_path / name).write_bytes(folder[name])
    with pytest.raises(ModelError, match=r"lacks its tokenizer\.json, and downloads are off"):
        FasterWhisper(str(tmp_path), offline=True).load()
    assert hub.seen == []
