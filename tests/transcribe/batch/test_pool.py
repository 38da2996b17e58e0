"""Workers that cannot be replaced."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from diarfuse.fusion.errors import LowMemoryError
from diarfuse.transcribe.batch.items import Asked
from diarfuse.transcribe.batch.pool import Pool, _Worker
from diarfuse.transcribe.batch.settling import Plan
from diarfuse.transcribe.options import Wish


def worker(*, loaded: bool) -> _Worker:
    """One whose process was ended for want of memory."""
    process = SimpleNamespace(join=lambda: None, exitcode=-9)
    return _Worker(process, SimpleNamespace(close=lambda: None), loaded=loaded)  # type: ignore[arg-type]


def test_one_that_dies_of_loading_leaves_the_work_to_the_others() -> None:
    said: list[str] = []
    pool = Pool(Plan(out="out", asked=Asked(Wish())), 3, turns=False, on_note=said.append)
    first, second = worker(loaded=True), worker(loaded=False)
    pool._workers += [first, second]
    pool._died(second, lambda *_: None, lambda *_: pytest.fail("it had nothing in hand"))
    assert (pool.count, pool._workers) == (1, [first])
    how = "was ended by SIGKILL, as the system does when memory runs out"
    assert said == [f"A worker that was loading the models {how}; the work goes on with 1."]
    pool._workers[:] = [second]
    with pytest.raises(LowMemoryError, match="give fewer --workers"):
        pool._died(second, lambda *_: None, lambda *_: pytest.fail("it had nothing in hand"))
