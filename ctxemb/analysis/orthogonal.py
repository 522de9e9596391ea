"""How far two sets of vectors of the same things are apart after the best rotation (Procrustes)."""

from __future__ import annotations

import numpy as np

from ctxemb.analysis.blocks import Blocks, Floats, products, scatters
from ctxemb.analysis.intervals import jackknife
from ctxemb.analysis.measure import MeasuredLayer, MeasuredValue, PairMeasure
from ctxemb.analysis.rows import Rows, check_rows, check_same_rows
from ctxemb.errors import InputError


def procrustes(X: Rows, Y: Rows) -> float:
    """Return the squared orthogonal Procrustes distance of two sets of vectors, in [0, 1] (Ding et al. 2021).

    Both are centred and scaled to ‖X‖ = ‖Y‖ = 1; the distance is 1 - ‖XᵀY‖_*, the nuclear norm: half of the
    smallest ‖X - YQ‖² over rotations and reflections Q. It is 0 for a rotated, scaled or moved copy. A side
    with fewer dimensions is filled up with zeros.

    Parameters
    ----------
    X, Y
        (n, width_x) and (n, width_y), vectors of the same n things.

    Raises
    ------
    InputError
        If the two differ in their number of rows, there are fewer than two, a value is not finite, or all
        vectors of one are the same.

    Examples
    --------
    >>> X = np.array([[1.0, 0], [0, 1], [-1, 0], [0, -1]])
    >>> round(procrustes(X, 5 * X @ np.array([[0, 1], [-1, 0]]) + 3), 9)
    0.0
    """
    check_same_rows(X, Y)
    x, y = Blocks(X), Blocks(Y)
    cross, a, b = (next(scatters(p, q, products(p, q))) for p, q in ((x, y), (x, x), (y, y)))
    return _distance(cross, float(np.trace(a)), float(np.trace(b)))


def _distance(cross: Floats, a: float, b: float) -> float:
    if a <= 0 or b <= 0:
        raise InputError("all vectors of one side are the same: they cannot be scaled to length one")
    nuclear = float(np.linalg.svd(cross, compute_uv=False).sum())
    return max(0.0, 1 - nuclear / float(np.sqrt(a * b)))


def _prepare(layer: MeasuredLayer) -> tuple[Blocks, list[float]]:
    """Return a layer, and its sum of squares with all rows and without each block."""
    check_rows(layer.rows)
    x = Blocks(layer.rows, layer.text.large_blocks)
    return x, [float(np.trace(one)) for one in scatters(x, x, products(x, x))]


def _compare(a: tuple[Blocks, list[float]], b: tuple[Blocks, list[float]]) -> list[MeasuredValue]:
    (x, own_x), (y, own_y) = a, b
    crosses = scatters(x, y, products(x, y))
    whole, *rest = (_distance(*terms) for terms in zip(crosses, own_x, own_y, strict=True))
    return [MeasuredValue.of("procrustes", jackknife(whole, rest), x.n)]


MEASURE = PairMeasure("procrustes", "distance after the best rotation; 0 is alike", _prepare, _compare)
