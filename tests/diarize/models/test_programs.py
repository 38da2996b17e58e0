"""CoreML programs are made once, found damaged, and run the whole pipeline where something can run them."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import soundfile

from diarfuse.diarize import runtime
from diarfuse.diarize.coreml import Program
from diarfuse.diarize.models import programs
from diarfuse.diarize.models.programs import program_of
from diarfuse.diarize.models.store import Store
from diarfuse.diarize.options import Execution
from diarfuse.diarize.pipeline import Diarizer
from diarfuse.diarize.runtime import Runtime, Session
from diarfuse.fusion.errors import DeviceError, MissingExtraError

from .mil_walk import Walk

ROOT = Path(__file__).resolve().parents[3]
needs_coremltools = [
    pytest.mark.coreml,
    pytest.mark.filterwarnings("default"),  # coremltools leaves the folders of its programs to the collector
    pytest.mark.skipif(
        find_spec("coremltools") is None, reason="coremltools is not installed: pip install '.[coreml]'"
    ),
]


def with_marks(test):
    for mark in needs_coremltools:
        test = mark(test)
    return test


@pytest.fixture
def pooling(own_store: Store, tmp_path: Path) -> Path:
    kept = own_store.load("campplus").graphs["pooling"]
    graph = tmp_path / kept.name
    graph.write_bytes(kept.read_bytes())
    return graph


def test_without_coremltools_the_line_to_install_it(pooling: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "coremltools", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'diarfuse\[coreml\]'"):
        program_of(pooling)
    assert list(pooling.parent.glob("*.mlpackage")) == []
    assert list(pooling.parent.glob(".program-*")) == []


@with_marks
def test_a_program_is_made_once_and_again_when_damaged(pooling: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = program_of(pooling)
    weights = next(made.rglob("weight.bin"))
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-1])
    assert program_of(pooling) == made
    assert weights.read_bytes() == whole
    monkeypatch.setattr(programs, "save_program", None)  # so it is not made a third time
    assert program_of(pooling) == made


@with_marks
def test_what_coreml_cannot_do_is_one_sentence(pooling: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import coremltools

    real = coremltools.models.MLModel

    class Broken:
        def __init__(self, path):
            self.get_spec = real(path, skip_model_load=True).get_spec

        def predict(self, feeds):
            raise RuntimeError(f"Error in declaring network.\n{len(feeds)}")

    program_of(pooling)
    monkeypatch.setattr(coremltools.models, "MLModel", Broken)
    monkeypatch.setattr(runtime, "_runs_programs", lambda: True)
    network = Runtime.of(Execution(device="coreml")).network(pooling)
    with pytest.raises(
        DeviceError, match=r"^CoreML cannot compute \(Error in declaring network\.\): use device='cpu'\.$"
    ):
        network(*[None] * 2)


def test_elsewhere_coreml_is_refused_with_the_remedy() -> None:
    if sys.platform == "darwin":
        pytest.skip("this is where it can be used")
    with pytest.raises(DeviceError, match="needs macOS"):
        Runtime.of(Execution(device="coreml"))


@with_marks
def test_the_whole_pipeline_on_programs(own_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Walked in numpy: the turns are those of ONNX Runtime."""
    import coremltools
    from coremltools.converters.mil.frontend.milproto import load  # noqa: F401 - before the name below is taken

    samples, _ = soundfile.read(ROOT / "examples" / "meeting.wav", frames=8 * 16_000, dtype="float32")
    theirs = Diarizer.from_pretrained("campplus", store=own_store, execution=Execution(device="cpu")).diarize(samples)
    real = coremltools.models.MLModel
    monkeypatch.setattr(
        coremltools.models, "MLModel", lambda path, **given: real(path, **given) if given else Walk(path)
    )
    monkeypatch.setattr(runtime, "_runs_programs", lambda: True)
    diarizer = Diarizer.from_pretrained("campplus", store=own_store, execution=Execution(device="coreml"))
    ours = diarizer.diarize(samples)
    assert len(ours.turns) >= 2
    assert isinstance(diarizer._segmentation, Program)
    assert not isinstance(diarizer._segmentation, Session)
    assert [turn.speaker for turn in ours.turns] == [turn.speaker for turn in theirs.turns]
    assert [turn.start for turn in ours.turns] == pytest.approx([turn.start for turn in theirs.turns], abs=0.05)


@with_marks
@pytest.mark.parametrize("mode", ["default", "fast"])
def test_only_the_fast_trunk_is_in_half(own_store: Store, monkeypatch: pytest.MonkeyPatch, mode) -> None:
    """What is asked for; `test_mil` makes such a program."""
    import coremltools

    asked: list[tuple[str, bool]] = []
    pooling, real = own_store.load("campplus").graphs["pooling"], coremltools.models.MLModel

    def program(graph: Path, *, half: bool) -> Path:
        asked.append((graph.stem.rpartition("-")[2], half))
        return program_of(pooling)

    monkeypatch.setattr(programs, "program_of", program)
    monkeypatch.setattr(
        coremltools.models, "MLModel", lambda path, **given: real(path, **{"skip_model_load": True, **given})
    )
    monkeypatch.setattr(runtime, "_runs_programs", lambda: True)
    Diarizer.from_pretrained("campplus", store=own_store, execution=Execution(device="coreml", mode=mode))
    assert sorted(asked) == [("pooling", False), ("segmentation", False), ("trunk", mode == "fast")]
