"""VBx: variational Bayes clustering of PLDA features, as a mixture (no HMM).

Numbers in brackets are the equations of Landini, Profant, Diez, Burget,
"Bayesian HMM clustering of x-vector sequences (VBx) in speaker diarization";
the symbols are the paper's. float64 throughout.

Responsibilities (n, S) are never held whole: an update only needs their sums,
so rows go through in blocks, and only the speakers that survive are returned.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import logsumexp

from .arrays import AnyInt, Float64, Int64

if TYPE_CHECKING:
    from collections.abc import Iterator

_CELLS = 1 << 21  # at most this many responsibilities are held at once (16 MB)
_SMOOTHING = 7.0
_EPSILON_PI = 1e-8
_MAX_UPDATES = 20
_MIN_GAIN = 1e-4
"""The updates end when the bound rises by less."""
_MIN_PRIOR = 1e-7
"""Speakers with a prior above this survive."""


@dataclass(frozen=True, slots=True)
class Mixture:
    """What VBx found.

    gamma: float64 (n, kept), responsibilities of the speakers that survived.
    kept: int64 (kept,), their numbers among the S it began with.
    pi: float64 (S,), all speakers' priors. elbo: the evidence bound after each update.
    """

    gamma: Float64
    kept: Int64
    pi: Float64
    elbo: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class _Speakers:
    """The speaker models of one update: what responsibilities are computed from."""

    inverse_l: Float64  # invL, (S, D), (17)
    alpha: Float64  # (S, D), (16)
    offset: Float64  # (S,), what of (23) does not depend on the features, plus ln pi
    Fa: float

    def log_joint(self, rho: Float64, G: Float64, speakers: Int64 | slice = slice(None)) -> Float64:
        """Return ln p(x, speaker), (rows, speakers), (23)."""
        joint: Float64 = self.Fa * (rho @ self.alpha[speakers].T + G[:, None]) + self.offset[speakers]
        return joint


def cluster_vbx(
    labels: AnyInt,
    features: Float64,
    phi: Float64,
    *,
    fa: float,
    fb: float,
) -> Mixture:
    """Refine an agglomerative clustering; speakers that the evidence does not need lose their prior.

    ``fb / h`` is what ``fb`` would be if every row came `h` times: where rows are
    fewer for the same speech, that keeps the balance. Scaling `fa` instead would
    also make every row surer of its speaker, and keep speakers who are not there.

    Args:
        labels: (n,) clusters 0..S-1 to begin with, n >= 1.
        features: float64 (n, D) from `Plda.transform`.
        phi: (D,) variances between speakers.
        fa: evidence scaling.
        fb: penalty on speakers.
    """
    rho = features * np.sqrt(phi)  # (18)
    G = -0.5 * (np.einsum("ij,ij->i", features, features) + features.shape[1] * np.log(2 * np.pi))  # of (23)
    S = int(labels.max()) + 1
    pi = np.full(S, 1 / S)
    weight, moment = _initial_statistics(labels, rho, S)
    log_p_x = np.empty(len(features))
    elbo: list[float] = []
    for _ in range(_MAX_UPDATES):
        speakers = _update_speakers(weight, moment, phi, pi, fa=fa, fb=fb)
        weight, moment = _expect(speakers, rho, G, log_p_x)
        pi = weight / weight.sum()
        invL, alpha = speakers.inverse_l, speakers.alpha
        elbo.append(float(log_p_x.sum() + fb * 0.5 * np.sum(np.log(invL) - invL - alpha**2 + 1)))  # (25)
        if len(elbo) > 1 and elbo[-1] - elbo[-2] < _MIN_GAIN:
            break
    kept = np.flatnonzero(pi > _MIN_PRIOR)
    gamma = np.exp(speakers.log_joint(rho, G, kept) - log_p_x[:, None])
    return Mixture(gamma, kept, pi, tuple(elbo))


def _initial_statistics(labels: AnyInt, rho: Float64, S: int) -> tuple[Float64, Float64]:
    """Sums of responsibilities (S,) and of gamma x rho (S, D) for softmax(7 x one-hot of the labels)."""
    peak = np.exp(_SMOOTHING)
    own, other = peak / (peak + S - 1), 1 / (peak + S - 1)
    sizes = np.bincount(labels, minlength=S)
    sums: Float64 = np.zeros((S, rho.shape[1]))
    np.add.at(sums, labels, rho)
    weight: Float64 = other * len(labels) + (own - other) * sizes
    moment: Float64 = other * sums.sum(axis=0) + (own - other) * sums
    return weight, moment


def _update_speakers(weight: Float64, moment: Float64, phi: Float64, pi: Float64, *, fa: float, fb: float) -> _Speakers:
    invL = 1.0 / (1 + fa / fb * weight[:, None] * phi)  # (17)
    alpha = fa / fb * invL * moment  # (16)
    offset = -0.5 * fa * ((invL + alpha**2) @ phi) + np.log(pi + _EPSILON_PI)
    return _Speakers(invL, alpha, offset, fa)


def _expect(speakers: _Speakers, rho: Float64, G: Float64, log_p_x: Float64) -> tuple[Float64, Float64]:
    """Sums of the new responsibilities (S,) and of gamma x rho (S, D); fills `log_p_x` (n,)."""
    weight: Float64 = np.zeros(len(speakers.offset))
    moment: Float64 = np.zeros(speakers.alpha.shape)
    for rows in _row_blocks(len(rho), len(weight)):
        log_joint = speakers.log_joint(rho[rows], G[rows])
        log_p_x[rows] = logsumexp(log_joint, axis=1)
        gamma = np.exp(log_joint - log_p_x[rows, None])
        np.add(weight, gamma.sum(axis=0), out=weight)
        np.add(moment, gamma.T @ rho[rows], out=moment)
    return weight, moment


def _row_blocks(n: int, columns: int) -> Iterator[slice]:
    size = max(1, _CELLS // columns)
    return (slice(first, first + size) for first in range(0, n, size))
