"""The probes by name: how each learns from some rows and labels others, for every setting at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ctxemb.probes.cosine import CentroidProbe, KNearestProbe
from ctxemb.probes.linear import fit_logistic
from ctxemb.probes.mlp import MlpProbe
from ctxemb.probes.pairs import CosineThresholdProbe, pair_features
from ctxemb.probes.rounds import Rows
from ctxemb.registry import unknown_name
from ctxemb.tasks.base import Kind

Labels = NDArray[np.str_]
Parts = Sequence[tuple[Rows, Rows]]
"""For each round, the rows to learn from and the rows to label."""

STRENGTHS = (1e3, 1e2, 1e1, 1.0, 1e-1)
"""Of the L2 penalty, the strongest first: of equally good ones, dev chooses the simplest classifier."""


_WEIGHTS_AT_ONCE = 1 << 23
"""Weights, of all problems solved together (32 MiB; the solver keeps some twenty times as much)."""


class ProbeKind(Protocol):
    """A way to learn labels from vectors.

    Attributes
    ----------
    settings
        What dev chooses from; the first of equally good ones is taken.
    learns_from_dev
        Whether dev is all that it learns from.
    """

    settings: Sequence[float]
    learns_from_dev: bool

    def predict(
        self, X: NDArray[np.float32], y: Labels, parts: Parts, settings: Sequence[float], seed: int
    ) -> list[list[Labels]]:
        """Return, for each round and setting, the labels of the rows that are to be labelled.

        Parameters
        ----------
        X, y
            (n, width) vectors, and their labels.
        parts
            Rows to learn from, of at least two labels, and rows to label.
        settings
            Which of the settings to try.
        seed
            Of what starts at random.
        """
        ...


class Logistic:
    """Logistic regression on vectors as they are, or as `prepare` makes them."""

    settings: Sequence[float] = STRENGTHS
    learns_from_dev = False

    def __init__(self, prepare: Callable[[NDArray[np.float32]], NDArray[np.float32]] | None = None) -> None:
        self.prepare = prepare

    def predict(
        self, X: NDArray[np.float32], y: Labels, parts: Parts, settings: Sequence[float], seed: int
    ) -> list[list[Labels]]:
        """See `ProbeKind`; rounds that know the same labels are solved together, as memory allows."""
        del seed
        X = X if self.prepare is None else self.prepare(X)
        rounds: list[list[Labels]] = [[] for _ in parts]
        known = [np.unique(y[learned]) for learned, _ in parts]
        alike: dict[tuple[str, ...], list[int]] = {}
        for number, labels in enumerate(known):
            alike.setdefault(tuple(labels.tolist()), []).append(number)
        for numbers in alike.values():
            labels = known[numbers[0]]
            targets = np.minimum(np.searchsorted(labels, y), len(labels) - 1)
            together = max(1, _WEIGHTS_AT_ONCE // (len(settings) * len(labels) * X.shape[1]))
            for start in range(0, len(numbers), together):
                chosen = numbers[start : start + together]
                folds = [parts[number][0] for number in chosen]
                fitted = fit_logistic(X, targets, len(labels), settings, folds=folds)
                for number, fits in zip(chosen, fitted, strict=True):
                    asked = X[parts[number][1]]
                    rounds[number] = [labels[fit.scores(asked).argmax(axis=1)] for fit in fits]
        return rounds


class Simple:
    """A probe with scikit-learn's contract, made anew for each round and setting."""

    def __init__(
        self,
        make: Callable[[float, int], Any],
        settings: Sequence[float] = (0.0,),
        *,
        learns_from_dev: bool = False,
    ) -> None:
        self.make = make
        self.settings = settings
        self.learns_from_dev = learns_from_dev

    def predict(
        self, X: NDArray[np.float32], y: Labels, parts: Parts, settings: Sequence[float], seed: int
    ) -> list[list[Labels]]:
        """See `ProbeKind`."""
        return [
            [self.make(setting, seed).fit(X[learned], y[learned]).predict(X[asked]) for setting in settings]
            for learned, asked in parts
        ]


NEIGHBOURS = (25, 11, 5, 3, 1)

PROBES: dict[str, ProbeKind] = {
    "logistic": Logistic(),
    "mlp": Simple(lambda decay, seed: MlpProbe(decay=decay, seed=seed), (1e-1, 1e-3)),
    "k-nn": Simple(lambda k, _: KNearestProbe(int(k)), NEIGHBOURS),
    "1-nn": Simple(lambda *_: KNearestProbe(1)),
    "centroid": Simple(lambda *_: CentroidProbe()),
}
"""Probes on the vector of a word or of a sentence."""

PAIR_PROBES: dict[str, ProbeKind] = {
    "logistic": Logistic(pair_features),
    "cosine": Simple(lambda *_: CosineThresholdProbe(), learns_from_dev=True),
}
"""Probes on the two vectors of a pair."""


def probe_for(name: str, kind: Kind) -> ProbeKind:
    """Return the probe of a name for tasks of a kind.

    Raises
    ------
    UnknownNameError
        If there is none.
    """
    known = probes_for(kind)
    if name not in known:
        raise unknown_name(f"probe for {kind} tasks", name, known)
    return known[name]


def probes_for(kind: Kind) -> Mapping[str, ProbeKind]:
    """Return the probes for tasks of a kind by name."""
    return PAIR_PROBES if kind == "pair" else PROBES


def probe_names() -> list[str]:
    """Return the names of all probes."""
    return list(dict.fromkeys([*PROBES, *PAIR_PROBES]))
