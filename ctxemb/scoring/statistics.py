"""How sure a score is, and whether a difference is real.

Examples are resampled (Efron 1979) within their groups, each for itself or, where they are not independent,
in whole clusters. Examples of which everything that counts is equal (group, gold label, predictions) are
interchangeable, so that their numbers are drawn and not they themselves.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse, stats

from ctxemb.scoring.metrics import (
    Codes,
    Counts,
    Floats,
    LabelCodes,
    MetricFunction,
    count,
    encode_labels,
    metric_function,
)

FEWEST_CLUSTERS = 10
"""With fewer clusters, examples are resampled each for itself."""

_EXACT = 13
"""Up to so many units that can be exchanged, all exchanges are tried."""

_CELLS_AT_ONCE = 4_000_000


@dataclass(frozen=True, slots=True)
class Interval:
    """A score and the bounds of its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """A difference of two scores on the same examples.

    Parameters
    ----------
    value, low, high
        The difference, and the bounds of its 95 % interval.
    p
        Of the two-sided permutation test.
    effect
        Cohen's g: of the examples that one of the two has right and the other has not, the share that the
        first has right, less one half; 0 if there is no such example. Where chunks are scored, it is of
        words: one is right where the chunk that begins there is found, or none begins and none is found.
    error, n_units
        Standard error of the difference, by the resamples of its interval, and how many things they draw.
    """

    value: float
    low: float
    high: float
    p: float
    effect: float
    error: float = math.nan
    n_units: int = 0


def score_with_interval(
    metric: str,
    gold: ArrayLike,
    predicted: ArrayLike,
    groups: ArrayLike,
    *,
    labels: Mapping[str, Sequence[str]] | None = None,
    clusters: ArrayLike | None = None,
    positions: ArrayLike | None = None,
    seed: int = 0,
    n_bootstrap: int = 1000,
) -> Interval:
    """Score predictions, with an expanded percentile bootstrap interval (Hesterberg 2015, section 5.3).

    The percentiles are those of Student's t for the number of examples or clusters, so that the interval is
    not too narrow where clusters are few.

    Parameters
    ----------
    metric, gold, predicted, groups, labels, positions
        As for `ctxemb.scoring.metrics.score`.
    clusters
        (n_examples,) examples of one cluster are resampled together; empty where one stands for itself. A
        cluster that holds whole groups (all examples of a word) weighs them by how often it is drawn. With
        fewer than ten clusters, examples are resampled each for itself.
    seed, n_bootstrap
        Of the resampling.

    Raises
    ------
    UnknownNameError, InputError
        As `ctxemb.scoring.metrics.score`.

    Examples
    --------
    >>> score_with_interval("accuracy", ["a", "b"], ["a", "b"], ["", ""])
    Interval(value=1.0, low=1.0, high=1.0)
    """
    function = metric_function(metric)
    codes = encode_labels(metric, gold, [predicted], groups, labels, positions)
    units = units_of(codes, clusters)
    value = float(function(count(codes, 0), codes.owners, np.ones(codes.n_groups)))
    draws = np.concatenate(
        [function(units.counts(drawn, 0), codes.owners, units.group_weights(drawn))
         for drawn in units.bootstrap(n_bootstrap, np.random.default_rng(seed))]
    )  # fmt: skip
    low, high = bounds_of(draws, units.n_independent)
    return Interval(value, min(value, low), max(value, high))


