"""Multinomial logistic regression: with scikit-learn's contract, and for many groups at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctxemb.probes.pairs import pair_features, text_pair_features
from ctxemb.probes.probe import SINGLE, Group, Labels, Prepare
from ctxemb.probes.splits import Rows
from ctxemb.solver.logistic import ROWS_AT_ONCE, TOLERANCE, batches, fit_groups, fit_logistic
from ctxemb.solver.preparation import LinearFit, LinearGroup
from ctxemb.tasks.base import PAIR_KINDS, Kind

STRENGTHS = (1e3, 1e2, 1e1, 1.0, 1e-1)
"""Strengths of the L2 penalty, the strongest first: ties on dev go to the simplest classifier."""

_WEIGHTS_AT_ONCE = 1 << 23
"""Weights of all problems solved together (32 MiB; the solver keeps some twenty-five times as much)."""


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


class BatchedLogisticProbe:
    """Logistic regression, as `LogisticProbe`, for all groups, splits and strengths together."""

    name = "logistic"
    kinds: tuple[Kind, ...] = (*SINGLE, *PAIR_KINDS)
    settings: Sequence[float] = STRENGTHS
    is_random = False
    learns_from_dev = False
    prepare: Mapping[Kind, Prepare] = {"pair": pair_features, "sentence-pair": text_pair_features}

    def predict(
        self, groups: Sequence[Group], settings: Sequence[float], seed: int
    ) -> list[list[list[Labels]]]:
        """See `Probe`; splits of the same labels, and small groups, are solved together."""
        del seed
        answers: list[list[list[Labels]]] = [[[] for _ in group.parts] for group in groups]
        works = [
            work for number, group in enumerate(groups) for work in self._works(number, group, len(settings))
        ]
        works.sort(key=lambda work: len(work.rows))
        for together in batches(works, lambda work: len(work.rows)):
            solved = fit_groups([self._solvable(groups[work.group], work) for work in together], settings)
            for work, of_work in zip(together, solved, strict=True):
                group = groups[work.group]
                for number, fits in zip(work.splits, of_work, strict=True):
                    answers[work.group][number] = self._labels(group, group.parts[number][1], work, fits)
        return answers

    def _works(self, number: int, group: Group, n_settings: int) -> Iterator[_Work]:
        alike: dict[tuple[str, ...], list[int]] = {}
        for place, (learned, _) in enumerate(group.parts):
            alike.setdefault(tuple(np.unique(group.labels[learned]).tolist()), []).append(place)
        for labels, places in alike.items():
            width = group.features(group.parts[places[0]][0][:1]).shape[1]
            together = max(1, _WEIGHTS_AT_ONCE // (n_settings * len(labels) * width))
            for start in range(0, len(places), together):
                chosen = places[start : start + together]
                rows = np.unique(np.concatenate([group.parts[place][0] for place in chosen]))
                yield _Work(number, chosen, np.array(labels), rows)

    def _solvable(self, group: Group, work: _Work) -> LinearGroup:
        targets = np.searchsorted(work.labels, group.labels[work.rows])
        folds = [np.searchsorted(work.rows, group.parts[number][0]) for number in work.splits]
        return LinearGroup(group.features(work.rows), targets, len(work.labels), folds)

    def _labels(self, group: Group, asked: Rows, work: _Work, fits: Sequence[LinearFit]) -> list[Labels]:
        """Return the labels of some examples for each setting."""
        codes = np.empty((len(fits), len(asked)), dtype=np.int64)
        for start in range(0, len(asked), ROWS_AT_ONCE):
            X = group.features(asked[start : start + ROWS_AT_ONCE])
            for of_fit, fit in zip(codes, fits, strict=True):
                of_fit[start : start + ROWS_AT_ONCE] = fit.scores(X).argmax(axis=1)
        return [work.labels[of_fit] for of_fit in codes]


@dataclass(frozen=True, slots=True, eq=False)
class _Work:
    """Splits of a group that know the same labels, and all examples that they learn from."""

    group: int
    splits: list[int]
    labels: Labels
    rows: Rows


PROBE = BatchedLogisticProbe()
