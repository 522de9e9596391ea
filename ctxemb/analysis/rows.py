"""Rows of vectors that are read a few at a time: arrays, mapped files, layers of a store."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ctxemb.errors import InputError

ROWS_AT_ONCE = 4096
"""Rows that are in memory at once: 12 MB of float32 at width 768."""


class Rows(Protocol):
    """Vectors, (n, width): an array, or anything that returns arrays for slices and arrays of numbers."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, width)."""
        ...

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the numbers."""
        ...

    def __len__(self) -> int: ...

    def __getitem__(self, key: Any, /) -> Any: ...


def check_rows(X: Rows, name: str = "X", fewest: int = 2) -> None:
    """Check that there are enough vectors, and that all values are finite.

    Raises
    ------
    InputError
        If `X` is not (n, width), n is below `fewest`, or a value is not finite; the message names the row.
    """
    if len(X.shape) != 2:
        raise InputError(f"{name}: expected vectors as rows, (n, width), found the shape {tuple(X.shape)}")
    if len(X) < fewest:
        raise InputError(f"{name}: expected at least {fewest} rows, found {len(X)}")
    for start, block in chunks(X):
        finite = np.isfinite(block).all(axis=1)
        if not finite.all():
            row = start + int(np.argmin(finite))
            raise InputError(f"{name}: row {row} (counted from 0) holds a value that is not finite")


def check_same_rows(X: Rows, Y: Rows, fewest: int = 2) -> None:
    """Check two sets of vectors of the same things; see `check_rows`.

    Raises
    ------
    InputError
        If one of them is wrong by itself, or they differ in their number of rows.
    """
    check_rows(X, "X", fewest)
    check_rows(Y, "Y", fewest)
    if len(X) != len(Y):
        raise InputError(f"X and Y should be vectors of the same things, found {len(X)} and {len(Y)} rows")


def chunks(X: Rows, start: int = 0, stop: int | None = None) -> Iterator[tuple[int, NDArray[Any]]]:
    """Yield the number of a first row and the rows from there, at most `ROWS_AT_ONCE`, in order.

    float64 stays as it is; every other type becomes float32.
    """
    stop = len(X) if stop is None else stop
    for first in range(start, stop, ROWS_AT_ONCE):
        yield first, working(X[first : min(first + ROWS_AT_ONCE, stop)])


def working(block: Any) -> NDArray[Any]:
    """Return an array in the type that measures compute with: float64 if it is float64, else float32."""
    array = np.asarray(block)
    return array if array.dtype == np.float64 else array.astype(np.float32, copy=False)


def unit_rows(block: NDArray[Any], first: int = 0, name: str = "X") -> NDArray[np.float64]:
    """Return rows of length one, as float64.

    Raises
    ------
    InputError
        If a row is zero, so that its cosine is not defined; the message counts rows from `first`.
    """
    rows = block.astype(np.float64)
    lengths = np.linalg.norm(rows, axis=1)
    if not lengths.all():
        row = first + int(np.argmin(lengths))
        raise InputError(
            f"{name}: row {row} (counted from 0) is zero; the cosine of a zero vector is undefined"
        )
    return np.asarray(rows / lengths[:, None])


def sample_rows(X: Rows, most: int, seed: int) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Return the numbers and the vectors of at most `most` rows, drawn without replacement, in order."""
    numbers = np.arange(len(X))
    if len(X) > most:
        numbers = np.sort(np.random.default_rng(seed).choice(len(X), most, replace=False))
    return numbers, working(X[numbers])


class Chosen:
    """Some rows of others, read when they are asked for.

    Parameters
    ----------
    rows
        (n, width)
    numbers
        (n_chosen,) which of them.
    """

    def __init__(self, rows: Rows, numbers: NDArray[np.int64]) -> None:
        self.rows, self.numbers = rows, numbers
        self.shape = (len(numbers), rows.shape[1])
        self.dtype = rows.dtype

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, key: Any, /) -> Any:
        return self.rows[self.numbers[key]]
