"""The contract of a probe: it learns labels from the vectors of some examples, and labels others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ctxemb.probes.splits import Rows
from ctxemb.solver.logistic import ROWS_AT_ONCE
from ctxemb.tasks.base import Kind

Labels = NDArray[np.str_]
Features = Callable[[Rows], NDArray[np.float32]]
"""From numbers of examples to their vectors, (n, width), which are the caller's own to overwrite."""

Prepare = Callable[[NDArray[np.float32]], NDArray[np.float32]]

SINGLE: tuple[Kind, ...] = ("word-sense", "sentence-label", "token-label")
"""Kinds of task whose examples have one vector each."""


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """What a probe is to do for examples that share a classifier.

    Parameters
    ----------
    features
        The vectors of examples by their numbers; what is not asked for is not in memory.
    labels
        The label of every example of the task.
    parts
        For each split, the examples to learn from, of at least two labels, and those to label.
    """

    features: Features
    labels: Labels
    parts: Sequence[tuple[Rows, Rows]]


class Estimator(Protocol):
    """The contract of scikit-learn's classifiers."""

    def fit(self, X: Any, y: Any) -> Any:
        """Learn from rows, (n, width), and their labels; return the estimator."""
        ...

    def predict(self, X: Any) -> Any:
        """Return the label of each row."""
        ...


class Probe(Protocol):
    """A way to learn labels from vectors.

    Attributes
    ----------
    name
        What results call it.
    kinds
        The kinds of task it serves.
    settings
        What dev chooses from; ties go to the first.
    is_random
        Whether it starts at random, so that it is run with several seeds.
    learns_from_dev
        Whether dev is all that it learns from.
    prepare
        What is made of the vectors of a kind of task first, where it is not those themselves.
    """

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def kinds(self) -> tuple[Kind, ...]: ...  # noqa: D102
    @property
    def settings(self) -> Sequence[float]: ...  # noqa: D102
    @property
    def is_random(self) -> bool: ...  # noqa: D102
    @property
    def learns_from_dev(self) -> bool: ...  # noqa: D102
    @property
    def prepare(self) -> Mapping[Kind, Prepare]: ...  # noqa: D102

    def predict(
        self, groups: Sequence[Group], settings: Sequence[float], seed: int
    ) -> list[list[list[Labels]]]:
        """Return, for each group, split and setting, the labels of the examples that are to be labelled.

        Parameters
        ----------
        groups
            Each is learned by itself.
        settings
            Which of the settings to try.
        seed
            Seed of what starts at random.
        """
        ...


@dataclass(frozen=True, slots=True, eq=False)
class FitPredictProbe:
    """A probe with scikit-learn's contract; an estimator is made for each group, split and setting.

    Parameters
    ----------
    name
        What results call it.
    make
        Makes an estimator, given a setting and a seed.
    kinds, settings, is_random, learns_from_dev, prepare
        As in `Probe`.
    """

    name: str
    make: Callable[[float, int], Estimator]
    kinds: tuple[Kind, ...] = SINGLE
    settings: Sequence[float] = (0.0,)
    is_random: bool = False
    learns_from_dev: bool = False
    prepare: Mapping[Kind, Prepare] = field(default_factory=dict)

    def predict(
        self, groups: Sequence[Group], settings: Sequence[float], seed: int
    ) -> list[list[list[Labels]]]:
        """See `Probe`."""
        return [
            [self._predict(group, learned, asked, settings, seed) for learned, asked in group.parts]
            for group in groups
        ]

    def _predict(
        self, group: Group, learned: Rows, asked: Rows, settings: Sequence[float], seed: int
    ) -> list[Labels]:
        X, y = group.features(learned), group.labels[learned]
        probes = [self.make(setting, seed).fit(X, y) for setting in settings]
        del X  # a probe keeps what it needs
        parts = [
            [probe.predict(some) for probe in probes]
            for some in map(group.features, np.split(asked, range(ROWS_AT_ONCE, len(asked), ROWS_AT_ONCE)))
        ]
        return [np.concatenate(of_setting) for of_setting in zip(*parts, strict=True)]


def prepared(probe: Probe, kind: Kind, features: Features) -> Features:
    """Return the features of a task of this kind as the probe wants them."""
    prepare = probe.prepare.get(kind)
    return features if prepare is None else lambda rows: prepare(features(rows))
