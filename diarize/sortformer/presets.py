"""How each network of the family is run: what it remembers, and the paces that its makers publish."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, TypeAlias

from ..options import Preset
from .memory import Pace

Kind: TypeAlias = Literal["nemotron", "sortformer-v2.1", "audar-v1"]

_OFFLINE = Pace(chunk=340, right=40, fifo=40, period=300, left=1)
_TEN_SECONDS = Pace(chunk=124, right=1, fifo=124, period=124, left=1)

PACES: Mapping[Kind, Mapping[Preset, Pace]] = MappingProxyType(
    {
        "nemotron": {
            "low": Pace(chunk=9, right=4, fifo=264, period=222),
            "cpu": Pace(chunk=32, right=4, fifo=40, period=40),
            "offline": Pace(chunk=340, right=40, fifo=40, period=300),
        },
        "sortformer-v2.1": {
            "low": Pace(chunk=6, right=7, fifo=188, period=144, left=1),
            "cpu": _TEN_SECONDS,
            "offline": _OFFLINE,
        },
        "audar-v1": {
            "low": Pace(chunk=13, right=7, fifo=40, period=300, left=1),
            "cpu": _TEN_SECONDS,
            "offline": _OFFLINE,
        },
    }
)
"""``low`` answers soonest, ``cpu`` costs a small machine least while people speak, ``offline`` is for whole recordings.

``cpu`` and ``offline`` of audar-v1 are those of the network that it was made from: its makers publish one pace.
"""
