"""How alike two sets of vectors of the same things are: centred kernel alignment (Kornblith et al. 2019).

The linear kernel needs no Gram matrix: ‖XᵀY‖² of centred vectors is summed up from blocks of rows, so that
memory grows with the square of the width alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ctxemb.analysis.blocks import Blocks, products, scatters
from ctxemb.analysis.intervals import jackknife
from ctxemb.analysis.measure import MeasuredLayer, MeasuredValue, PairMeasure
from ctxemb.analysis.rows import Rows, check_rows, check_same_rows
from ctxemb.errors import InputError
from ctxemb.suggest import unknown_name

Kernel = Literal["linear", "rbf"]
_MOST_GRAM = 20_000
"""Rows for which whole Gram matrices are made (3 GB each)."""


def cka(X: Rows, Y: Rows, kernel: Kernel = "linear", debiased: bool = False, bandwidth: float = 0.5) -> float:
    """Return the centred kernel alignment of two sets of vectors (Kornblith et al. 2019).

    It does not change when `X` or `Y` is rotated, scaled or moved, nor when the rows of both are permuted.

    Parameters
    ----------
    X, Y
        (n, width_x) and (n, width_y), vectors of the same n things.
    kernel
        ``"linear"``, or ``"rbf"``, which needs Gram matrices of n × n numbers.
    debiased
        Whether to use the unbiased estimate of HSIC (Song et al. 2012), which does not grow where rows are
        few and dimensions many. It can be negative.
    bandwidth
        Of the RBF kernel, as a share of the median distance.

    Returns
    -------
    float
        1 if the two are alike; biased, at least 0.

    Raises
    ------
    InputError
        If the two differ in their number of rows, there are too few (2, debiased 4), a value is not finite,
        or all vectors of one are the same.
    UnknownNameError
        If there is no such kernel.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(50, 4))
    >>> round(cka(X, 3 * X[:, ::-1] + 1), 9)
    1.0
    """
    if kernel not in ("linear", "rbf"):
        raise unknown_name("kernel", kernel, ("linear", "rbf"))
    check_same_rows(X, Y, 4 if debiased else 2)
    if kernel == "rbf":
        return _ratio(*_gram_products(_rbf(X, bandwidth), _rbf(Y, bandwidth), debiased))
    x, y = Blocks(X), Blocks(Y)
    return _ratio(*(_linear_hsic(a, b, debiased) for a, b in ((x, y), (x, x), (y, y))))


def cka_matrix(
    Xs: Sequence[Rows], Ys: Sequence[Rows] | None = None, debiased: bool = False
) -> NDArray[np.float64]:
    """Return the linear CKA of each layer with each, (n_x, n_y); parameters and errors as of `cka`.

    Parameters
    ----------
    Xs, Ys
        Layers, each (n, width), of the same n things; `Ys` None for `Xs` again, each pair of which
        is computed once.
    debiased
        As of `cka`.
    """
    for other in (*Xs[1:], *(Ys or ())):
        check_same_rows(Xs[0], other, 4 if debiased else 2)
    left = [Blocks(X) for X in Xs]
    right = left if Ys is None else [Blocks(Y) for Y in Ys]
    own_left = [_linear_hsic(x, x, debiased) for x in left]
    own_right = own_left if Ys is None else [_linear_hsic(y, y, debiased) for y in right]
    matrix = np.ones((len(left), len(right)))
    for i, x in enumerate(left):
        for j, y in enumerate(right):
            if Ys is None and j <= i:
                matrix[i, j] = matrix[j, i] if j < i else 1.0
            else:
                matrix[i, j] = _ratio(_linear_hsic(x, y, debiased), own_left[i], own_right[j])
    return matrix


def minibatch_cka(batches: Iterable[tuple[NDArray[Any], NDArray[Any]]]) -> float:
    """Return the linear CKA from unbiased HSICs of batches, summed before the division (Nguyen et al. 2021).

    The batches need not be in memory together. Batches of two runs may be given in one call.

    Parameters
    ----------
    batches
        Pairs of vectors of the same things, (n, width_x) and (n, width_y), n of at least 4.

    Raises
    ------
    InputError
        If there is no batch, or one is wrong as of `cka`.
    """
    sums = np.zeros(3)
    for X, Y in batches:
        check_same_rows(X, Y, 4)
        x, y = Blocks(X), Blocks(Y)
        sums += [_linear_hsic(a, b, True) for a, b in ((x, y), (x, x), (y, y))]
    if not sums.any():
        raise InputError("minibatch CKA needs at least one batch whose vectors are not all the same")
    return _ratio(*sums.tolist())


def _linear_hsic(x: Blocks, y: Blocks, debiased: bool) -> float:
    """Return ‖XᵀY‖² of centred vectors, or the unbiased HSIC but for a factor that depends on n alone."""
    product = _squared_product(x, y)
    return _unbiased(product, x.squares[0], y.squares[0]) if debiased else product


def _unbiased(product: float, a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Correct ‖XᵀY‖² of centred vectors with the squared lengths `a` and `b`, (n,) (Song et al. 2012)."""
    n = len(a)
    return product - n / (n - 2) * float(a @ b) + float(a.sum() * b.sum()) / ((n - 1) * (n - 2))


