"""Sums of vectors and of their products: what covariances are made of, block by block of a text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from ctxemb.analysis.rows import Rows, chunks
from ctxemb.errors import InputError

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """First and second sums of vectors less a fixed centre; sums of disjoint rows add up.

    Parameters
    ----------
    n
        Number of rows.
    centre
        (width,) what was subtracted from each row; any point near the mean keeps the numbers exact.
    first
        (width,) sum of the rows less the centre.
    second
        (width, width) sum of their outer products.
    """

    n: int
    centre: Floats
    first: Floats
    second: Floats

    def __add__(self, other: Sums) -> Sums:
        return Sums(self.n + other.n, self.centre, self.first + other.first, self.second + other.second)

    def __sub__(self, other: Sums) -> Sums:
        return Sums(self.n - other.n, self.centre, self.first - other.first, self.second - other.second)

    @property
    def mean(self) -> Floats:
        """(width,) mean of the rows."""
        return np.asarray(self.centre + self.first / self.n)

    @property
    def scatter(self) -> Floats:
        """(width, width) sum of the outer products of the rows less their mean."""
        return np.asarray(self.second - np.outer(self.first, self.first) / self.n)

    @property
    def covariance(self) -> Floats:
        """(width, width) unbiased covariance."""
        return np.asarray(self.scatter / (self.n - 1))


def mean_row(X: Rows) -> Floats:
    """Return the mean of all rows, (width,)."""
    total = np.zeros(X.shape[1])
    for _, block in chunks(X):
        total += block.sum(axis=0, dtype=np.float64)
    return total / len(X)


def sum_rows(X: Rows, borders: NDArray[np.int64] | None = None) -> list[Sums]:
    """Return the sums of each block of rows.

    Parameters
    ----------
    X
        (n, width)
    borders
        (n_blocks + 1,) where blocks start and end in the rows; None for one block.
    """
    borders = np.array([0, len(X)]) if borders is None else borders
    centre = mean_row(X)
    width = X.shape[1]
    sums = []
    for start, stop in zip(borders[:-1].tolist(), borders[1:].tolist(), strict=True):
        first, second = np.zeros(width), np.zeros((width, width))
        for _, block in chunks(X, start, stop):
            rows = block - centre.astype(block.dtype)
            first += rows.sum(axis=0, dtype=np.float64)
            second += rows.T @ rows
        sums.append(Sums(stop - start, centre, first, second))
    return sums


class Addable(Protocol):
    """What blocks of a text are summed up in."""

    def __add__(self, other: Any, /) -> Any: ...


Summed = TypeVar("Summed", bound=Addable)


def total(sums: Sequence[Summed]) -> Summed:
    """Return the sums over all blocks."""
    result = sums[0]
    for one in sums[1:]:
        result = result + one
    return result


def variances(covariance: NDArray[Any]) -> Floats:
    """Return the variances along the principal axes, largest first, (width,).

    Raises
    ------
    InputError
        If all vectors are the same, so that there is no variance.
    """
    values = np.maximum(np.linalg.eigvalsh(covariance)[::-1], 0.0)
    if not values[0] > 0:
        raise InputError("all vectors are the same: there is no variance to describe")
    return np.asarray(values)
