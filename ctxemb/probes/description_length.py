"""How many bits it takes to send the labels to one who has the vectors (Voita and Titov 2020)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ctxemb.probes.kinds import Features
from ctxemb.probes.linear import fit_logistic
from ctxemb.probes.pairs import pair_features
from ctxemb.probes.rounds import TRAIN
from ctxemb.tasks import Task

PORTIONS = (0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.0625, 0.125, 0.25, 0.5, 1.0)
"""Shares of the examples after which the probe is trained anew, as in the paper."""

_STRENGTH = 1.0
_UNIFORM_SHARE = 0.01
"""Of the code: so that a label that was never seen can be sent."""


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
    groups, gold = task.example_groups[rows], task.gold[rows]
    order = np.argsort(groups, kind="stable")
    for places in np.split(order, np.flatnonzero(groups[order][1:] != groups[order][:-1]) + 1):
        shuffled = generator.permutation(places)
        names = np.array(task.group_labels[str(groups[places[0]])])
        targets = np.searchsorted(names, gold[shuffled])
        X = features(rows[shuffled])
        found = _group_bits(pair_features(X) if task.kind == "pair" else X, targets, len(names))
        bits += found
        uniform += len(places) * float(np.log2(len(names)))
    return Codelength(bits, uniform, len(rows))


def _group_bits(X: NDArray[np.float32], targets: NDArray[np.int64], n_classes: int) -> float:
    n = len(targets)
    if n_classes == 1:
        return 0.0
    borders = np.unique([max(1, int(np.ceil(n * share))) for share in PORTIONS])
    bits = float(borders[0] * np.log2(n_classes))
    for start, stop in pairwise(borders.tolist()):
        shares = _shares(X[:start], targets[:start], X[start:stop], n_classes)
        picked = shares[np.arange(stop - start), targets[start:stop]]
        bits -= float(np.log2((1 - _UNIFORM_SHARE) * picked + _UNIFORM_SHARE / n_classes).sum())
    return bits


def _shares(
    X: NDArray[np.float32], targets: NDArray[np.int64], asked: NDArray[np.float32], n_classes: int
) -> NDArray[np.float64]:
    """Return (n_asked, n_classes) probabilities by what was seen; of one label seen alone, add-one shares."""
    shares = np.zeros((len(asked), n_classes))
    known = np.unique(targets)
    if len(known) == 1:
        counts = np.bincount(targets, minlength=n_classes) + 1.0
        shares[:] = counts / counts.sum()
        return shares
    fit = fit_logistic(X, np.searchsorted(known, targets), len(known), [_STRENGTH])[0][0]
    logits = fit.scores(asked).astype(np.float64)
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares[:, known] = odds / odds.sum(axis=1, keepdims=True)
    return shares