def _squared_product(x: Blocks, y: Blocks) -> float:
    if x.n < min(x.width, y.width):  # fewer products over rows than over dimensions
        a, b = (np.concatenate(list(z.parts(0))).astype(np.float64) for z in (x, y))
        return float(((a @ a.T) * (b @ b.T)).sum())
    (summed,) = products(x, y)
    return float(np.vdot(summed, summed))


def _ratio(xy: float, xx: float, yy: float) -> float:
    if xx <= 0 or yy <= 0:
        raise InputError("all vectors of one side are the same (or too few): they are like nothing")
    return float(xy / np.sqrt(xx * yy))


def _rbf(X: Rows, bandwidth: float) -> NDArray[np.float64]:
    """Return the Gram matrix of the RBF kernel; its width is a share of the median distance."""
    if len(X) > _MOST_GRAM:
        raise InputError(
            f"the RBF kernel is for {_MOST_GRAM:,} rows at most, found {len(X):,}; give a sample"
        )
    rows = np.asarray(X[:], dtype=np.float64)
    rows = rows - rows.mean(axis=0)
    squares = (rows**2).sum(axis=1)
    distances = np.maximum(squares[:, None] + squares[None] - 2 * rows @ rows.T, 0)
    median = float(np.median(distances))
    if not median:
        raise InputError("the median distance is zero: most vectors of one side are the same")
    return np.asarray(np.exp(-distances / (2 * bandwidth**2 * median)))


def _gram_products(
    K: NDArray[np.float64], L: NDArray[np.float64], debiased: bool
) -> tuple[float, float, float]:
    centre: Callable[[NDArray[np.float64]], NDArray[np.float64]] = _unbiased_centre if debiased else _centre
    k, m = centre(K), centre(L)
    return float(np.vdot(k, m)), float(np.vdot(k, k)), float(np.vdot(m, m))


def _centre(K: NDArray[np.float64]) -> NDArray[np.float64]:
    means = K.mean(axis=0)
    return np.asarray(K - means[:, None] - means[None] + means.mean())


def _unbiased_centre(K: NDArray[np.float64]) -> NDArray[np.float64]:
    """Centre a Gram matrix so that products with it are unbiased (Székely and Rizzo 2014)."""
    n = len(K)
    K = K - np.diag(np.diag(K))
    means = K.sum(axis=0) / (n - 2)
    means -= means.sum() / (2 * (n - 1))
    centred = K - means[:, None] - means[None]
    np.fill_diagonal(centred, 0)
    return np.asarray(centred)


@dataclass(frozen=True, slots=True, eq=False)
class _Prepared:
    """A layer, and its HSIC with itself: with all rows, without each block, and unbiased in each block."""

    blocks: Blocks
    own: list[float]
    unbiased: NDArray[np.float64]


def _prepare(layer: MeasuredLayer) -> _Prepared:
    check_rows(layer.rows)
    x = Blocks(layer.rows, layer.text.blocks)
    return _Prepared(x, *_hsics(x, x))


def _hsics(x: Blocks, y: Blocks) -> tuple[list[float], NDArray[np.float64]]:
    """Return ‖XᵀY‖² with all rows and without each block, and the unbiased HSIC of each block."""
    found = products(x, y)
    squared = [float(np.vdot(one, one)) for one in scatters(x, y, found)]
    terms = zip(found, x.squares, y.squares, strict=True)
    unbiased = [_unbiased(float(np.vdot(one, one)), a, b) for one, a, b in terms if len(a) > 3]
    return squared, np.array(unbiased)


def _compare(a: _Prepared, b: _Prepared) -> list[MeasuredValue]:
    """Return the biased CKA of all rows, and the debiased one from blocks of the text."""
    squared, unbiased = _hsics(a.blocks, b.blocks)
    whole, *rest = (_ratio(*terms) for terms in zip(squared, a.own, b.own, strict=True))
    values = [MeasuredValue.of("cka", jackknife(whole, rest), a.blocks.n)]
    hsics = np.stack([unbiased, a.unbiased, b.unbiased])  # (3, n_blocks)
    sums = hsics.sum(axis=1, keepdims=True)
    if (sums[1:] > 0).all():
        without = [_ratio(*column) for column in (sums - hsics).T.tolist() if min(column[1:]) > 0]
        values.append(
            MeasuredValue.of("cka_debiased", jackknife(_ratio(*sums[:, 0].tolist()), without), a.blocks.n)
        )
    return values


MEASURE = PairMeasure("cka", "centred kernel alignment, linear", _prepare, _compare)
