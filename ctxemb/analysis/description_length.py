"""How many bits it takes to send the labels to one who has the vectors (Voita and Titov 2020)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ctxemb.analysis.analysis import Analysis, Layer, Value
from ctxemb.probes.logistic import PROBE as LOGISTIC
from ctxemb.probes.probe import SINGLE, Features, prepared
from ctxemb.probes.splits import Rows
from ctxemb.results.names import TRAIN
from ctxemb.scoring.metric import Metric
from ctxemb.solver.logistic import batches, fit_groups
from ctxemb.solver.preparation import LinearGroup
from ctxemb.tasks import Task
from ctxemb.tasks.base import PAIR_KINDS

CODELENGTH = Metric(
    "codelength", "bits an example", 1.0, 3, unit=" bits", higher_is_better=False, split=TRAIN
)
COMPRESSION = Metric("compression", "compression", 1.0, 2, unit="", split=TRAIN)

PORTIONS = (0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.0625, 0.125, 0.25, 0.5, 1.0)
"""Shares of the examples after which the probe is trained anew, as in the paper."""

_STRENGTH = 1.0
_UNIFORM_SHARE = 0.01
"""The uniform code's share, so that a label that was never seen can be sent."""


@dataclass(frozen=True, slots=True)
class Codelength:
    """The length of an online code.

    Parameters
    ----------
    bits
        Of all labels.
    uniform_bits
        Of all labels without the vectors, each label of a group equally likely.
    n
        Number of labels.
    """

    bits: float
    uniform_bits: float
    n: int

    @property
    def per_example(self) -> float:
        """Bits for an example."""
        return self.bits / self.n

    @property
    def compression(self) -> float:
        """How many times shorter the code is than the uniform one; 1 where there is nothing to tell."""
        return self.uniform_bits / self.bits if self.bits else 1.0


def description_length(task: Task, features: Features, *, seed: int = 0) -> Codelength:
    """Return the length of the online code of a task's training labels.

    Examples are sent in portions. The labels of the first are sent as equally likely; those of a later one
    by a logistic regression that has learned from all portions before it, with one hundredth of the uniform
    code mixed in. Groups of examples, such as the words of a word-sense task, have codes of their own.

    Parameters
    ----------
    task
        Labels and groups; its training examples are used, with folds all of them.
    features
        The vectors of examples.
    seed
        Of the order of the examples.
    """
    rows = np.arange(len(task.examples)) if task.folds is not None else task.splits[TRAIN]
    generator = np.random.default_rng(seed)
    bits = uniform = 0.0
    portions: list[_Portion] = []
    groups, gold = task.example_groups[rows], task.gold[rows]
    order = np.argsort(groups, kind="stable")
    for places in np.split(order, np.flatnonzero(groups[order][1:] != groups[order][:-1]) + 1):
        shuffled = generator.permutation(places)
        names = np.array(task.group_labels[str(groups[places[0]])])
        uniform += len(places) * float(np.log2(len(names)))
        if len(names) == 1:
            continue
        targets = np.searchsorted(names, gold[shuffled])
        borders = np.unique([max(1, int(np.ceil(len(places) * share))) for share in PORTIONS]).tolist()
        bits += borders[0] * float(np.log2(len(names)))
        portions += [_Portion(rows[shuffled], targets, len(names), *cut) for cut in pairwise(borders)]
    read = prepared(LOGISTIC, task.kind, features)
    return Codelength(bits + _sent(portions, read), uniform, len(rows))


@dataclass(frozen=True, slots=True, eq=False)
class _Portion:
    """Labels that are sent together: those of ``rows[start:stop]``, of which `start` ones are known."""

    rows: Rows
    targets: NDArray[np.int64]
    n_classes: int
    start: int
    stop: int

    @property
    def known(self) -> NDArray[np.int64]:
        """The classes that were seen."""
        return np.flatnonzero(np.bincount(self.targets[: self.start]))

    def group(self, features: Features) -> LinearGroup:
        """Return what was seen, as the solver takes it."""
        known = self.known
        targets = np.searchsorted(known, self.targets[: self.start])
        return LinearGroup(features(self.rows[: self.start]), targets, len(known))

    def bits(self, shares: NDArray[np.float64]) -> float:
        """Return the length of the labels, given (n, n_classes) probabilities."""
        sent = self.targets[self.start : self.stop]
        picked = shares[np.arange(len(sent)), sent]
        return -float(np.log2((1 - _UNIFORM_SHARE) * picked + _UNIFORM_SHARE / self.n_classes).sum())


def _sent(portions: Sequence[_Portion], features: Features) -> float:
    """Return the bits of all portions; by add-one shares where one label alone was seen."""
    bits = 0.0
    learned = []
    for portion in portions:
        if len(portion.known) > 1:
            learned.append(portion)
            continue
        counts = np.bincount(portion.targets[: portion.start], minlength=portion.n_classes) + 1.0
        shares = np.broadcast_to(counts / counts.sum(), (portion.stop - portion.start, portion.n_classes))
        bits += portion.bits(shares)
    learned.sort(key=lambda portion: portion.start)
    for together in batches(learned, lambda portion: portion.start):
        solved = fit_groups([portion.group(features) for portion in together], [_STRENGTH])
        for portion, ((fit,),) in zip(together, solved, strict=True):
            logits = fit.scores(features(portion.rows[portion.start : portion.stop])).astype(np.float64)
            odds = np.exp(logits - logits.max(axis=1, keepdims=True))
            shares = np.zeros((len(odds), portion.n_classes))
            shares[:, portion.known] = odds / odds.sum(axis=1, keepdims=True)
            bits += portion.bits(shares)
    return bits


def measure(layer: Layer) -> list[Value]:
    """Return bits per example of the online code, and its compression."""
    code = description_length(layer.task, layer.features, seed=layer.seed)
    return [Value(CODELENGTH, code.per_example, code.n), Value(COMPRESSION, code.compression, code.n)]


ANALYSIS = Analysis(
    name="description-length",
    summary="the length of the online code of the labels (Voita and Titov 2020)",
    kinds=(*SINGLE, *PAIR_KINDS),
    metrics=(CODELENGTH, COMPRESSION),
    measure=measure,
    probe=LOGISTIC.name,
)
