"""Calibration, as measured and as fitted."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks.reliability import Told, calibration_error, fit, plot

RNG = np.random.default_rng(0)


def test_a_calibrated_prediction_has_no_error_and_another_its_distance() -> None:
    said = np.repeat([0.2, 0.8], 500)
    right = np.tile(np.arange(500) % 5 == 0, 2)
    right[500:] = ~right[500:]
    assert calibration_error(said, right) == pytest.approx(0.0, abs=1e-9)
    assert calibration_error(said, ~right) == pytest.approx(0.6)
    assert calibration_error(np.array([]), np.array([], bool)) == 0


def test_the_fit_finds_the_weights_that_made_the_data() -> None:
    rows = np.stack((np.ones(20_000), RNG.random(20_000)), axis=1)
    right = RNG.random(20_000) < 1 / (1 + np.exp(-(rows @ [2.0, -3.0])))
    case = SimpleNamespace(talk=SimpleNamespace(kind="full"))
    assert fit([Told(case, rows, right)]) == pytest.approx([2.0, -3.0], abs=0.15)  # type: ignore[arg-type]


def test_the_plot_is_svg_with_a_line_a_group() -> None:
    drawn = ET.fromstring(plot({"sim": [(10, 0.5, 0.6), (10, 0.9, 0.8)], "real": [(5, 0.1, 0.1)]}))
    lines = drawn.findall("{http://www.w3.org/2000/svg}polyline")
    assert [line.get("points") for line in lines] == ["225.0,180.0 365.0,110.0", "85.0,355.0"]
