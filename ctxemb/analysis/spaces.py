"""Spaces: vectors as they are, or after a remedy for a few dimensions that dominate their cosines.

====================  ==================================================================================
``raw``               as they are
``centered``          less the mean
``standardized``      less the mean, over the deviation of each dimension (Timkey and van Schijndel 2021)
``abtt-K``            less the mean and the first K principal axes: all-but-the-top (Mu and Viswanath 2018)
``zero-K``            the K dimensions with the largest absolute mean set to zero
``whitened``          less the mean, principal axes scaled to variance one (Su et al. 2021)
====================  ==================================================================================

A space is fitted once, on the vectors that a probe trains on or on those of a reference text, and never on
those that are scored.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctxemb.analysis.rows import Rows, check_rows, working
from ctxemb.analysis.sums import Sums, sum_rows
from ctxemb.errors import InputError
from ctxemb.suggest import unknown_name

SPACES = ("raw", "centered", "standardized", "abtt-K", "zero-K", "whitened")
_NUMBERED = re.compile(r"(abtt|zero)-([1-9]\d*)")
_LEAST = 1e-8
"""Variances below this share of the largest count as none."""


class Space:
    """A map of vectors that is fitted on some and applied to others, with scikit-learn's contract.

    Parameters
    ----------
    name
        One of `SPACES`, with a number for K.

    Attributes
    ----------
    shift_
        (width,) what is subtracted.
    scale_
        (width,) what each dimension is multiplied by; None for one.
    axes_
        (k, width) orthonormal directions that are taken out; None for none.
    map_
        (width, n_axes) what vectors are multiplied by at last; None for the identity.

    Raises
    ------
    UnknownNameError
        If there is no such space.

    Examples
    --------
    >>> X = np.array([[101.0, 0], [103, 2], [102, 1]])
    >>> Space("centered").fit(X).transform(X).tolist()
    [[-1.0, -1.0], [1.0, 1.0], [0.0, 0.0]]
    """

    def __init__(self, name: str) -> None:
        if name not in SPACES[:3] + SPACES[5:] and not _NUMBERED.fullmatch(name):
            raise unknown_name("space", name, SPACES)
        self.name = name
        self.shift_: NDArray[np.float64] | None = None
        self.scale_: NDArray[np.float64] | None = None
        self.axes_: NDArray[np.float64] | None = None
        self.map_: NDArray[np.float64] | None = None

    def __repr__(self) -> str:
        return f"Space({self.name!r})"

    def fit(self, X: Rows, y: object = None) -> Space:
        """Learn the space of `X`, (n, width), of which some rows are read at once.

        Raises
        ------
        InputError
            If there are fewer than two rows, one is not finite, or they are of no more than K dimensions.
        """
        del y
        check_rows(X)
        width = X.shape[1]
        kind, number = self._parsed()
        if number >= width:
            raise InputError(f"{self.name}: expected fewer than the {width} dimensions of the vectors")
        (sums,) = sum_rows(X)
        self.shift_ = np.zeros(width) if kind in {"raw", "zero"} else sums.mean
        self.scale_ = self.axes_ = self.map_ = None
        if kind == "zero":
            self.scale_ = np.ones(width)
            self.scale_[np.argsort(-np.abs(sums.mean), kind="stable")[:number]] = 0
        elif kind == "standardized":
            self.scale_ = _inverse_roots(np.diag(sums.covariance))
        elif kind in {"abtt", "whitened"}:
            self._fit_axes(sums, number)
        return self

    def transform(self, X: Rows) -> NDArray[Any]:
        """Return vectors, (n, width), in this space: (n, width), or fewer dimensions for ``whitened``.

        Raises
        ------
        InputError
            If the space has not been fitted, or the vectors are of another width.
        """
        rows = working(X[:])
        if self.shift_ is None:
            raise InputError(f"the space {self.name} has not been fitted")
        if rows.shape[1:] != self.shift_.shape:
            raise InputError(
                f"the space was fitted on vectors of width {len(self.shift_)}, found {rows.shape}"
            )
        dtype = rows.dtype
        rows = rows - self.shift_.astype(dtype)
        if self.scale_ is not None:
            rows = rows * self.scale_.astype(dtype)
        if self.axes_ is not None:
            axes = self.axes_.astype(dtype)
            rows = rows - (rows @ axes.T) @ axes
        return np.asarray(rows if self.map_ is None else rows @ self.map_.astype(dtype))

    def fit_transform(self, X: Rows, y: object = None) -> NDArray[Any]:
        """Return `X` in the space that is learnt from it."""
        return self.fit(X, y).transform(X)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters, as scikit-learn asks for them."""
        del deep
        return {"name": self.name}

    def set_params(self, **params: Any) -> Space:
        """Set parameters; what was learnt is forgotten."""
        self.__init__(**{**self.get_params(), **params})  # type: ignore[misc]
        return self

    def of(self, rows: Rows) -> Rows:
        """Return vectors in this space that are computed when they are read."""
        return rows if self.name == "raw" else _InSpace(self, rows)

    def _parsed(self) -> tuple[str, int]:
        kind, _, number = self.name.partition("-")
        return kind, int(number or 0)

    def _fit_axes(self, sums: Sums, number: int) -> None:
        values, axes = np.linalg.eigh(sums.covariance)
        if number:
            self.axes_ = axes[:, ::-1][:, :number].T
        else:
            roots = _inverse_roots(values)
            self.map_ = axes[:, roots > 0][:, ::-1] * roots[roots > 0][::-1]


def _inverse_roots(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 1 / √v, and 0 where there is no variance."""
    enough = values > _LEAST * max(float(values.max()), 1e-300)
    return np.where(enough, 1 / np.sqrt(np.where(enough, values, 1)), 0)


class _InSpace:
    def __init__(self, space: Space, rows: Rows) -> None:
        self.space, self.rows = space, rows
        first = space.transform(rows[:1])
        self.shape = (len(rows), first.shape[1])
        self.dtype = first.dtype

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, key: Any, /) -> Any:
        return self.space.transform(self.rows[key])
