"""Two systems compared over folds, whose training sets overlap.

Predictions of cross-validation are those of several classifiers, and two of them share most of what they have
learned from. A test that exchanges predictions takes the classifiers as given; to say that one *way of
learning* is better, training has to vary, too. The corrected resampled t-test (Nadeau and Bengio 2003;
Bouckaert and Frank 2004 for folds) widens the variance between folds by how much of the data they share.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from ctxemb.errors import InputError
from ctxemb.scoring.metrics import score
from ctxemb.scoring.statistics import PairedDifference


def corrected_resampled(differences: ArrayLike, test_share: float) -> tuple[float, float]:
    """Return p of the corrected resampled t-test, and the standard error of the mean difference.

    Parameters
    ----------
    differences
        (n_folds,) the difference of two scores on each fold.
    test_share
        Examples that are tested for each that is learned from: 1/9 for ten folds.

    Raises
    ------
    InputError
        If there are fewer than two folds.

    Examples
    --------
    >>> p, error = corrected_resampled([0.02, 0.0, 0.04, 0.02], 1 / 3)
    >>> round(p, 3), round(error, 4)
    (0.207, 0.0125)
    """
    d = np.asarray(differences, dtype=np.float64)
    if d.ndim != 1 or len(d) < 2:
        raise InputError(f"expected the differences of at least two folds, found {d.shape}")
    error = float(np.sqrt((1 / len(d) + test_share) * d.var(ddof=1)))
    if error == 0:
        return float(d.mean() == 0), 0.0
    return 2 * float(stats.t.sf(abs(d.mean()) / error, len(d) - 1)), error


def compare_folds(
    paired: PairedDifference,
    metric: str,
    gold: ArrayLike,
    predicted: tuple[ArrayLike, ArrayLike],
    groups: ArrayLike,
    folds: ArrayLike,
    *,
    labels: Mapping[str, Sequence[str]] | None = None,
    positions: ArrayLike | None = None,
) -> PairedDifference:
    """Return a paired difference with the p, the interval and the error of the corrected resampled t-test.

    Parameters
    ----------
    paired
        The difference on all examples together, which stays as it is.
    metric, gold, groups, labels, positions
        As for `ctxemb.scoring.statistics.compare_paired`.
    predicted
        The two sets of predictions, (n_examples,) each.
    folds
        (n_examples,) the fold in which each was tested.
    """
    names = np.unique(np.asarray(folds))
    members = [np.flatnonzero(np.asarray(folds) == name) for name in names]
    columns = [np.asarray(column) for column in (gold, *predicted, groups)]
    places = None if positions is None else np.asarray(positions)
    differences = []
    for rows in members:
        right, a, b, owners = (column[rows] for column in columns)
        of_a, of_b = (
            score(metric, right, answers, owners, labels=labels,
                  positions=None if places is None else places[rows])
            for answers in (a, b)
        )  # fmt: skip
        differences.append(of_a - of_b)
    n = len(columns[0])
    share = float(np.mean([len(rows) / (n - len(rows)) for rows in members]))
    p, error = corrected_resampled(differences, share)
    half = float(stats.t.ppf(0.975, len(names) - 1)) * error
    return PairedDifference(
        paired.value, paired.value - half, paired.value + half, p, paired.effect, error, len(names)
    )
