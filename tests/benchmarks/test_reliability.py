"""Calibration, as measured and as fitted."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks.reliability import Told, calibration_error, fit, plot
from benchmarks.talks import GENERATED

RNG = np.random.default_rng(0)


def test_a_calibrated_prediction_has_no_error_and_another_its_distance() -> None:
    said = np.repeat([0.2, 0.8], 500)
    right = np.tile(np.arange(500) % 5 == 0, 2)
    right[500:] = ~right[500:]
    assert calibration_error(said, right) == pytest.approx(0.0, abs=1e-9)
    assert calibration_error(said, ~right) == pytest.approx(0.6)
    assert calibration_error(np.array([]), np.array([], bool)) == 0


def told(rows: np.ndarray, right: np.ndarray, kind: str = "full", fold: int = 0, at_once: bool = False, *people: str):
    turns = [SimpleNamespace(speaker=name) for name in people]
    talk = SimpleNamespace(kind=kind, fold=fold, name=f"{kind}/{fold}{people}", recording=SimpleNamespace(turns=turns))
    return Told(SimpleNamespace(talk=talk), rows, right, np.arange(len(right)), at_once)  # type: ignore[arg-type]


def test_the_fit_finds_the_weights_that_made_the_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.reliability._RIDGE", 1e-3)
    rows = np.stack((np.ones(40_000), RNG.random(40_000)), axis=1)
    made = ([2.0, -3.0], [1.0, 0.5])
    both = [RNG.random(40_000) < 1 / (1 + np.exp(-(rows @ weights))) for weights in made]
    found = fit([told(rows, right, at_once=bool(at_once)) for at_once, right in enumerate(both)])
    assert found[0] == pytest.approx(made[0], abs=0.15)
    assert found[1] == pytest.approx(made[1], abs=0.15)


def test_weights_know_nothing_of_the_speakers_they_are_for() -> None:
    none = (np.ones((0, 1)), np.zeros(0, bool))
    first, second, sim = told(*none, "full", 0), told(*none, "codec", 1), told(*none, "sim", 0)
    ann, ben = (told(*none, "real", -1, False, *names) for names in (("Ann", "Cid"), ("Ben",)))
    cid, eve = told(*none, "real", -1, False, "Cid"), told(*none, "elsewhere", -1, False, "Eve")
    at_once = told(*none, "elsewhere", -1, True, "Cid")
    every = (first, second, sim, ann, ben, cid, eve, at_once)
    known = [[one for one in every if one.may_tell(each.people)] for each in every]
    assert known == [
        [second, ann, ben, cid, at_once],
        [first, ann, ben, cid, at_once],
        [second, ann, ben, cid, at_once],
        [first, second, ben],
        [first, second, ann, cid, at_once],
        [first, second, ben],
        [first, second, ann, ben, cid, at_once],
        [first, second, ben],
    ]


def test_real_talk_weighs_as_much_as_all_that_is_made() -> None:
    every = [told(np.ones((1000, 1)), np.ones(1000, bool), kind, 0, bool(row)) for kind in GENERATED for row in (0, 1)]
    every += [told(np.ones((9, 1)), np.zeros(9, bool), "real", -1, bool(row)) for row in (0, 1)]
    assert fit(every)[:, 0] == pytest.approx([0.0, 0.0], abs=1e-9)


def test_the_plot_is_svg_with_a_line_a_group() -> None:
    drawn = ET.fromstring(plot({"sim": [(10, 0.5, 0.6), (10, 0.9, 0.8)], "real": [(5, 0.1, 0.1)]}))
    lines = drawn.findall("{http://www.w3.org/2000/svg}polyline")
    assert [line.get("points") for line in lines] == ["225.0,180.0 365.0,110.0", "85.0,355.0"]
