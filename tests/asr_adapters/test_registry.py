import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from diarfuse.asr_adapters import registry
from diarfuse.fusion.errors import OptionError, UnknownNameError


class Foreign:
    def __init__(self, *, loud=False):
        self.loud = loud


@pytest.fixture
def foreign(monkeypatch):
    points = [
        EntryPoint("acme", f"{__name__}:Foreign", registry.GROUP),
        EntryPoint("moonshine", "no:where", registry.GROUP),
    ]
    monkeypatch.setattr(registry, "_installed", registry._installed.__wrapped__)  # which keeps nothing that it found
    monkeypatch.setattr(registry, "entry_points", lambda group: points if group == registry.GROUP else [])
    monkeypatch.setattr(EntryPoint, "load", lambda _: Foreign)


@pytest.mark.usefixtures("foreign")
def test_other_packages_add_recognisers_but_do_not_replace_ours():
    assert registry.names() == (*registry.BUILTIN, "acme")
    assert registry.create("acme", loud=True).loud
    assert type(registry.create("moonshine")).__module__ == "diarfuse.asr_adapters.moonshine"


def test_an_unknown_name_lists_the_known_and_suggests_the_nearest():
    with pytest.raises(UnknownNameError, match="did you mean 'moonshine'") as caught:
        registry.create("moonshin")
    assert all(name in str(caught.value) for name in registry.names())


@pytest.mark.parametrize("name", registry.BUILTIN)
def test_an_unknown_option_is_named_with_its_recogniser_and_the_known(name):
    said = rf"file='words\.json' is no option of the recogniser {name}, which takes model, .*: leave it out\.$"
    with pytest.raises(OptionError, match=said):
        registry.create(name, file="words.json")


@pytest.mark.parametrize("name", registry.BUILTIN)
def test_every_recogniser_has_the_protocols_method(name):
    options = {"words-json": {"model": "words.json"}}.get(name, {})
    assert callable(registry.create(name, **options).transcribe)


def test_making_recognisers_imports_no_engine():
    code = (
        "import sys; from diarfuse.asr_adapters import registry\n"
        "[registry.create(n, **({'model': 'x'} if n == 'words-json' else {})) for n in registry.names()]\n"
        "print(sorted({'faster_whisper', 'ctranslate2', 'moonshine_voice', 'pocketsphinx', 'torch', 'onnx_asr',"
        " 'transformers', 'whisper', 'pywhispercpp', 'huggingface_hub', 'onnxruntime'} & set(sys.modules)))"
    )
    root = Path(__file__).parents[2]
    result = subprocess.run([sys.executable, "-c", code], cwd=root, check=True, capture_output=True, text=True)
    assert result.stdout.strip() == "[]"


def test_a_value_of_another_type_is_one_sentence():
    with pytest.raises(OptionError, match=r"moonshine cannot be made with options='x' \(.*\): correct the value"):
        registry.create("moonshine", options="x")
