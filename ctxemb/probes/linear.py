"""Multinomial logistic regression: all strengths of the penalty, all folds, and many groups, as one problem.

Problems are solved by L-BFGS, whose first guess of the inverse Hessian is ``1 / (c · XᵀX + strength)``,
Böhning's bound (1992) with the mean curvature ``c`` of a class in place of one half; one eigendecomposition
of XᵀX serves all strengths. Of a group with few rows, the features are turned to lie along its eigenvectors,
and groups of similar shape are then solved together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ctxemb.errors import InputError
from ctxemb.probes.lbfgs import Minimum, minimise
from ctxemb.probes.stack import Stack, padded

TOLERANCE = 1e-5
_FEW_ROWS = 512
"""Groups of up to so many rows are solved together with others, in double precision: they are cheap, and weak
penalties on few rows ask for more than single precision has."""

_ROW_STEP, _CLASS_STEP = 1.25, 1.5
"""Groups of one shape differ by at most this factor."""

_CELLS_AT_ONCE = 1 << 20
"""Features of the groups that are solved together (4 MiB)."""

_LEAST_VARIANCE = 1e-9
"""Of all features of a fold together, for one whose rows are all equal."""


@dataclass(frozen=True, slots=True, eq=False)
class LinearFit:
    """One solved problem.

    Parameters
    ----------
    coef, intercept
        (n_classes, width) and (n_classes,), for features as given.
    loss
        Sum of cross-entropies and penalty that was reached.
    gradient_norm
        Norm of the gradient there, divided by the number of rows, for scaled features.
    n_steps
        Steps taken.
    converged
        Whether the norm is within the tolerance.
    """

    coef: NDArray[np.float64]
    intercept: NDArray[np.float64]
    loss: float
    gradient_norm: float
    n_steps: int
    converged: bool

    def scores(self, X: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the logits of each class, (n, n_classes)."""
        scores: NDArray[np.float64] = X @ self.coef.T.astype(X.dtype) + self.intercept
        return scores


@dataclass(frozen=True, slots=True, eq=False)
class LinearGroup:
    """Rows that have a classifier of their own.

    Parameters
    ----------
    X
        (n, width) features, which the solver overwrites, so that they are not in memory twice.
    targets
        (n,) the class of each row, from 0.
    n_classes
        Number of classes, at least 2.
    folds
        For each fold, the rows to learn from; all rows unless given.
    """

    X: NDArray[np.float32]
    targets: NDArray[np.int64]
    n_classes: int
    folds: Sequence[NDArray[np.int64]] | None = None


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
        Gradient norm, divided by the number of rows, at which to stop.
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
    (found,) = fit_groups([group], strengths, tolerance=tolerance, dtype=dtype, device=device)
    return found


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
    found: list[list[list[LinearFit]]] = [[] for _ in groups]
    for together in _alike(groups):
        ready = [_prepare(groups[number], strengths, dtype, device) for number in together]
        minimum = minimise(*_stacked(ready, len(strengths)), tolerance)
        for place, (number, one) in enumerate(zip(together, ready, strict=True)):
            fits = one.fits(minimum, place, tolerance)
            found[number] = [
                fits[start : start + len(strengths)] for start in range(0, len(fits), len(strengths))
            ]
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Prepared:
    """A group whose features are centred, scaled, and in the span of its rows.

    Parameters
    ----------
    X
        (n, span) features.
    targets
        (n,)
    masks
        (n_folds, n) 1 where a fold learns from a row; None if there is one fold, of all rows.
    n_classes
        Number of classes.
    sizes, l2
        (n_problems,) rows of each problem, and the strength of its penalty.
    start
        (n_problems, n_classes) intercepts to begin with.
    values, vectors
        (span,) eigenvalues of the mean of XᵀX, and (span, span) its eigenvectors; no vectors if the features
        are along them.
    mean, scale, turns
        How `X` was made: less `mean`, divided by `scale`, and multiplied by matrices.
    """

    X: Tensor
    targets: Tensor
    masks: Tensor | None
    n_classes: int
    sizes: Tensor
    l2: Tensor
    start: Tensor
    values: Tensor
    vectors: Tensor | None
    mean: Tensor
    scale: float
    turns: list[Tensor]

    def fits(self, minimum: Minimum, place: int, tolerance: float) -> list[LinearFit]:
        """Return the fits of all problems, for features as given; `place` is the group's in the stack."""
        at = minimum.at[place, :, : self.n_classes]
        weights, intercept = at[..., : self.X.shape[1]] / self.scale, at[..., -1]
        for turn in reversed(self.turns):
            weights = weights @ turn.to(weights.dtype).T
        intercept = intercept - weights @ self.mean.to(weights.dtype)
        return [
            LinearFit(coef, bias, loss, norm, n_steps, norm <= tolerance)
            for coef, bias, loss, norm, n_steps in zip(
                weights.double().cpu().numpy(),
                intercept.double().cpu().numpy(),
                minimum.loss[place].tolist(),
                minimum.norms[place].tolist(),
                minimum.n_steps[place].tolist(),
                strict=True,
            )
        ]


