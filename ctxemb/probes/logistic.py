"""Multinomial logistic regression, solved by Newton's method in torch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

_NEWTON_STEPS = 100
_CONJUGATE_STEPS = 60


class LogisticProbe:
    """Logistic regression with an L2 penalty; no penalty on the intercept.

    The loss is the sum of cross-entropies plus ``l2 / 2`` times the squared weights, that of scikit-learn's
    ``LogisticRegression(C=1 / l2)``, on features that are centred and divided by one number, so that their
    squares are 1 on average over rows and columns: a strength then means the same for every model and layer,
    and directions keep their proportions.

    It is minimised by Newton's method, whose steps are found by conjugate gradients without forming the
    Hessian (Steihaug 1983; Nocedal and Wright 2006, chapter 7), with a line search. Where there are fewer
    rows than columns, the problem is solved in the span of the rows, in which the solution lies.

    Parameters
    ----------
    l2
        Strength of the penalty.
    tolerance
        Norm of the gradient, relative to the number of rows, at which to stop.

    Attributes
    ----------
    classes_
        Labels, sorted.
    coef_, intercept_
        (n_classes, width) and (n_classes,), for features as given.
    loss_
        The loss reached, for scaled features.
    """

    def __init__(self, l2: float = 1.0, tolerance: float = 1e-6) -> None:
        self.l2 = l2
        self.tolerance = tolerance

    def fit(self, X: NDArray[np.float32], y: Sequence[str]) -> LogisticProbe:
        """Fit to rows, (n, width), and their labels."""
        self.classes_, targets = np.unique(np.asarray(y), return_inverse=True)
        features = torch.from_numpy(np.array(X, dtype=np.float32))
        mean = features.mean(dim=0)
        features -= mean
        scale = float(features.square().mean().sqrt()) or 1.0
        features /= scale
        basis = None
        if features.shape[0] < features.shape[1]:
            basis, triangle = torch.linalg.qr(features.T)  # (width, n), (n, n)
            features = triangle.T
        n_classes = len(self.classes_)
        # Of two classes scikit-learn penalises one vector, the difference of the two that softmax has.
        strength = 2 * self.l2 if n_classes == 2 else self.l2
        weights, intercept, self.loss_ = _minimise(
            features, torch.from_numpy(targets), n_classes, strength, self.tolerance
        )
        if basis is not None:
            weights = weights @ basis.T
        weights = weights / scale
        self.coef_: NDArray[np.float64] = weights.numpy()
        self.intercept_: NDArray[np.float64] = (intercept - weights @ mean).numpy()
        return self

    def scores(self, X: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the logits of each class, (n, n_classes)."""
        return X @ self.coef_.T + self.intercept_

    def predict(self, X: NDArray[np.float32]) -> NDArray[np.str_]:
        """Return the label of each row."""
        labels: NDArray[np.str_] = self.classes_[self.scores(X).argmax(axis=1)]
        return labels


def _minimise(
    features: Tensor, targets: Tensor, n_classes: int, l2: float, tolerance: float
) -> tuple[Tensor, Tensor, float]:
    """Return weights (n_classes, width), intercept (n_classes,) and the loss."""
    n = len(features)
    X = torch.cat([features, features.new_ones(n, 1)], dim=1)  # the intercept is the last column
    penalty = X.new_full((X.shape[1],), l2)
    penalty[-1] = 0.0
    goal = torch.nn.functional.one_hot(targets, n_classes).to(X.dtype)  # (n, n_classes)
    W = X.new_zeros(n_classes, X.shape[1])

    def loss_of(W: Tensor) -> tuple[Tensor, Tensor]:
        logits = X @ W.T
        losses = torch.logsumexp(logits, dim=1) - (logits * goal).sum(dim=1)
        return losses.sum() + 0.5 * (penalty * W * W).sum(), logits

    loss, logits = loss_of(W)
    for _ in range(_NEWTON_STEPS):
        shares = torch.softmax(logits, dim=1)
        gradient = (shares - goal).T @ X + penalty * W
        norm = float(gradient.norm())
        if norm <= tolerance * n:
            break
        step = _newton_step(X, shares, penalty, gradient, min(0.1, (norm / n) ** 0.5))
        slope, size = float((gradient * step).sum()), 1.0
        while True:
            candidate, candidate_logits = loss_of(W + size * step)
            if candidate <= loss + 1e-4 * size * slope or size < 1e-8:
                break
            size /= 2
        if size < 1e-8:
            break
        W, loss, logits = W + size * step, candidate, candidate_logits
    return W[:, :-1], W[:, -1], float(loss)


def _newton_step(X: Tensor, shares: Tensor, penalty: Tensor, gradient: Tensor, accuracy: float) -> Tensor:
    """Solve Hessian · step = -gradient by preconditioned conjugate gradients."""
    curvature = shares * (1 - shares)  # (n, n_classes)
    diagonal = curvature.T @ (X * X) + penalty + 1e-8  # (n_classes, width + 1)
    step = torch.zeros_like(gradient)
    residual = -gradient
    scaled = residual / diagonal
    direction = scaled.clone()
    product = (residual * scaled).sum()
    goal = accuracy * float(gradient.norm())
    for _ in range(_CONJUGATE_STEPS):
        forward = X @ direction.T  # (n, n_classes)
        weighted = shares * (forward - (shares * forward).sum(dim=1, keepdim=True))
        bent = weighted.T @ X + penalty * direction
        along = (direction * bent).sum()
        if along <= 0:
            break
        size = product / along
        step += size * direction
        residual -= size * bent
        if float(residual.norm()) <= goal:
            break
        scaled = residual / diagonal
        product, before = (residual * scaled).sum(), product
        direction = scaled + (product / before) * direction
    return step
