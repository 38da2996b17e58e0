"""No library reports what we do: a process of its own, a session of ours, and nothing in the home folder after it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SUPPRESSORS = ("CI", "HF_HUB_DISABLE_TELEMETRY", "ORT_DISABLE_TELEMETRY", "ORT_RUNNING_UNIT_TESTS", "XDG_CACHE_HOME")

SESSION = """
import sys
from pathlib import Path
import onnx
from onnx import TensorProto, helper
value = helper.make_tensor_value_info
graph = helper.make_graph([helper.make_node("Abs", ["x"], ["y"])], "g",
                          [value("x", TensorProto.FLOAT, [1])], [value("y", TensorProto.FLOAT, [1])])
path = Path(sys.argv[1], "abs.onnx")
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
from diarfuse.diarize.options import Execution
from diarfuse.diarize.runtime import Runtime
Runtime.of(Execution(device="cpu")).session(path)
"""


def run(code: str, tmp_path: Path) -> list[Path]:
    """Run `code` as a user with an empty home folder; what is in it afterwards."""
    home = tmp_path / "home"
    home.mkdir()
    kept = {name: value for name, value in os.environ.items() if name not in SUPPRESSORS and not name.endswith("_CI")}
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        env={**kept, "HOME": str(home)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [path for path in home.rglob("*") if path.is_file()]


def test_onnx_runtime_keeps_no_device_id_and_reports_nothing(tmp_path: Path) -> None:
    """It writes an id and a database of events as soon as it may report; without them it has no uploader."""
    assert run(SESSION, tmp_path) == []


@pytest.mark.parametrize(
    "module",
    [
        "diarfuse.diarize.runtime",
        "diarfuse.asr_adapters.onnx_asr",
        "diarfuse.transcribe.__main__",
        "diarfuse.fusion.types",
    ],
)
def test_every_way_in_sets_the_switch_first(module: str, tmp_path: Path) -> None:
    """ONNX Runtime reads it once, when it is imported: nothing of ours may have imported it before."""
    code = f"import os, sys, {module}\nassert os.environ['ORT_DISABLE_TELEMETRY'] == '1'\n"
    code += "assert os.environ['HF_HUB_DISABLE_TELEMETRY'] == '1'\n"
    run(code + "assert not {'onnxruntime', 'huggingface_hub'} & set(sys.modules)", tmp_path)