def _prepare(group: LinearGroup, strengths: Sequence[float], dtype: torch.dtype, device: str) -> _Prepared:
    n, width = group.X.shape
    dtype = torch.float64 if n <= _FEW_ROWS else dtype
    X = torch.from_numpy(np.require(group.X, requirements=["C", "W"])).to(device, dtype)
    mean = X.mean(dim=0)
    if not bool(torch.isfinite(mean).all()):
        raise InputError("a feature is not finite: a probe cannot learn from it")
    X -= mean
    turns = []
    if n < width:  # the solution lies in the span of the rows
        basis, triangle = torch.linalg.qr(X.T)  # (width, n), (n, n)
        turns.append(basis)
        X = triangle.T.contiguous()
    squares = torch.linalg.vector_norm(X, dim=1).double().square()  # (n,)
    scale = float((squares.mean() / width).sqrt()) or 1.0
    X /= scale
    squares /= scale**2
    values, vectors = _eigen(X.T @ X / n)
    turned = n < width or n <= _FEW_ROWS
    if turned:
        turns.append(vectors)
        X = X @ vectors
    targets = torch.as_tensor(group.targets, device=device)
    masks, n_rows, shares, squared_scales = _folds(group, X, squares, targets)
    given = torch.tensor(strengths, dtype=torch.float64, device=device)
    if group.n_classes == 2:  # one vector is penalised, the difference of the two that softmax has
        given = 2 * given
    return _Prepared(
        X,
        targets,
        masks,
        group.n_classes,
        n_rows.repeat_interleave(len(strengths)).to(dtype),
        (squared_scales[:, None] / width * given).flatten().to(dtype),
        shares.log().repeat_interleave(len(strengths), dim=0).to(dtype),
        values,
        None if turned else vectors,
        mean,
        scale,
        turns,
    )


def _folds(
    group: LinearGroup, X: Tensor, squares: Tensor, targets: Tensor
) -> tuple[Tensor | None, Tensor, Tensor, Tensor]:
    """Return masks, and for each fold its number of rows, shares of classes, and variance of the features.

    `squares` are the rows' squared lengths; the variance is the sum of those of all features.
    """
    n = len(X)
    rows = [torch.arange(n)] if group.folds is None else [torch.as_tensor(fold) for fold in group.folds]
    rows = [fold.to(X.device) for fold in rows]
    counts = torch.stack([torch.bincount(targets[fold], minlength=group.n_classes) for fold in rows])
    sizes = counts.sum(dim=1).double()
    shares = (counts / sizes[:, None]).clamp(1e-6, 1.0)
    if len(rows) == 1 and len(rows[0]) == n:
        return None, sizes, shares, squares.mean()[None].clamp_min(_LEAST_VARIANCE)
    masks = X.new_zeros(len(rows), n)
    for mask, fold in zip(masks, rows, strict=True):
        mask[fold] = 1.0
    means = (masks @ X).double() / sizes[:, None]
    spread = masks.double() @ squares / sizes - means.square().sum(dim=1)
    return masks, sizes, shares, spread.clamp_min(_LEAST_VARIANCE)


def _alike(groups: Sequence[LinearGroup]) -> list[list[int]]:
    """Return which groups are solved together: those of few rows, and of similar shape."""
    found: list[list[int]] = []
    shapes: dict[tuple[int, ...], list[int]] = {}
    for number, group in enumerate(groups):
        n, width = group.X.shape
        if n > _FEW_ROWS:
            found.append([number])
            continue
        n_folds = 0 if group.folds is None else len(group.folds)
        steps = int(np.log(n) / np.log(_ROW_STEP)), int(np.log(group.n_classes) / np.log(_CLASS_STEP))
        shapes.setdefault((n_folds, width, *steps), []).append(number)
    for numbers in shapes.values():
        n, width = max(len(groups[number].X) for number in numbers), groups[numbers[0]].X.shape[1]
        step = max(1, _CELLS_AT_ONCE // (n * min(n, width)))
        found += [numbers[start : start + step] for start in range(0, len(numbers), step)]
    return found


def _stacked(ready: Sequence[_Prepared], n_strengths: int) -> tuple[Stack, Tensor]:
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


def _eigen(gram: Tensor) -> tuple[Tensor, Tensor]:
    """Return eigenvalues, (n,), none below 0, and eigenvectors as columns, (n, n)."""
    try:
        values, vectors = torch.linalg.eigh(gram)
    except RuntimeError:  # many equal rows; double precision tells them apart
        values, vectors = (part.to(gram.dtype) for part in torch.linalg.eigh(gram.double()))
    return values.clamp_min(0.0), vectors