def compare_paired(
    metric: str,
    gold: ArrayLike,
    a: ArrayLike,
    b: ArrayLike,
    groups: ArrayLike,
    *,
    labels: Mapping[str, Sequence[str]] | None = None,
    clusters: ArrayLike | None = None,
    positions: ArrayLike | None = None,
    seed: int = 0,
    n_permutations: int = 10_000,
    n_bootstrap: int = 1000,
) -> PairedDifference:
    """Compare two sets of predictions for the same examples: score of `a` less score of `b`.

    The interval is that of a paired bootstrap, as in `score_with_interval`. The test is approximate
    randomisation (Noreen 1989): if there were no difference, the predictions of an example (or of all
    examples of a cluster) could be exchanged between `a` and `b`; p is the share of random exchanges whose
    difference is larger, and half of those whose difference is equal, the one that was found counted in.
    Half, because accuracy takes few values: counting all makes a test that is said to be wrong in 5 % of
    cases wrong in fewer (mid-p: Lancaster 1961; Fagerland, Lydersen and Laake 2013 for paired proportions).
    Where they are few (up to 13 units), all exchanges are tried, and equal ones count in full: the test is
    exact, and never wrong more often than it says.

    Parameters
    ----------
    metric, gold, groups, labels, clusters, positions, seed, n_bootstrap
        As for `score_with_interval`.
    a, b
        (n_examples,) predictions.
    n_permutations
        Number of random exchanges.
    """
    function = metric_function(metric)
    codes = encode_labels(metric, gold, [a, b], groups, labels, positions)
    units = units_of(codes, clusters)
    even = np.ones(codes.n_groups)
    of_a, of_b = count(codes, 0), count(codes, 1)
    value = float(function(of_a, codes.owners, even) - function(of_b, codes.owners, even))
    generator = np.random.default_rng(seed)
    draws = []
    for drawn in units.bootstrap(n_bootstrap, generator):
        weights = units.group_weights(drawn)
        scores = [function(units.counts(drawn, which), codes.owners, weights) for which in (0, 1)]
        draws.append(scores[0] - scores[1])
    n, drawn_values = units.n_independent, np.concatenate(draws)
    low, high = bounds_of(drawn_values, n)
    error = float(drawn_values.std() * np.sqrt(n / max(1, n - 1)))
    p = _permutation_p(function, codes, units, of_a, of_b, value, n_permutations, generator)
    wins = np.count_nonzero((codes.predicted[0] == codes.gold) & (codes.predicted[1] != codes.gold))
    losses = np.count_nonzero((codes.predicted[1] == codes.gold) & (codes.predicted[0] != codes.gold))
    effect = float(wins / (wins + losses) - 0.5) if wins + losses else 0.0
    return PairedDifference(value, min(value, low), max(value, high), p, effect, error, n)


