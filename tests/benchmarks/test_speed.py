"""The device of a speed measurement: never another one than was asked for."""

from __future__ import annotations

import pytest

from benchmarks.rivals import ours
from benchmarks.speed import check, on
from diarfuse.fusion import cuda


def test_only_ours_runs_on_the_device() -> None:
    specs = ["ours", "ours:pack=campplus", "sherpa:threshold=0.7"]
    assert on("cuda", specs) == ["ours:device=cuda", "ours:pack=campplus,device=cuda", "sherpa:threshold=0.7"]
    assert on("cpu", specs) == specs


def test_a_machine_without_the_device_is_told_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuda, "problem", lambda: cuda.Problem("there is no NVIDIA driver here", "install it"))
    check("cpu")
    with pytest.raises(SystemExit, match=r"^Error: device='cuda' is not usable: [^\n]*$"):
        check("cuda")


def test_an_option_that_nobody_knows_is_no_option() -> None:
    with pytest.raises(SystemExit, match="ours has no option devise: there are pack, mode, device"):
        ours.load({"devise": "cuda"}, 1)
