"""Multinomial logistic regression: all strengths of the penalty, and all folds, as one problem.

Problems that share their features share every pass over them: the products with all weights are one matrix
product. They are solved by L-BFGS (Liu and Nocedal 1989) whose first guess of the inverse Hessian is
``1 / (c · XᵀX + strength)``, Böhning's bound (1992) with the mean curvature ``c`` in place of one half; one
eigendecomposition of XᵀX serves all strengths. What has converged leaves the product.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ctxemb.errors import InputError

TOLERANCE = 1e-5
_MEMORY = 10
_REFRESH = 4.0
"""The curvature is measured again when it has fallen by this factor, as where labels become certain."""

_MOST_STEPS = 500
_MOST_HALVINGS = 12
_LOGITS_AT_ONCE = 1 << 20


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
        What to compute in, and where. What does not converge is solved again in double precision.

    Returns
    -------
    list of list of LinearFit
        For each fold, for each strength.

    Raises
    ------
    InputError
        If there are fewer than two classes, a fold without rows, or a feature is not finite.
    """
    rows = [np.unique(fold) for fold in folds] if folds is not None else [np.arange(len(X))]
    if n_classes < 2 or not all(map(len, rows)):
        raise InputError("logistic regression needs rows of at least two classes")
    if min(strengths) <= 0:
        raise InputError(f"strengths of a penalty should be more than 0, found {min(strengths)}")
    used = rows[0] if len(rows) == 1 else np.unique(np.concatenate(rows))
    features = torch.tensor(np.asarray(X[used]), dtype=dtype, device=device)
    if not bool(torch.isfinite(features).all()):
        raise InputError("a feature is not finite: a probe cannot learn from it")
    problem = _Problem(
        features, torch.as_tensor(targets[used], device=device), n_classes, rows, used, strengths
    )
    found = problem.solve(tolerance)
    if dtype != torch.float64:  # what weak penalties on few rows ask for may be beyond single precision
        for fold, fits in zip(rows, found, strict=True):
            for number, fit in enumerate(fits):
                if not fit.converged:
                    one = strengths[number : number + 1]
                    ((fits[number],),) = fit_logistic(
                        X,
                        targets,
                        n_classes,
                        one,
                        folds=[fold],
                        tolerance=tolerance,
                        dtype=torch.float64,
                        device=device,
                    )
    return found


