"""Multinomial logistic regression with scikit-learn's contract."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ctxemb.solver.logistic import TOLERANCE, fit_logistic


class LogisticProbe:
    """Logistic regression with an L2 penalty; see `ctxemb.solver.logistic.fit_logistic`.

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

    def __init__(self, l2: float = 1.0, tolerance: float = TOLERANCE) -> None:
        self.l2 = l2
        self.tolerance = tolerance

    def fit(self, X: NDArray[np.float32], y: Sequence[str]) -> LogisticProbe:
        """Fit to rows, (n, width), and their labels.

        Raises
        ------
        InputError
            If there are fewer than two labels, or a feature is not finite.
        """
        self.classes_, targets = np.unique(np.asarray(y), return_inverse=True)
        fit = fit_logistic(X, targets, len(self.classes_), [self.l2], tolerance=self.tolerance)[0][0]
        self.coef_, self.intercept_, self.loss_ = fit.coef, fit.intercept, fit.loss
        return self

    def scores(self, X: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the logits of each class, (n, n_classes)."""
        return X @ self.coef_.T + self.intercept_

    def predict(self, X: NDArray[np.float32]) -> NDArray[np.str_]:
        """Return the label of each row."""
        labels: NDArray[np.str_] = self.classes_[self.scores(X).argmax(axis=1)]
        return labels
