"""Multinomial logistic regression: all strengths of the penalty, all folds, and many groups, as one problem.

Problems are solved by L-BFGS, whose first guess of the inverse Hessian is ``1 / (c · XᵀX + strength)``,
Böhning's bound (1992) with the mean curvature ``c`` of a class in place of one half; one eigendecomposition
of XᵀX serves all strengths. Of many rows, the blocks of the Hessian that belong to single classes soon
replace the guess. Of a group with few rows, the features are turned to lie along its eigenvectors, and groups
of similar shape are then solved together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ctxemb.errors import InputError
from ctxemb.solver.lbfgs import minimise
from ctxemb.solver.loss import Stack, padded
from ctxemb.solver.preparation import FEW_ROWS, LinearFit, LinearGroup, Prepared, prepare

Work = TypeVar("Work")

TOLERANCE = 1e-5

MANY_ROWS, _OF_MANY = 1 << 16, 10.0
"""For more rows, the tolerance is so many times as wide: losses are the least ones to four digits even so."""

ROWS_AT_ONCE = 1 << 14
"""Examples of small groups that are learned from at once, and examples that are labelled at once."""

_ROW_STEP, _CLASS_STEP = 1.25, 1.5
"""Groups of one shape differ by at most this factor."""

_CELLS_AT_ONCE = 1 << 20
"""Features of the groups that are solved together (4 MiB)."""


def fit_logistic(
    X: NDArray[np.float32],
    targets: NDArray[np.int64],
    n_classes: int,
    strengths: Sequence[float],
    *,
    folds: Sequence[NDArray[np.int64]] | None = None,
    tolerance: float = TOLERANCE,
    dtype: torch.dtype = torch.float32,
    device: str = "cpu",
) -> list[list[LinearFit]]:
    """Fit logistic regressions for all strengths and folds together.

    The loss is the sum of cross-entropies plus ``strength / 2`` times the squared weights, without a penalty
    on the intercept: that of scikit-learn's ``LogisticRegression(C=1 / strength)``, which for two classes
    penalises the difference of their weights alone. Features are centred and divided by one number, so that
    their squares are 1 on average over the rows learned from: a strength then means the same for every model
    and layer, and directions keep their proportions.

    Parameters
    ----------
    X, targets
        (n, width) features, and the class of each row, from 0.
    n_classes
        Number of classes, at least 2.
    strengths
        Of the L2 penalty, more than 0.
    folds
        For each fold, the rows to learn from, each once; all rows unless given.
    tolerance
        Gradient norm, divided by the number of rows, at which to stop; for more than `MANY_ROWS`, ten times
        it.
    dtype, device
        What to compute in, and where. What does not converge goes on in double precision.

    Returns
    -------
    list of list of LinearFit
        For each fold, for each strength.

    Raises
    ------
    InputError
        If there are fewer than two classes, a fold without rows, or a feature is not finite.
    """
    if folds is None:
        group = LinearGroup(np.array(X), targets, n_classes)
    else:
        used = np.unique(np.concatenate([np.empty(0, dtype=np.int64), *folds]))
        inside = [np.searchsorted(used, fold) for fold in folds]
        group = LinearGroup(np.asarray(X[used]), targets[used], n_classes, inside)
    (fits,) = fit_groups([group], strengths, tolerance=tolerance, dtype=dtype, device=device)
    return fits


def fit_groups(
    groups: Sequence[LinearGroup],
    strengths: Sequence[float],
    *,
    tolerance: float = TOLERANCE,
    dtype: torch.dtype = torch.float32,
    device: str = "cpu",
) -> list[list[list[LinearFit]]]:
    """Fit each group's logistic regressions, as `fit_logistic` does; their features are overwritten.

    Returns
    -------
    list of list of list of LinearFit
        For each group, for each fold, for each strength.

    Raises
    ------
    InputError
        As `fit_logistic`.
    """
    for group in groups:
        empty = not len(group.X) or (group.folds is not None and not all(map(len, group.folds)))
        if group.n_classes < 2 or empty or (group.folds is not None and not len(group.folds)):
            raise InputError("logistic regression needs rows of at least two classes")
    if min(strengths) <= 0:
        raise InputError(f"strengths of a penalty should be more than 0, found {min(strengths)}")
    fits_of_groups: list[list[list[LinearFit]]] = [[] for _ in groups]
    for together in _alike(groups):
        ready = [prepare(groups[number], strengths, dtype, device) for number in together]
        enough = tolerance * (_OF_MANY if len(ready[0].X) > MANY_ROWS else 1.0)
        minimum = minimise(*_stacked(ready, len(strengths)), enough)
        for place, (number, one) in enumerate(zip(together, ready, strict=True)):
            fits = one.fits(minimum, place, enough)
            fits_of_groups[number] = [
                fits[start : start + len(strengths)] for start in range(0, len(fits), len(strengths))
            ]
    return fits_of_groups


def batches(works: Iterable[Work], n_rows: Callable[[Work], int]) -> Iterator[list[Work]]:
    """Yield works whose rows together are few, or one alone: works should be sorted by their rows."""
    batch: list[Work] = []
    total = 0
    for work in works:
        total += n_rows(work)
        if batch and total > ROWS_AT_ONCE:
            yield batch
            batch, total = [], n_rows(work)
        batch.append(work)
    if batch:
        yield batch


def _alike(groups: Sequence[LinearGroup]) -> list[list[int]]:
    """Return which groups are solved together: those of few rows, and of similar shape."""
    alike: list[list[int]] = []
    shapes: dict[tuple[int, ...], list[int]] = {}
    for number, group in enumerate(groups):
        n, width = group.X.shape
        if n > FEW_ROWS:
            alike.append([number])
            continue
        n_folds = 0 if group.folds is None else len(group.folds)
        steps = int(np.log(n) / np.log(_ROW_STEP)), int(np.log(group.n_classes) / np.log(_CLASS_STEP))
        shapes.setdefault((n_folds, width, *steps), []).append(number)
    for numbers in shapes.values():
        n, width = max(len(groups[number].X) for number in numbers), groups[numbers[0]].X.shape[1]
        step = max(1, _CELLS_AT_ONCE // (n * min(n, width)))
        alike += [numbers[start : start + step] for start in range(0, len(numbers), step)]
    return alike


def _stacked(ready: Sequence[Prepared], n_strengths: int) -> tuple[Stack, Tensor]:
    """Return prepared groups as one stack, and where their problems start."""
    n_classes = max(one.n_classes for one in ready)
    classes = torch.tensor([one.n_classes for one in ready], device=ready[0].X.device)
    missing = torch.arange(n_classes, device=classes.device) >= classes[:, None]
    X = padded([one.X for one in ready])
    if len(ready) == 1:
        masks = None if ready[0].masks is None else ready[0].masks[None]
    else:
        masks = padded([one.X.new_ones(1, len(one.X)) if one.masks is None else one.masks for one in ready])
    sizes = torch.stack([one.sizes for one in ready])
    intercepts = padded([one.start for one in ready])[..., None]  # (n_groups, n_problems, n_classes, 1)
    stack = Stack(
        X,
        padded([one.targets for one in ready]),
        masks,
        torch.arange(sizes.shape[1], device=classes.device) // n_strengths,
        X.new_zeros(missing.shape).masked_fill_(missing, -torch.inf),
        classes.to(X.dtype),
        torch.stack([one.l2 for one in ready]),
        sizes,
        padded([one.values for one in ready]),
        ready[0].vectors,
    )
    weights = X.new_zeros(*intercepts.shape[:3], X.shape[2])
    return stack, torch.cat([weights, intercepts], dim=3)