class _Problem:
    """Stacked problems; index p is fold f and strength s, p = f * n_strengths + s."""

    def __init__(
        self,
        features: Tensor,
        targets: Tensor,
        n_classes: int,
        folds: Sequence[NDArray[np.int64]],
        used: NDArray[np.int64],
        strengths: Sequence[float],
    ) -> None:
        self.mean = features.mean(dim=0)
        features -= self.mean
        self.basis: Tensor | None = None
        if features.shape[0] < features.shape[1]:  # the solution lies in the span of the rows
            self.basis, triangle = torch.linalg.qr(features.T)  # (width, n), (n, n)
            features = triangle.T.contiguous()
        self.scale = (
            float(features.square().mean().sqrt()) * (features.shape[1] / len(self.mean)) ** 0.5 or 1.0
        )
        self.X = features.div_(self.scale)
        self.n_classes, self.n_strengths = n_classes, len(strengths)
        one_hot = torch.nn.functional.one_hot(targets, n_classes).to(features.dtype).T.contiguous()
        masks = self.X.new_zeros(len(folds), len(used))
        for mask, learned in zip(masks, folds, strict=True):
            mask[torch.as_tensor(np.searchsorted(used, learned), device=mask.device)] = 1.0
        self.masks = None if len(folds) == 1 else masks.repeat_interleave(len(strengths), dim=0)
        self.one_hot = one_hot  # (n_classes, n)
        sizes = masks.sum(dim=1)  # (n_folds,)
        means = masks @ self.X / sizes[:, None]
        squares = masks @ self.X.square().sum(dim=1) / sizes - means.square().sum(dim=1)
        self.squared_scales = squares.clamp_min(1e-12) / len(self.mean)  # of each fold's features
        self.sizes = sizes.repeat_interleave(len(strengths))
        given = torch.tensor(strengths, dtype=features.dtype, device=features.device)
        if n_classes == 2:  # one vector is penalised, the difference of the two that softmax has
            given = 2 * given
        self.l2 = (self.squared_scales[:, None] * given).flatten()  # (n_problems,)
        shares = (masks @ one_hot.T / sizes[:, None]).clamp(1e-6, 1.0)  # (n_folds, n_classes)
        self.start = shares.log().repeat_interleave(len(strengths), dim=0)
        self.values, self.vectors = _eigen(self.X.T @ self.X / len(used))

    def solve(self, tolerance: float) -> list[list[LinearFit]]:
        """Return the fits of all problems."""
        n, width = len(self.sizes), self.X.shape[1]
        active = torch.arange(n, device=self.X.device)
        at = torch.cat([self.X.new_zeros(n, self.n_classes, width), self.start[:, :, None]], dim=2)
        loss, gradient, curvature = self._evaluate(at, active)
        history: list[tuple[Tensor, Tensor, Tensor]] = []
        found: dict[int, LinearFit] = {}
        stuck = torch.zeros(n, dtype=torch.bool, device=self.X.device)
        for step in range(_MOST_STEPS + 1):
            norms = gradient.flatten(1).norm(dim=1) / self.sizes[active]
            done = (norms <= tolerance) | stuck | (step == _MOST_STEPS)
            if bool(done.any()):
                for i in done.nonzero()[:, 0].tolist():
                    number, norm = int(active[i]), float(norms[i])
                    found[number] = self._fit(number, at[i], float(loss[i]), norm, step, norm <= tolerance)
                kept = ~done
                active, at, loss, gradient = active[kept], at[kept], loss[kept], gradient[kept]
                curvature = curvature[kept]
                history = [(move[kept], change[kept], rho[kept]) for move, change, rho in history]
                if not len(active):
                    break
            direction = -self._inverse_hessian(gradient, history, curvature, active)
            new, new_loss, new_gradient, bent = self._search(at, loss, gradient, direction, active)
            curvature = torch.where(bent < curvature / _REFRESH, bent, curvature)
            stuck = new_loss > loss + torch.finfo(at.dtype).eps * loss.abs()
            move, change = new - at, new_gradient - gradient
            along = _dot(move, change)
            useful = along > 1e-10 * _dot(change, change)
            history.append((move, change, torch.where(useful, 1 / along, 0.0)))
            del history[:-_MEMORY]
            at, loss, gradient = new, new_loss, new_gradient
        return [[found[f * self.n_strengths + s] for s in range(self.n_strengths)]
                for f in range(n // self.n_strengths)]  # fmt: skip

    def _evaluate(self, at: Tensor, which: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return loss, in double precision, gradient and curvature of the problems `which`.

        Returns
        -------
        Tensor, Tensor, Tensor
            (n_problems,), as `at`, and (n_problems,) sums over rows of the classes' mean p·(1 - p)
        """
        n, n_classes = len(which), self.n_classes
        weights, intercept = at[:, :, :-1], at[:, :, -1:]
        flat = weights.reshape(n * n_classes, -1)
        l2 = self.l2[which][:, None, None]
        loss = 0.5 * (l2 * weights.square()).sum(dim=(1, 2), dtype=torch.float64)
        gradient = torch.empty_like(at)
        gradient[:, :, :-1] = l2 * weights
        gradient[:, :, -1] = 0
        curvature = torch.zeros_like(at[:, 0, 0])
        step = max(1, _LOGITS_AT_ONCE // len(flat))
        for start in range(0, len(self.X), step):
            rows = self.X[start : start + step]
            goal = self.one_hot[:, start : start + step]
            logits = (flat @ rows.T).view(n, n_classes, len(rows)) + intercept
            top = logits.amax(dim=1, keepdim=True)
            logits -= top
            picked = (logits * goal).sum(dim=1)
            shares = logits.exp_()
            total = shares.sum(dim=1, keepdim=True)
            losses = total.log()[:, 0] - picked
            shares /= total
            if self.masks is not None:
                mask = self.masks[which, start : start + step]
                losses *= mask
                shares *= mask[:, None]
                goal = goal * mask[:, None]
            curvature += (shares.sum(dim=(1, 2)) - shares.square().sum(dim=(1, 2))) / n_classes
            shares -= goal
            loss += losses.sum(dim=1, dtype=torch.float64)
            gradient[:, :, :-1] += (shares.view(n * n_classes, -1) @ rows).view(n, n_classes, -1)
            gradient[:, :, -1] += shares.sum(dim=2)
        return loss, gradient, curvature

    def _inverse_hessian(
        self,
        gradient: Tensor,
        history: Sequence[tuple[Tensor, Tensor, Tensor]],
        curvature: Tensor,
        which: Tensor,
    ) -> Tensor:
        """Return the product with L-BFGS's inverse Hessian (the two-loop recursion)."""
        vector = gradient.clone()
        factors = []
        for move, change, rho in reversed(history):
            factor = rho * _dot(move, vector)
            vector -= factor[:, None, None] * change
            factors.append(factor)
        vector = self._precondition(vector, curvature, which)
        for (move, change, rho), factor in zip(history, reversed(factors), strict=True):
            vector += (factor - rho * _dot(change, vector))[:, None, None] * move
        return vector

    def _precondition(self, vector: Tensor, curvature: Tensor, which: Tensor) -> Tensor:
        """Return the product with the inverse of a Hessian in which every row had the mean curvature."""
        n, n_classes = vector.shape[:2]
        curvature = (curvature + 1e-6 * self.sizes[which])[:, None, None]
        turned = (vector[:, :, :-1].reshape(n * n_classes, -1) @ self.vectors).view(n, n_classes, -1)
        turned /= curvature * self.values + self.l2[which][:, None, None]
        weights = (turned.view(n * n_classes, -1) @ self.vectors.T).view(n, n_classes, -1)
        bias = vector[:, :, -1] / curvature[:, 0]
        return torch.cat([weights, bias[:, :, None]], dim=2)

    def _search(
        self, at: Tensor, loss: Tensor, gradient: Tensor, direction: Tensor, which: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Halve steps until the loss falls enough (Armijo)."""
        slope = _dot(gradient, direction).double()
        size = torch.ones_like(slope)
        new = at + direction
        found = self._evaluate(new, which)
        slack = torch.finfo(at.dtype).eps * loss.abs()
        for _ in range(_MOST_HALVINGS):
            bad = found[0] > loss + 1e-4 * size * slope + slack
            if not bool(bad.any()):
                break
            size[bad] /= 2
            new[bad] = at[bad] + size[bad].to(at.dtype)[:, None, None] * direction[bad]
            for old, better in zip(found, self._evaluate(new[bad], which[bad]), strict=True):
                old[bad] = better
        return new, *found

    def _fit(
        self, number: int, at: Tensor, loss: float, norm: float, n_steps: int, converged: bool
    ) -> LinearFit:
        weights, intercept = at[:, :-1] / self.scale, at[:, -1]
        if self.basis is not None:
            weights = weights @ self.basis.T
        intercept = intercept - weights @ self.mean
        coef = weights.double().cpu().numpy()
        return LinearFit(coef, intercept.double().cpu().numpy(), loss, norm, n_steps, converged)


def _eigen(gram: Tensor) -> tuple[Tensor, Tensor]:
    """Return eigenvalues, (n,), none below 0, and eigenvectors as columns, (n, n)."""
    try:
        values, vectors = torch.linalg.eigh(gram)
    except RuntimeError:  # many equal rows; double precision tells them apart
        values, vectors = (part.to(gram.dtype) for part in torch.linalg.eigh(gram.double()))
    return values.clamp_min(0.0), vectors


def _dot(a: Tensor, b: Tensor) -> Tensor:
    return (a * b).sum(dim=(1, 2))
