"""PLDA: embeddings to features in which one speaker's spread is the unit sphere.

Symbols are those of Landini et al., "Bayesian HMM clustering of x-vector
sequences (VBx)", and of Kaldi's PLDA: `mu` mean, `tr` transform, `psi` and
`phi` between-speaker variances. All of it in float64.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import eigh

from ..fusion.errors import CorruptModelError, ModelNotFoundError
from .arrays import AnyFloat, Float64

if TYPE_CHECKING:
    from os import PathLike

_BLOCK = 8192  # embeddings transformed at once


@dataclass(frozen=True, slots=True)
class Plda:
    """The two affine maps, each behind a length normalisation, and the variances between speakers.

    mean1 (d,), lda (d, p), mean2 (p,): whitening to p dimensions. mu (p,),
    tr (p, p): rotation to where speakers' covariance is diagonal. phi (p,):
    that diagonal, falling. For community-1 d is 256 and p is 128.
    """

    mean1: Float64
    lda: Float64
    mean2: Float64
    mu: Float64
    tr: Float64
    phi: Float64

    def transform(self, embeddings: AnyFloat) -> Float64:
        """Features float64 (n, p) of `embeddings` (n, d).

        Raises:
            CorruptModelError: the embeddings have another dimension than the model.
        """
        if embeddings.shape[1] != len(self.mean1):
            raise CorruptModelError(
                f"The PLDA takes embeddings of {len(self.mean1)} values, not {embeddings.shape[1]}: "
                "use the PLDA files of the embedding network's own pack."
            )
        features = np.empty((len(embeddings), len(self.mu)))
        for first in range(0, len(embeddings), _BLOCK):
            block = slice(first, first + _BLOCK)
            features[block] = self._transform_block(embeddings[block])
        return features

    def _transform_block(self, embeddings: AnyFloat) -> Float64:
        d, p = self.lda.shape
        whitened = np.sqrt(d) * unit_length(embeddings - self.mean1) @ self.lda - self.mean2
        features: Float64 = (np.sqrt(p) * unit_length(whitened) - self.mu) @ self.tr.T
        return features


def unit_length(vectors: AnyFloat) -> AnyFloat:
    """Each row over its euclidean length, in the rows' own dtype; a zero row stays zero."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.where(length == 0, 1, length)


def load_plda(transform: str | PathLike[str], plda: str | PathLike[str]) -> Plda:
    """Read pyannote's two files: `xvec_transform.npz` (mean1, mean2, lda) and `plda.npz` (mu, tr, psi).

    Raises:
        ModelNotFoundError: a file does not exist.
        CorruptModelError: a file is not such an npz, or its shapes do not fit.
    """
    first = _read(transform, ("mean1", "mean2", "lda"))
    second = _read(plda, ("mu", "tr", "psi"))
    d, p = first["lda"].shape if first["lda"].ndim == 2 else (0, 0)  # noqa: PLR2004 (a matrix)
    _check(transform, first, {"mean1": (d,), "mean2": (p,), "lda": (d, p)})
    _check(plda, second, {"mu": (p,), "tr": (p, p), "psi": (p,)})
    phi, tr = _diagonalise(second["tr"], second["psi"])
    return Plda(first["mean1"], first["lda"], first["mean2"], second["mu"], tr, phi)


def _diagonalise(tr: Float64, psi: Float64) -> tuple[Float64, Float64]:
    """Variances and transform that diagonalise B against W, the largest variance first."""
    W = np.linalg.inv(tr.T @ tr)
    B = np.linalg.inv((tr.T / psi) @ tr)
    variances, vectors = eigh(B, W)
    return variances[::-1].copy(), vectors.T[::-1].copy()


def _read(path: str | PathLike[str], names: tuple[str, ...]) -> dict[str, Float64]:
    try:
        with Path(path).open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            return {name: np.asarray(file[name], dtype=np.float64) for name in names}
    except FileNotFoundError as error:
        raise ModelNotFoundError(f"There is no PLDA file {path}: fetch the model pack again.") from error
    except (KeyError, ValueError, TypeError, AttributeError, EOFError, OSError, zipfile.BadZipFile) as error:
        raise CorruptModelError(
            f"{path} is no PLDA file with the arrays {', '.join(names)}: fetch the model pack again."
        ) from error


def _check(path: str | PathLike[str], arrays: dict[str, Float64], shapes: dict[str, tuple[int, ...]]) -> None:
    for name, shape in shapes.items():
        array = arrays[name]
        if array.shape != shape or array.size == 0 or not np.isfinite(array).all():
            raise CorruptModelError(
                f"{path} has {name} of shape {array.shape} where finite {shape} is needed: fetch the model pack again."
            )