def holm(ps: Sequence[float]) -> list[float]:
    """Correct p-values for their number (Holm 1979), in the order given.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(ps, kind="stable")
    factors = len(ps) - np.arange(len(ps))
    corrected = np.minimum(1.0, np.maximum.accumulate(np.asarray(ps, dtype=float)[order] * factors))
    in_order = np.empty(len(ps))
    in_order[order] = corrected
    return [float(p) for p in in_order]


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """What is drawn together.

    Parameters
    ----------
    sizes
        (n_units,) how many there are of each kind of example; of clusters, 1.
    strata
        Units that are drawn in place of each other: of kinds of examples, those of a group; of clusters, all.
    members
        (n_units, n_examples) sparse: how often each example is in a unit; for kinds, in which it is one of
        many.
    codes
        The labels.
    nested
        (n_groups,) the cluster that a group lies in; None if examples, or clusters across groups, are drawn.
    n_independent
        Number of things drawn.
    """

    sizes: Floats
    strata: list[Codes]
    tables: tuple[tuple[sparse.csr_matrix, sparse.csr_matrix, sparse.csr_matrix], ...]
    group_table: sparse.csr_matrix
    nested: bool
    n_independent: int

    def bootstrap(self, n_draws: int, generator: np.random.Generator) -> Iterator[Floats]:
        """Yield (some draws, n_units) how often each unit is drawn."""
        width = max(len(self.sizes), self.group_table.shape[1], self.tables[0][0].shape[1])
        step = max(1, min(n_draws, _CELLS_AT_ONCE // width))
        for start in range(0, n_draws, step):
            n = min(step, n_draws - start)
            drawn = np.empty((n, len(self.sizes)))
            for stratum in self.strata:
                sizes = self.sizes[stratum]
                total = sizes.sum()
                drawn[:, stratum] = generator.multinomial(int(total), sizes / total, size=n)
            yield drawn

    def counts(self, drawn: Floats, which: int) -> Counts:
        """Return the counts of a set of predictions in each draw."""
        return Counts(*(np.asarray((table.T @ drawn.T).T) for table in self.tables[which]))

    def group_weights(self, drawn: Floats) -> Floats:
        """Return (draws, n_groups) how much a group weighs in a mean over groups."""
        present = np.asarray((self.group_table.T @ drawn.T).T)
        return present if self.nested else (present > 0).astype(float)


def units_of(codes: LabelCodes, clusters: ArrayLike | None) -> Units:
    """Return what is drawn together: clusters, or examples that are labelled alike."""
    named = np.asarray(clusters if clusters is not None else np.full(len(codes.gold), ""), dtype=np.str_)
    own = named == ""
    n_clusters = len(np.unique(named[~own])) + int(own.sum())
    groups = codes.owners[codes.gold]
    n = len(codes.gold)
    if own.all() or n_clusters < FEWEST_CLUSTERS:
        columns = np.stack([codes.gold, *codes.predicted])
        kinds, unit_of, sizes = np.unique(columns, axis=1, return_inverse=True, return_counts=True)
        firsts = np.zeros(kinds.shape[1], dtype=np.int64)
        firsts[unit_of.ravel()] = np.arange(n)
        owners = codes.owners[kinds[0]]
        order = np.argsort(owners, kind="stable")
        strata = np.split(order, np.flatnonzero(np.diff(owners[order])) + 1)
        rows, examples = np.arange(len(firsts)), firsts
        return _tabled(codes, rows, examples, sizes.astype(float), strata, nested=False, n_independent=n)
    names = np.where(own, np.char.add("\0", np.arange(n).astype(np.str_)), named)
    _, rows = np.unique(names, return_inverse=True)
    of_group = np.unique(np.stack([groups, rows]), axis=1)
    nested = of_group.shape[1] == codes.n_groups
    ones = np.ones(n_clusters)
    return _tabled(
        codes, rows, np.arange(n), ones, [np.arange(n_clusters)], nested=nested, n_independent=n_clusters
    )


def _tabled(
    codes: LabelCodes,
    rows: Codes,
    examples: Codes,
    sizes: Floats,
    strata: list[Codes],
    *,
    nested: bool,
    n_independent: int,
) -> Units:
    """Return the units: `rows` says in which unit each of `examples` is."""

    def table(columns: Codes, values: Floats, width: int) -> sparse.csr_matrix:
        return sparse.csr_matrix((values, (rows, columns)), shape=(len(sizes), width))

    def labels(columns: Codes, kept: NDArray[np.bool_] | bool = True) -> sparse.csr_matrix:
        return table(columns, codes.counted[columns] * kept, len(codes.owners))

    gold = codes.gold[examples]
    tables = tuple(
        (labels(gold, gold == predicted[examples]), labels(gold), labels(predicted[examples]))
        for predicted in codes.predicted
    )
    groups = table(codes.owners[gold], np.ones(len(rows)), codes.n_groups)
    if nested:  # a group in one cluster weighs as much as the cluster, however many examples it has
        groups = groups.sign()
    return Units(sizes, strata, tables, groups, nested, n_independent)


def bounds_of(draws: Floats, n: int) -> tuple[float, float]:
    """Return the percentiles whose normal quantiles are those of t for `n`, times √(n / (n - 1))."""
    tail = 0.025 if n < 2 else float(stats.norm.cdf(-np.sqrt(n / (n - 1)) * stats.t.ppf(0.975, n - 1)))
    low, high = np.quantile(draws, [tail, 1 - tail])
    return float(low), float(high)


def _permutation_p(
    function: MetricFunction,
    codes: LabelCodes,
    units: Units,
    of_a: Counts,
    of_b: Counts,
    observed: float,
    n_permutations: int,
    generator: np.random.Generator,
) -> float:
    (right_a, _, predicted_a), (right_b, _, predicted_b) = units.tables
    moved = sparse.hstack([right_b - right_a, predicted_b - predicted_a]).tocsr()
    moved.eliminate_zeros()
    kept = np.flatnonzero(np.diff(moved.indptr))
    moved, sizes = moved[kept], units.sizes[kept].astype(np.int64)
    n_labels, even = len(codes.owners), np.ones(codes.n_groups)

    def hits(exchanged: Floats, equal: float) -> float:
        change = np.asarray((moved.T @ exchanged.T).T)
        rights, answers = change[:, :n_labels], change[:, n_labels:]
        new_a = Counts(of_a.right + rights, of_a.gold[None], of_a.predicted + answers)
        new_b = Counts(of_b.right - rights, of_b.gold[None], of_b.predicted - answers)
        difference = function(new_a, codes.owners, even) - function(new_b, codes.owners, even)
        beyond = np.abs(difference) - abs(observed)
        return float((beyond > 1e-12).sum() + equal * (np.abs(beyond) <= 1e-12).sum())

    if sizes.sum() <= _EXACT:
        each = sparse.csr_matrix(
            (np.ones(sizes.sum()), (np.arange(sizes.sum()), np.repeat(np.arange(len(sizes)), sizes))),
            shape=(int(sizes.sum()), len(sizes)),
        )
        bits = (np.arange(2 ** int(sizes.sum()))[:, None] >> np.arange(int(sizes.sum()))) & 1
        return hits(np.asarray((each.T @ bits.T).T, dtype=float), 1.0) / len(bits)
    step = max(1, _CELLS_AT_ONCE // max(2 * n_labels, len(sizes)))
    total = 0.5  # what was found is equal to itself
    for start in range(0, n_permutations, step):
        n = min(step, n_permutations - start)
        total += hits(generator.binomial(sizes, 0.5, size=(n, len(sizes))).astype(float), 0.5)
    return total / (1 + n_permutations)
