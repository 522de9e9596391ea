"""Sums of unit vectors, from which means of cosines over all pairs follow exactly.

The cosines of n unit vectors u with one another add up to ‖Σu‖² - n, dimension by dimension to (Σuᵢ)² - Σuᵢ².
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctxemb.analysis.rows import Rows, chunks, unit_rows


@dataclass(frozen=True, slots=True, eq=False)
class UnitSums:
    """Sums over rows of length one; those of disjoint rows add up.

    Parameters
    ----------
    n
        Number of rows.
    first, squares
        (width,) sums of the rows and of their squares.
    """

    n: int
    first: NDArray[np.float64]
    squares: NDArray[np.float64]

    def __add__(self, other: UnitSums) -> UnitSums:
        return UnitSums(self.n + other.n, self.first + other.first, self.squares + other.squares)

    def __sub__(self, other: UnitSums) -> UnitSums:
        return UnitSums(self.n - other.n, self.first - other.first, self.squares - other.squares)

    @property
    def contributions(self) -> NDArray[np.float64]:
        """(width,) what each dimension contributes to the mean cosine of all pairs of rows."""
        return np.asarray((self.first**2 - self.squares) / (self.n * (self.n - 1)))

    @property
    def mean_cosine(self) -> float:
        """Mean cosine of all pairs of different rows."""
        return float(self.contributions.sum())


def sum_units(X: Rows, borders: NDArray[np.int64] | None = None) -> list[UnitSums]:
    """Return the sums of each block of rows between `borders`, (n_blocks + 1,); None for one block.

    Raises
    ------
    InputError
        If a row is zero.
    """
    borders = np.array([0, len(X)]) if borders is None else borders
    sums = []
    for start, stop in zip(borders[:-1].tolist(), borders[1:].tolist(), strict=True):
        first, squares = np.zeros(X.shape[1]), np.zeros(X.shape[1])
        for number, block in chunks(X, start, stop):
            units = unit_rows(block, number)
            first += units.sum(axis=0)
            squares += (units**2).sum(axis=0)
        sums.append(UnitSums(stop - start, first, squares))
    return sums
