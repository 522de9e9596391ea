"""What a logistic regression learns from, made ready for the solver, and what it finds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ctxemb.errors import InputError
from ctxemb.solver.lbfgs import Minimum

FEW_ROWS = 512
"""Groups of up to so many rows are solved together with others, in double precision: they are cheap, and weak
penalties on few rows ask for more than single precision has."""

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


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
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


def prepare(group: LinearGroup, strengths: Sequence[float], dtype: torch.dtype, device: str) -> Prepared:
    """Centre, scale and turn the features of a group, which are overwritten."""
    n, width = group.X.shape
    dtype = torch.float64 if n <= FEW_ROWS else dtype
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
    turned = n < width or n <= FEW_ROWS
    if turned:
        turns.append(vectors)
        X = X @ vectors
    targets = torch.as_tensor(group.targets, device=device)
    masks, n_rows, shares, squared_scales = _folds(group, X, squares, targets)
    given = torch.tensor(strengths, dtype=torch.float64, device=device)
    if group.n_classes == 2:  # one vector is penalised, the difference of the two that softmax has
        given = 2 * given
    return Prepared(
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


def _eigen(gram: Tensor) -> tuple[Tensor, Tensor]:
    """Return eigenvalues, (n,), none below 0, and eigenvectors as columns, (n, n)."""
    try:
        values, vectors = torch.linalg.eigh(gram)
    except RuntimeError:  # many equal rows; double precision tells them apart
        values, vectors = (part.to(gram.dtype) for part in torch.linalg.eigh(gram.double()))
    return values.clamp_min(0.0), vectors
