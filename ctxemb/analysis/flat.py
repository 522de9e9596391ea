"""Vectors in two dimensions, to look at: PCA, or UMAP and t-SNE where their packages are installed."""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ctxemb.analysis.rows import Rows, check_rows, chunks, working
from ctxemb.analysis.sums import sum_rows
from ctxemb.errors import InputError, MissingFileError
from ctxemb.suggest import unknown_name

Method = Literal["pca", "umap", "tsne"]
METHODS: tuple[Method, ...] = get_args(Method)


def coordinates(X: Rows, method: Method = "pca", seed: int = 0) -> NDArray[np.float32]:
    """Return two coordinates for each vector.

    PCA reads a few rows at once and needs nothing else. UMAP and t-SNE keep near vectors near and distort the
    rest; they need the extra ``ctxemb[maps]`` and all vectors in memory. They compute by cosine.

    Parameters
    ----------
    X
        (n, width)
    method
        ``"pca"``, ``"umap"`` or ``"tsne"``.
    seed
        Of UMAP and t-SNE. The sign of a principal component is such that its largest weight is positive.

    Returns
    -------
    array
        (n, 2)

    Raises
    ------
    UnknownNameError
        If there is no such method.
    InputError
        If there are fewer than three vectors, or a value is not finite.
    MissingFileError
        If the method's package is not installed.
    """
    if method not in METHODS:
        raise unknown_name("map", method, METHODS)
    check_rows(X, fewest=3)
    if method == "pca":
        return _pca(X)
    made = _umap(working(X[:]), seed) if method == "umap" else _tsne(working(X[:]), seed)
    return np.asarray(made, dtype=np.float32)


def _pca(X: Rows) -> NDArray[np.float32]:
    if X.shape[1] < 2:
        raise InputError("a map in two dimensions needs vectors of at least two")
    (sums,) = sum_rows(X)
    axes = np.linalg.eigh(sums.covariance)[1][:, [-1, -2]]
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), [0, 1]])
    points = np.empty((len(X), 2), dtype=np.float32)
    for first, block in chunks(X):
        points[first : first + len(block)] = (block - sums.mean) @ axes
    return points


def _umap(rows: NDArray[Any], seed: int) -> Any:
    try:
        import umap
    except ImportError as error:
        raise MissingFileError("UMAP needs umap-learn: pip install 'ctxemb[maps]'") from error
    return umap.UMAP(metric="cosine", random_state=seed, n_jobs=1).fit_transform(rows)


def _tsne(rows: NDArray[Any], seed: int) -> Any:
    try:
        import openTSNE
    except ImportError as error:
        raise MissingFileError("t-SNE needs openTSNE: pip install 'ctxemb[maps]'") from error
    perplexity = min(30.0, (len(rows) - 1) / 3)
    return openTSNE.TSNE(metric="cosine", random_state=seed, perplexity=perplexity).fit(rows)
