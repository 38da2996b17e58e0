"""Conversions shared by processes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CONVERT = """
import sys, time
from pathlib import Path
from diarfuse.diarize.models import graphs

me, other = sys.argv[1:]

class Graph:
    def SerializeToString(self):
        return b"graph"

class Builder:
    VERSION, GRAPHS = 1, ("trunk",)

    def build(self, weights):
        Path(f"built by {me}").touch()
        until(f"{other} comes")
        time.sleep(0.1)  # in which the other gets as far as the lock, or further where there is none
        return {"trunk": Graph()}

    def with_integers(self, graph):
        return graph

def until(name):
    end = time.monotonic() + 600
    while not Path(name).exists():
        assert time.monotonic() < end, name
        time.sleep(0.005)

graphs._builder = lambda network: Builder()
graphs._build = lambda builder, checkpoint: builder.build({})
Path(f"{me} comes").touch()
print(graphs.ensure_graphs("fake", Path("weights"), "0" * 64, (Path("graphs"),))["trunk"].read_bytes())
"""


def test_two_processes_at_once_convert_once(tmp_path: Path) -> None:
    both = [
        subprocess.Popen(
            [sys.executable, "-c", CONVERT, *names],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for names in (("one", "two"), ("two", "one"))
    ]
    said = [process.communicate(timeout=600) for process in both]
    assert [out for out, _ in said] == [b"b'graph'\n"] * 2, said
    assert len(list(tmp_path.glob("built by *"))) == 1
    assert len(list((tmp_path / "graphs").glob("*.onnx"))) == 1
