"""Small networks of the family, with the weights and the layout of tests/golden/sortformer."""

from __future__ import annotations

import pytest

from diarfuse.diarize.models.end_to_end import nemotron, sortformer
from diarfuse.diarize.sortformer.listening import Networks, two_graphs
from diarfuse.diarize.sortformer.mel import Mel
from diarfuse.diarize.sortformer.memory import Room
from tests.golden.sortformer import files


@pytest.fixture(scope="session")
def networks(runner):
    """By kind."""
    return {kind: _networks(kind, runner) for kind in files.KINDS}


def _networks(kind, runner):
    graphs = (nemotron if kind == "nemotron" else sortformer).build(files.tensors(kind))
    run = {name: runner(graph) for name, graph in graphs.items()}
    room = Room(8, 264, 1) if kind == "nemotron" else Room(4 if kind == "sortformer" else 8, 188, 3)
    silence = run["silence"]() if kind == "nemotron" else None
    hear = two_graphs(run["embed"], run["step"])
    return Networks(Mel(kind == "nemotron"), hear, room, 8 if silence is not None else 1, 64, silence)
