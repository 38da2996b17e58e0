from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logsumexp, softmax

from diarfuse.diarize import vbx
from tests.amounts import examples


def draw(seed, n, clusters, dim=6):
    rng = np.random.default_rng(seed)
    labels = np.r_[np.arange(clusters), rng.integers(clusters, size=n)]
    features = 3 * rng.standard_normal((clusters, dim))[labels] + rng.standard_normal((len(labels), dim))
    return labels, features, np.sort(rng.uniform(0.1, 8, dim))[::-1]


def whole(labels, x, phi, fa, fb):
    """The paper's updates on whole matrices, speaker by speaker."""
    gamma = softmax(7.0 * np.eye(labels.max() + 1)[labels], axis=1)
    pi, elbo = np.full(gamma.shape[1], 1 / gamma.shape[1]), []
    for _ in range(20):
        inv, alpha, log_p = [], [], []
        for s in range(gamma.shape[1]):
            inv.append(1 / (1 + fa / fb * gamma[:, s].sum() * phi))
            alpha.append(fa / fb * inv[s] * (gamma[:, s] @ (x * np.sqrt(phi))))
            const = -0.5 * (np.sum(x**2, axis=1) + x.shape[1] * np.log(2 * np.pi))
            fit = (x * np.sqrt(phi)) @ alpha[s] - 0.5 * (inv[s] + alpha[s] ** 2) @ phi
            log_p.append(fa * (const + fit) + np.log(pi[s] + 1e-8))
        log_p = np.array(log_p).T
        total = logsumexp(log_p, axis=1)
        gamma = np.exp(log_p - total[:, None])
        pi = gamma.sum(axis=0) / gamma.sum()
        penalty = sum(np.sum(np.log(i) - i - a**2 + 1) for i, a in zip(inv, alpha, strict=True))
        elbo.append(total.sum() + fb / 2 * penalty)
        if len(elbo) > 1 and elbo[-1] - elbo[-2] < 1e-4:
            break
    return gamma, pi, elbo


@settings(max_examples=examples(30))
@given(st.integers(0, 99), st.integers(0, 40), st.integers(1, 6), st.sampled_from([(0.07, 0.8), (0.3, 5.0)]))
def test_the_papers_updates(seed, n, clusters, weights):
    labels, features, phi = draw(seed, n, clusters)
    gamma, pi, elbo = whole(labels, features, phi, *weights)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vbx, "_MIN_PRIOR", -1)
        found = vbx.cluster_vbx(labels, features, phi, fa=weights[0], fb=weights[1])
    np.testing.assert_allclose(found.gamma, gamma, atol=1e-9)  # sums in another order
    np.testing.assert_allclose(found.pi, pi, atol=1e-9)
    np.testing.assert_allclose(found.elbo, elbo, atol=1e-7)


@settings(max_examples=examples(20))
@given(st.integers(0, 99), st.integers(8, 40), st.integers(2, 6), st.sampled_from([2, 3, 10]))
def test_a_row_that_stands_for_many_is_a_smaller_penalty(seed, n, clusters, times):
    labels, features, phi = draw(seed, n, clusters)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vbx, "_MIN_GAIN", -np.inf)  # the bounds differ by `times`: so would the last update
        repeated = vbx.cluster_vbx(labels.repeat(times), features.repeat(times, axis=0), phi, fa=0.07, fb=0.8)
        once = vbx.cluster_vbx(labels, features, phi, fa=0.07, fb=0.8 / times)
    np.testing.assert_array_equal(once.kept, repeated.kept)
    np.testing.assert_allclose(once.gamma, repeated.gamma[::times], atol=1e-9)
    np.testing.assert_allclose(np.multiply(once.elbo, times), repeated.elbo, rtol=1e-9)


def test_blocks_of_rows_change_nothing(monkeypatch):
    labels, features, phi = draw(3, 200, 5)
    at_once = vbx.cluster_vbx(labels, features, phi, fa=0.07, fb=0.8)
    monkeypatch.setattr(vbx, "_CELLS", 35)
    in_blocks = vbx.cluster_vbx(labels, features, phi, fa=0.07, fb=0.8)
    np.testing.assert_allclose(in_blocks.gamma, at_once.gamma, atol=1e-9)
    np.testing.assert_array_equal(in_blocks.kept, at_once.kept)


def test_superfluous_clusters_lose_their_prior():
    rng = np.random.default_rng(0)
    features, phi = np.r_[rng.normal(6, 1, (60, 8)), rng.normal(-6, 1, (60, 8))], np.full(8, 10.0)
    found = vbx.cluster_vbx(np.arange(120) // 20, features, phi, fa=0.3, fb=17.0)
    assert len(found.kept) == 2
    np.testing.assert_allclose(found.gamma.sum(axis=1), 1, atol=1e-6)


@pytest.mark.parametrize("n", [1, 2, 30])
def test_identical_features_are_one_speaker(n):
    features = np.broadcast_to(np.ones(4), (n, 4))
    found = vbx.cluster_vbx(np.zeros(n, dtype=np.int64), features, np.ones(4), fa=0.07, fb=0.8)
    np.testing.assert_allclose(found.gamma, np.ones((n, 1)))
