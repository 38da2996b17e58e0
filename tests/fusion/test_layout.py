"""What cues may be asked to look like."""

from __future__ import annotations

import pytest

from diarfuse.fusion.errors import OptionError
from diarfuse.fusion.layout import Layout

FAR = (
    {"fps": 1e-300},
    {"fps": 0.1},
    {"fps": 1001},
    {"fps": 1e308},
    {"longest": 1e15},
    {"longest": 1e5, "shortest": 1e5},
)
"""They put cues hours away from their words, or make times and numbers of pictures that cannot be."""


def test_impossible_layouts_are_refused():
    for bad in ({"width": 0}, {"shortest": 8.0}, {"fps": 0}, {"speed": 30.0}, {"labels": "some"}, {"late": -1.0}, *FAR):
        with pytest.raises(OptionError, match=next(iter(bad))):
            Layout(**bad)


def test_two_pictures_lie_between_cues():
    assert Layout(fps=25).gap == 0.08
    assert Layout(fps=50).gap == 0.04
    assert Layout(fps=1000).gap == 0.002
