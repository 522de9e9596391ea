"""Vectors cut into blocks, and the products of two sets of them: what linear similarities are made of."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctxemb.analysis.rows import ROWS_AT_ONCE, Rows, working

Floats = NDArray[np.float64]


class Blocks:
    """Rows less the mean of their block; the rows are read again each time, so that memory stays flat.

    Parameters
    ----------
    rows
        (n, width)
    borders
        (n_blocks + 1,) where blocks start and end in the rows; None for one block.
    """

    def __init__(self, rows: Rows, borders: NDArray[np.int64] | None = None) -> None:
        self.rows = rows
        self.borders = np.array([0, len(rows)]) if borders is None else borders
        self.sizes = np.diff(self.borders)
        self.n, self.width = len(rows), rows.shape[1]
        self.means = np.stack([self._mean(start, stop) for start, stop in self._stretches()])

    def __len__(self) -> int:
        return len(self.sizes)

    def _stretches(self) -> Iterator[tuple[int, int]]:
        return zip(self.borders[:-1].tolist(), self.borders[1:].tolist(), strict=True)

    def _mean(self, start: int, stop: int) -> Floats:
        totals = np.zeros(self.width)
        for first in range(start, stop, ROWS_AT_ONCE):
            totals += working(self.rows[first : min(first + ROWS_AT_ONCE, stop)]).sum(
                axis=0, dtype=np.float64
            )
        return totals / (stop - start)

    def parts(self, number: int) -> Iterator[NDArray[Any]]:
        """Yield the centred rows of a block, at most `ROWS_AT_ONCE` at once."""
        start, stop = int(self.borders[number]), int(self.borders[number + 1])
        for first in range(start, stop, ROWS_AT_ONCE):
            rows = working(self.rows[first : min(first + ROWS_AT_ONCE, stop)])
            yield rows - self.means[number].astype(rows.dtype)

    @cached_property
    def squares(self) -> list[Floats]:
        """The squared lengths of the centred rows of each block."""
        return [
            np.concatenate(
                [np.einsum("ij,ij->i", part, part, dtype=np.float64) for part in self.parts(number)]
            )
            for number in range(len(self))
        ]


def products(x: Blocks, y: Blocks) -> Floats:
    """Return XᵀY of the centred rows of each block, (n_blocks, width_x, width_y)."""
    found = np.zeros((len(x), x.width, y.width))
    for number in range(len(x)):
        if x is y:
            for part in x.parts(number):
                found[number] += part.T @ part
        else:
            for a, b in zip(x.parts(number), y.parts(number), strict=True):
                found[number] += a.T @ b
    return found


def scatters(x: Blocks, y: Blocks, found: Floats) -> Iterator[Floats]:
    """Yield XᵀY of all rows less their means, (width_x, width_y), and then without each block in turn.

    Parameters
    ----------
    x, y
        Two sets of vectors of the same things, in the same blocks.
    found
        Their `products`.
    """
    within = found.sum(axis=0)
    for out in (None, *(range(len(x)) if len(x) > 1 else ())):
        kept = np.arange(len(x)) != out
        sizes = x.sizes[kept].astype(np.float64)
        a, b = x.means[kept], y.means[kept]
        a, b = a - np.average(a, axis=0, weights=sizes), b - np.average(b, axis=0, weights=sizes)
        rest = within if out is None else within - found[out]
        yield rest + (a * sizes[:, None]).T @ b
