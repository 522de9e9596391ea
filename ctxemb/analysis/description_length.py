"""How many bits it takes to send the labels to one who has the vectors (Voita and Titov 2020)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ctxemb.analysis.analysis import Analysis, Layer, Value
from ctxemb.probes.logistic import PROBE as LOGISTIC
from ctxemb.probes.logistic import STRENGTHS
from ctxemb.probes.probe import SINGLE, Features, prepared
from ctxemb.probes.splits import Rows
from ctxemb.results.names import TRAIN
from ctxemb.scoring.metric import Metric
from ctxemb.solver.logistic import batches, fit_groups
from ctxemb.solver.preparation import LinearFit, LinearGroup
from ctxemb.tasks import Task
from ctxemb.tasks.base import PAIR_KINDS

CODELENGTH = Metric(
    "codelength", "bits an example", 1.0, 3, unit=" bits", higher_is_better=False, split=TRAIN
)
COMPRESSION = Metric("compression", "compression", 1.0, 2, unit="", split=TRAIN)
FREQUENCY_COMPRESSION = Metric(
    "frequency_compression", "compression over label frequencies", 1.0, 2, unit="", split=TRAIN
)

PORTIONS = (0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.0625, 0.125, 0.25, 0.5, 1.0)
"""Shares of the examples after which the probe is trained anew, as in the paper."""

_FOLDS = 3
"""Of the cross-validation inside each prefix."""

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
    frequency_bits
        Of all labels without the vectors, by how often each was seen in the portions before.
    n
        Number of labels.
    """

    bits: float
    uniform_bits: float
    frequency_bits: float
    n: int

    @property
    def per_example(self) -> float:
        """Bits for an example."""
        return self.bits / self.n

    @property
    def compression(self) -> float:
        """How many times shorter the code is than the uniform one; 1 where there is nothing to tell."""
        return self.uniform_bits / self.bits if self.bits else 1.0

    @property
    def frequency_compression(self) -> float:
        """How many times shorter it is than the code that knows only how frequent labels are."""
        return self.frequency_bits / self.bits if self.bits else 1.0


