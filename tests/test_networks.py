"""The networks of the tests remember what they said (tests/networks.py): never anything else, and only where asked."""

from __future__ import annotations

import hashlib
import os

import numpy as np
import pytest

from diarfuse.diarize.models.graph import Graph
from diarfuse.diarize.runtime import Session
from tests import networks


def graph(factor: float) -> bytes:
    made = Graph("product")
    said = made.op("Mul", made.input("x", ("batch", 3)), made.constant(np.full(3, factor, np.float32)))
    return bytes(made.model(said, "y", ("batch", 3)).SerializeToString())


ONES = np.ones((2, 3), np.float32)


@pytest.fixture
def computed(monkeypatch):
    """The inputs that were really computed with, by a memory of this test's own."""
    seen: list[np.ndarray] = []
    memory = networks.Memory()
    said = memory.said

    def counting(key, compute):
        return said(key, lambda: (seen.append(key), compute())[1])

    monkeypatch.setattr(memory, "said", counting)
    monkeypatch.setattr(networks, "MEMORY", memory)
    return seen


@pytest.mark.parametrize("call", ["__call__", "on_device"])
def test_the_same_graph_is_not_asked_the_same_twice(computed, call):
    one, same, other = Session(graph(2)), Session(graph(2)), Session(graph(3))
    for session, wanted in ((one, 2), (same, 2), (other, 3)):
        said = getattr(session, call)(ONES)
        assert np.array_equal(said if call == "__call__" else said.numpy(), ONES * wanted)
    assert len(computed) == 2
    getattr(one, call)(ONES[:1])
    getattr(one, call)(np.nextafter(ONES, 2))
    assert len(computed) == 4


def test_who_changes_an_answer_changes_nobody_elses(computed):
    network = Session(graph(2))
    network(ONES)[:] = 7
    assert np.array_equal(network(ONES), ONES * 2)
    assert len(computed) == 1


@pytest.mark.usefixtures("afresh")
def test_where_it_is_asked_for_all_is_computed_and_loaded_anew(computed):
    one, two = Session(graph(2)), Session(graph(2))
    assert one.raw is not two.raw
    assert np.array_equal(one(ONES), two(ONES))
    assert computed == []


def test_what_one_process_heard_another_need_not_hear(tmp_path, monkeypatch):
    said = []
    for _ in range(2):
        monkeypatch.setattr(networks, "MEMORY", networks.Memory(tmp_path))
        network = Session(graph(2))
        if said:
            network._session = None  # with which nothing can be computed
        said.append([network(ONES), network.on_device(ONES).numpy(), network(ONES[:1])])
    assert len(list(tmp_path.iterdir())) == 3
    assert all(np.array_equal(one, other) for one, other in zip(*said, strict=True))


def test_it_forgets_the_oldest(computed, monkeypatch):
    monkeypatch.setattr(networks, "BYTES", 2 * ONES.nbytes)
    monkeypatch.setattr(networks, "SESSIONS", 1)
    network = Session(graph(2))
    for first in (0, 1, 2, 2, 0):
        network(ONES + first)
    assert len(computed) == 4
    assert Session(graph(2)).raw is network.raw
    assert Session(graph(3)).raw is not network.raw
    assert Session(graph(2)).raw is not network.raw


def test_a_file_is_hashed_again_whenever_it_was_touched(tmp_path, monkeypatch):
    hashed = []

    def real(path):
        hashed.append(path.read_bytes())
        return hashlib.sha256(hashed[-1]).hexdigest()

    sha256_of, path = networks.hashing(real), tmp_path / "model"
    for content in (b"one", b"two"):  # as large
        path.write_bytes(content)
        assert sha256_of(path) == sha256_of(path) == hashlib.sha256(content).hexdigest()
    assert hashed == [b"one", b"one", b"two", b"two"]
    monkeypatch.setattr(networks, "SETTLED", -(1 << 62))
    for content in (b"two", b"six"):
        path.write_bytes(content)
        os.utime(path, ns=(len(hashed), len(hashed)))
        assert sha256_of(path) == sha256_of(path) == hashlib.sha256(content).hexdigest()
    assert hashed[4:] == [b"two", b"six"]
