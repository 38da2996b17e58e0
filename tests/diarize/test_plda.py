from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import eigh

from diarfuse.diarize.plda import load_plda, unit_length
from diarfuse.fusion.errors import CorruptModelError, ModelNotFoundError


def arrays(seed=0, d=12, p=5):
    rng = np.random.default_rng(seed)
    first = {"mean1": rng.standard_normal(d), "lda": rng.standard_normal((d, p)), "mean2": rng.standard_normal(p)}
    second = {"mu": rng.standard_normal(p), "tr": rng.standard_normal((p, p)), "psi": rng.uniform(0.1, 5, p)}
    return first, second


def save(folder, first, second):
    np.savez(folder / "x.npz", **first)
    np.savez(folder / "p.npz", **second)
    return folder / "x.npz", folder / "p.npz"


def test_features_one_by_one_in_any_dtype(tmp_path):
    first, second = arrays()
    plda = load_plda(*save(tmp_path, first, second))
    within = np.linalg.inv(second["tr"].T @ second["tr"])
    between = np.linalg.inv(second["tr"].T @ np.diag(1 / second["psi"]) @ second["tr"])
    phi, vectors = eigh(between, within)
    np.testing.assert_allclose(plda.phi, phi[::-1])
    embeddings = np.asfortranarray(np.random.default_rng(1).standard_normal((9, 12)).astype(np.float32))
    embeddings.flags.writeable = False
    for features, x in zip(plda.transform(embeddings), embeddings.astype(np.float64), strict=True):
        x = x - first["mean1"]  # noqa: PLW2901 (the formula, step by step)
        x = np.sqrt(12) * x / np.linalg.norm(x) @ first["lda"] - first["mean2"]  # noqa: PLW2901 (as above)
        expected = (np.sqrt(5) * x / np.linalg.norm(x) - second["mu"]) @ vectors[:, ::-1]
        np.testing.assert_allclose(features, expected, rtol=1e-9)  # the block is one matrix product
    assert plda.transform(embeddings[:0]).shape == (0, 5)


def test_more_embeddings_than_one_block(tmp_path):
    plda = load_plda(*save(tmp_path, *arrays()))
    embeddings = np.random.default_rng(1).standard_normal((8200, 12))
    np.testing.assert_allclose(plda.transform(embeddings)[-8:], plda.transform(embeddings[-8:]), atol=1e-12)


def test_zero_vector_has_no_direction():
    assert not unit_length(np.zeros((2, 3))).any()
    assert unit_length(np.ones((1, 4), dtype=np.float32)).dtype == np.float32


@pytest.mark.parametrize(
    ("which", "name", "value"),
    [
        (0, "lda", np.ones((12, 4))),
        (0, "mean1", np.ones(11)),
        (1, "tr", np.ones((5, 4))),
        (1, "mu", np.ones((5, 1))),
        (1, "psi", np.array([1, 2, 3, 4, np.nan])),
        (0, "lda", np.ones(12)),
        (1, "psi", np.array([object()], dtype=object)),
        (1, "psi", None),
    ],
)
def test_files_that_do_not_fit(tmp_path, which, name, value):
    files = arrays()
    files[which][name] = value
    if value is None:
        del files[which][name]
    with pytest.raises(CorruptModelError, match="fetch the model pack again"):
        load_plda(*save(tmp_path, *files))


def test_no_file_and_no_archive(tmp_path):
    paths = save(tmp_path, *arrays())
    with pytest.raises(ModelNotFoundError, match=r"nowhere\.npz"):
        load_plda(tmp_path / "nowhere.npz", paths[1])
    paths[0].write_bytes(b"PK\x03\x04 broken")
    with pytest.raises(CorruptModelError, match=r"x\.npz"):
        load_plda(*paths)


def test_embeddings_of_another_network(tmp_path):
    with pytest.raises(CorruptModelError, match="12 values, not 192"):
        load_plda(*save(tmp_path, *arrays())).transform(np.zeros((1, 192)))