def description_length(task: Task, features: Features, *, seed: int = 0) -> Codelength:
    """Return the length of the online code of a task's training labels.

    Examples are sent in portions. The labels of the first are sent as equally likely; those of a later one
    by a logistic regression that has learned from all portions before it, with one hundredth of the uniform
    code mixed in. Its penalty is chosen by cross-validation among the labels that were sent already, never
    on the portion that it sends. Groups of examples, such as the words of a word-sense task, have codes of
    their own.

    Two codes stand beside it that do not see the vectors: all labels equally likely, and each as often as in
    the portions before (counts plus one). A code that is no shorter than the second has read nothing.

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
    bits = uniform = frequency = 0.0
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
        first = borders[0] * float(np.log2(len(names)))
        own = [_Portion(rows[shuffled], targets, len(names), *cut) for cut in pairwise(borders)]
        bits += first
        frequency += first + sum(portion.frequency_bits for portion in own)
        portions += own
    read = prepared(LOGISTIC, task.kind, features)
    return Codelength(bits + _sent(portions, read), uniform, frequency, len(rows))


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

    @property
    def counted(self) -> NDArray[np.float64]:
        """(stop - start, n_classes) how often each class was seen, plus one, as shares."""
        counts = np.bincount(self.targets[: self.start], minlength=self.n_classes) + 1.0
        return np.broadcast_to(counts / counts.sum(), (self.stop - self.start, self.n_classes))

    @property
    def frequency_bits(self) -> float:
        """The length of the labels by how often each was seen."""
        sent = self.targets[self.start : self.stop]
        return -float(np.log2(self.counted[np.arange(len(sent)), sent]).sum())

    def folds(self) -> list[tuple[Rows, Rows]]:
        """Return which places of what was seen to learn from, and which to hold out, in turn.

        The first example of each class is never held out, so that every class is known in every turn.
        """
        seen = self.targets[: self.start]
        order = np.argsort(seen, kind="stable")
        firsts = np.unique(seen[order], return_index=True)[1]
        spare = np.delete(order, firsts)
        held = [np.sort(spare[turn::_FOLDS]) for turn in range(min(_FOLDS, len(spare)))]
        return [(np.delete(np.arange(self.start), rows), rows) for rows in held]

    def group(self, features: Features, folds: Sequence[Rows] | None = None) -> LinearGroup:
        """Return what was seen, as the solver takes it."""
        known = self.known
        targets = np.searchsorted(known, self.targets[: self.start])
        return LinearGroup(features(self.rows[: self.start]), targets, len(known), folds)

    def bits(self, fit: LinearFit, features: Features, places: Rows) -> float:
        """Return the length of the labels at some places, as a fit sends them."""
        logits = fit.scores(features(self.rows[places])).astype(np.float64)
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        shares = np.zeros((len(odds), self.n_classes))
        shares[:, self.known] = odds / odds.sum(axis=1, keepdims=True)
        return self.length(shares, places)

    def length(self, shares: NDArray[np.float64], places: Rows) -> float:
        """Return the length of the labels at some places, given (n, n_classes) probabilities."""
        picked = shares[np.arange(len(places)), self.targets[places]]
        return -float(np.log2((1 - _UNIFORM_SHARE) * picked + _UNIFORM_SHARE / self.n_classes).sum())


def _sent(portions: Sequence[_Portion], features: Features) -> float:
    """Return the bits of all portions; by add-one shares where one label alone was seen."""
    bits = 0.0
    learned = []
    for portion in portions:
        if len(portion.known) > 1:
            learned.append(portion)
        else:
            bits += portion.length(portion.counted, np.arange(portion.start, portion.stop))
    learned.sort(key=lambda portion: portion.start)
    strengths = _chosen(learned, features)
    for strength in STRENGTHS:
        alike = [portion for portion, own in zip(learned, strengths, strict=True) if own == strength]
        for together in batches(alike, lambda portion: portion.start):
            solved = fit_groups([portion.group(features) for portion in together], [strength])
            for portion, ((fit,),) in zip(together, solved, strict=True):
                bits += portion.bits(fit, features, np.arange(portion.start, portion.stop))
    return bits


def _chosen(portions: Sequence[_Portion], features: Features) -> list[float]:
    """Return the penalty of each portion, by cross-validation among the labels sent before it.

    Ties, and prefixes too short to hold anything out, go to the strongest.
    """
    strengths = [STRENGTHS[0]] * len(portions)
    held_out = [portion.folds() for portion in portions]
    works = [number for number, folds in enumerate(held_out) if folds]
    for together in batches(works, lambda number: portions[number].start):
        groups = [
            portions[number].group(features, [rows for rows, _ in held_out[number]]) for number in together
        ]
        for number, of_folds in zip(together, fit_groups(groups, STRENGTHS), strict=True):
            lengths = np.zeros(len(STRENGTHS))
            for fits, (_, held) in zip(of_folds, held_out[number], strict=True):
                lengths += [portions[number].bits(fit, features, held) for fit in fits]
            strengths[number] = STRENGTHS[int(lengths.argmin())]
    return strengths


def measure(layer: Layer) -> list[Value]:
    """Return bits per example of the online code, and how much shorter it is than codes without vectors."""
    code = description_length(layer.task, layer.features, seed=layer.seed)
    return [
        Value(CODELENGTH, code.per_example, code.n),
        Value(COMPRESSION, code.compression, code.n),
        Value(FREQUENCY_COMPRESSION, code.frequency_compression, code.n),
    ]


ANALYSIS = Analysis(
    name="description-length",
    summary="the length of the online code of the labels (Voita and Titov 2020)",
    kinds=(*SINGLE, *PAIR_KINDS),
    metrics=(CODELENGTH, COMPRESSION, FREQUENCY_COMPRESSION),
    measure=measure,
    probe=LOGISTIC.name,
)
