"""The probes by name: how each learns from some rows and labels others, for every setting at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ctxemb.probes.cosine import CentroidProbe, KNearestProbe
from ctxemb.probes.linear import ROWS_AT_ONCE, batches, fit_groups
from ctxemb.probes.mlp import MlpProbe
from ctxemb.probes.pairs import CosineThresholdProbe, pair_features, text_pair_features
from ctxemb.probes.problems import LinearFit, LinearGroup
from ctxemb.probes.rounds import Rows
from ctxemb.registry import unknown_name
from ctxemb.tasks.base import Kind

Labels = NDArray[np.str_]
Features = Callable[[Rows], NDArray[np.float32]]
"""From numbers of examples to their vectors, (n, width), which are the caller's own to overwrite."""

STRENGTHS = (1e3, 1e2, 1e1, 1.0, 1e-1)
"""Of the L2 penalty, the strongest first: of equally good ones, dev chooses the simplest classifier."""

_WEIGHTS_AT_ONCE = 1 << 23
"""Weights, of all problems solved together (32 MiB; the solver keeps some twenty-five times as much)."""


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
        For each round, the examples to learn from, of at least two labels, and those to label.
    """

    features: Features
    labels: Labels
    parts: Sequence[tuple[Rows, Rows]]


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
        self, groups: Sequence[Group], settings: Sequence[float], seed: int
    ) -> list[list[list[Labels]]]:
        """Return, for each group, round and setting, the labels of the examples that are to be labelled.

        Parameters
        ----------
        groups
            Each is learned by itself.
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
        self, groups: Sequence[Group], settings: Sequence[float], seed: int
    ) -> list[list[list[Labels]]]:
        """See `ProbeKind`; rounds of the same labels, and small groups, are solved together."""
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
                for number, fits in zip(work.rounds, of_work, strict=True):
                    answers[work.group][number] = self._labels(group, group.parts[number][1], work, fits)
        return answers

    def _read(self, group: Group, rows: Rows) -> NDArray[np.float32]:
        X = group.features(rows)
        return X if self.prepare is None else self.prepare(X)

    def _works(self, number: int, group: Group, n_settings: int) -> Iterator[_Work]:
        alike: dict[tuple[str, ...], list[int]] = {}
        for place, (learned, _) in enumerate(group.parts):
            alike.setdefault(tuple(np.unique(group.labels[learned]).tolist()), []).append(place)
        for labels, places in alike.items():
            width = self._read(group, group.parts[places[0]][0][:1]).shape[1]
            together = max(1, _WEIGHTS_AT_ONCE // (n_settings * len(labels) * width))
            for start in range(0, len(places), together):
                chosen = places[start : start + together]
                rows = np.unique(np.concatenate([group.parts[place][0] for place in chosen]))
                yield _Work(number, chosen, np.array(labels), rows)

    def _solvable(self, group: Group, work: _Work) -> LinearGroup:
        targets = np.searchsorted(work.labels, group.labels[work.rows])
        folds = [np.searchsorted(work.rows, group.parts[number][0]) for number in work.rounds]
        return LinearGroup(self._read(group, work.rows), targets, len(work.labels), folds)

    def _labels(self, group: Group, asked: Rows, work: _Work, fits: Sequence[LinearFit]) -> list[Labels]:
        """Return the labels of some examples for each setting."""
        codes = np.empty((len(fits), len(asked)), dtype=np.int64)
        for start in range(0, len(asked), ROWS_AT_ONCE):
            X = self._read(group, asked[start : start + ROWS_AT_ONCE])
            for of_fit, fit in zip(codes, fits, strict=True):
                of_fit[start : start + ROWS_AT_ONCE] = fit.scores(X).argmax(axis=1)
        return [work.labels[of_fit] for of_fit in codes]


@dataclass(frozen=True, slots=True, eq=False)
class _Work:
    """Rounds of a group that know the same labels, and all examples that they learn from."""

    group: int
    rounds: list[int]
    labels: Labels
    rows: Rows


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
        self, groups: Sequence[Group], settings: Sequence[float], seed: int
    ) -> list[list[list[Labels]]]:
        """See `ProbeKind`."""
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
        found = [
            [probe.predict(some) for probe in probes]
            for some in map(group.features, np.split(asked, range(ROWS_AT_ONCE, len(asked), ROWS_AT_ONCE)))
        ]
        return [np.concatenate(parts) for parts in zip(*found, strict=True)]


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


TEXT_PAIR_PROBES: dict[str, ProbeKind] = {"logistic": Logistic(text_pair_features)}
"""Probes on the vectors of two texts."""


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
    return {"pair": PAIR_PROBES, "sentence-pair": TEXT_PAIR_PROBES}.get(kind, PROBES)


def probe_names() -> list[str]:
    """Return the names of all probes."""
    return list(dict.fromkeys([*PROBES, *PAIR_PROBES]))
