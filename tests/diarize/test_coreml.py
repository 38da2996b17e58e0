from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from diarfuse.diarize.coreml import Program
from diarfuse.diarize.models import mil


def test_a_program_is_used_by_one_thread_at_a_time(monkeypatch):
    """As Apple asks for."""
    inside = threading.Lock()

    class Model:
        def __init__(self, _):
            names = SimpleNamespace(input=[SimpleNamespace(name="x")], output=[SimpleNamespace(name="y")])
            self.get_spec = lambda: SimpleNamespace(description=names)

        def predict(self, feeds):
            assert inside.acquire(blocking=False)
            time.sleep(0.002)
            inside.release()
            return {"y": 2 * feeds["x"]}

    monkeypatch.setattr(mil, "coremltools", lambda: SimpleNamespace(models=SimpleNamespace(MLModel=Model)))
    program = Program(Path("any.mlpackage"))
    with ThreadPoolExecutor(4) as pool:
        assert [y.item() for y in pool.map(program, np.arange(20, dtype=np.float32)[:, None])] == list(range(0, 40, 2))
