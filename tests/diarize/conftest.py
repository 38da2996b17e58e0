"""What tests of the diarizer share: networks run as they come, and the real weights."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from scipy.optimize import linear_sum_assignment

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "networks"


@pytest.fixture(scope="session")
def inputs():
    """The module of seeded weights and inputs that the golden arrays were made with."""
    spec = importlib.util.spec_from_file_location("network_inputs", GOLDEN / "inputs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def golden():
    """``golden(network)``: torch's answers by name (make_networks.py)."""
    return lambda network: dict(np.load(GOLDEN / f"{network}.npz"))


@pytest.fixture(scope="session")
def runner():
    """``runner(model)``: a function from the model's inputs, in order, to its output."""

    def load(model):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        names = [entry.name for entry in session.get_inputs()]
        return lambda *arrays: session.run(None, dict(zip(names, arrays, strict=True)))[0]

    return load


@pytest.fixture(scope="session")
def segmentation_weights(store) -> Path:
    """The checkpoint of segmentation-3.0."""
    return next(store.folder("campplus").glob("**/pytorch_model.bin"))


@pytest.fixture(scope="session")
def campplus_weights(store) -> Path:
    """The checkpoint of CAM++."""
    return next(store.folder("campplus").glob("**/campplus_cn_en_common.pt"))


@pytest.fixture(scope="session")
def moved():
    """``moved(labels, others)``: how many are in another cluster, under the numbering that makes them fewest."""

    def count(one, other):
        shared = np.zeros((one.max() + 1, other.max() + 1))
        np.add.at(shared, (one, other), 1)
        return len(one) - shared[linear_sum_assignment(-shared)].sum()

    return count
