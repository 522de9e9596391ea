"""Which few dimensions dominate the cosine of vectors (Timkey and van Schijndel 2021)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ctxemb.analysis.intervals import jackknife
from ctxemb.analysis.measure import LayerMeasure, MeasuredLayer, MeasuredValue
from ctxemb.analysis.rows import Rows, check_rows, working
from ctxemb.analysis.sums import total
from ctxemb.analysis.unit_sums import UnitSums, sum_units
from ctxemb.errors import InputError

_PAIRS = 10_000
_TOPS = (1, 3, 5)


def dimension_contributions(X: Rows) -> NDArray[np.float64]:
    """Return what each dimension contributes to the mean cosine of all pairs of rows, (width,).

    The contribution of dimension i to the cosine of u and v is uᵢvᵢ / (‖u‖‖v‖); the contributions add up to
    `mean_cosine`. It is exact, where the paper samples pairs.

    Parameters
    ----------
    X
        (n, width)

    Raises
    ------
    InputError
        If there are fewer than two rows, or one of them is zero or not finite.

    Examples
    --------
    >>> dimension_contributions(np.array([[3.0, 4], [3, -4]])).round(2).tolist()
    [0.36, -0.64]
    """
    check_rows(X)
    return sum_units(X)[0].contributions


def informativity(
    X: Rows, tops: Sequence[int] = _TOPS, *, n_pairs: int = _PAIRS, seed: int = 0
) -> dict[int, float]:
    """Return r² between the cosines of pairs with all dimensions and without the most dominant ones.

    Low values say that few dimensions decide the cosine.

    Parameters
    ----------
    X
        (n, width)
    tops
        How many dimensions with the largest contributions are left out, each in turn.
    n_pairs, seed
        Pairs of rows that are drawn, and the seed of the draw.

    Raises
    ------
    InputError
        As `dimension_contributions`; or if fewer dimensions would be left than one.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(50, 8))
    >>> X[:, 0] = 100 * (X[:, 0] + 1)
    >>> informativity(X, [1], n_pairs=500)[1] < 0.2
    True
    """
    order = np.argsort(-dimension_contributions(X), kind="stable")
    if max(tops) >= len(order):
        raise InputError(f"cannot leave out {max(tops)} of {len(order)} dimensions")
    generator = np.random.default_rng(seed)
    left = generator.integers(len(X), size=n_pairs)
    right = (left + generator.integers(1, len(X), size=n_pairs)) % len(X)
    a, b = (_read(X, numbers) for numbers in (left, right))
    whole = _cosines(a, b)
    return {top: _squared_correlation(whole, _cosines(a, b, order[top:])) for top in tops}


def _read(X: Rows, numbers: NDArray[np.int64]) -> NDArray[np.floating]:
    distinct, places = np.unique(numbers, return_inverse=True)
    rows: NDArray[np.floating] = working(X[distinct])[places]
    return rows


def _cosines(
    a: NDArray[np.floating], b: NDArray[np.floating], dimensions: NDArray[np.int64] | slice = slice(None)
) -> NDArray[np.float64]:
    a, b = a[:, dimensions].astype(np.float64), b[:, dimensions].astype(np.float64)
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return np.asarray(np.einsum("ij,ij->i", a, b) / np.maximum(lengths, 1e-300))


def _squared_correlation(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    x, y = x - x.mean(), y - y.mean()
    scale = float((x @ x) * (y @ y))
    return float((x @ y) ** 2 / scale) if scale else float("nan")


def _measure(layer: MeasuredLayer) -> list[MeasuredValue]:
    check_rows(layer.rows)
    blocks = sum_units(layer.rows, layer.text.blocks)
    whole = total(blocks)
    rest = [whole - one for one in blocks] if len(blocks) > 1 else []
    values = [
        MeasuredValue.of(
            f"share_top_{top}",
            jackknife(_top_share(whole, top), [_top_share(one, top) for one in rest]),
            whole.n,
        )
        for top in _TOPS
    ]
    r2 = informativity(layer.rows, seed=layer.seed)
    return values + [MeasuredValue.bare(f"r2_without_top_{top}", value, _PAIRS) for top, value in r2.items()]


def _top_share(sums: UnitSums, top: int) -> float:
    """Return the share of the mean cosine that the dimensions with the largest contributions make up."""
    parts = np.sort(sums.contributions)[::-1]
    return float(parts[:top].sum() / parts.sum())


MEASURE = LayerMeasure("rogue-dimensions", "how few dimensions decide the cosine", _measure)
