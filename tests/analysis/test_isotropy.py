from __future__ import annotations

import numpy as np
import pytest

from ctxemb.analysis import (
    dimension_contributions,
    informativity,
    iso_score,
    iso_score_star,
    isotropy,
    mean_cosine,
    participation_ratio,
    partition_isotropy,
    principal_axes,
    rogue_dimensions,
    spectrum,
)
from ctxemb.analysis.isotropy import score_variances
from ctxemb.analysis.measure import MeasuredLayer, Occurrences
from ctxemb.errors import InputError

GENERATOR = np.random.default_rng(5)
X = GENERATOR.normal(size=(500, 6)) + np.array([2, 0, 0, 0, 0, 0])


def axes(k: int, n: int) -> np.ndarray:
    """Return vectors with k equal variances of n."""
    rows = np.zeros((2 * k, n))
    for i in range(k):
        rows[2 * i, i], rows[2 * i + 1, i] = 1, -1
    return rows


def test_mean_cosine_is_that_of_all_pairs() -> None:
    units = X / np.linalg.norm(X, axis=1, keepdims=True)
    cosines = (units @ units.T)[np.triu_indices(500, 1)]
    assert mean_cosine(X) == pytest.approx(cosines.mean())


@pytest.mark.parametrize(("k", "n"), [(1, 5), (2, 5), (3, 7), (7, 7)])
def test_iso_score_of_equal_variances(k: int, n: int) -> None:
    """IsoScore is (k - 1) / (n - 1) where k of n variances are equal (Rudman et al. 2022)."""
    assert iso_score(axes(k, n)) == pytest.approx((k - 1) / (n - 1), abs=1e-9)


def test_iso_score_does_not_change_under_rotation_scale_and_shift() -> None:
    rotation = np.linalg.qr(GENERATOR.normal(size=(6, 6)))[0]
    assert iso_score(7 * X @ rotation + 3) == pytest.approx(iso_score(X), abs=1e-9)
    assert iso_score(GENERATOR.permutation(X)) == pytest.approx(iso_score(X), abs=1e-9)


def test_iso_score_star_mixes_covariances() -> None:
    assert iso_score_star(X) == pytest.approx(iso_score(X))
    assert iso_score_star(axes(1, 4), np.eye(4), shrinkage=1) == pytest.approx(1)
    between = iso_score_star(axes(1, 4), np.eye(4))
    assert between == pytest.approx(score_variances(np.array([0.25 * 2 + 0.75, 0.75, 0.75, 0.75])))
    with pytest.raises(InputError, match=r"the reference should be \(4, 4\), found \(3, 3\)"):
        iso_score_star(axes(1, 4), np.eye(3))


def test_partition_by_hand() -> None:
    rows = np.array([[2.0, 0], [0, 1], [0, 1]])
    z = [np.exp(2) + 2, np.exp(-2) + 2, 1 + 2 * np.e, 1 + 2 / np.e]
    assert partition_isotropy(rows) == pytest.approx(min(z) / max(z))
    large = rows * 1000  # the exponential would overflow
    assert 0 <= partition_isotropy(large) < 1e-10


def test_contributions_add_up_to_the_mean_cosine() -> None:
    parts = dimension_contributions(X)
    assert parts.sum() == pytest.approx(mean_cosine(X))
    assert parts.argmax() == 0
    units = X[:2] / np.linalg.norm(X[:2], axis=1, keepdims=True)
    assert dimension_contributions(X[:2]) == pytest.approx(units[0] * units[1])


def test_informativity_sees_a_dominant_dimension() -> None:
    rogue = X.copy()
    rogue[:, 3] = 100 * (GENERATOR.normal(size=500) + 0.5)
    r2 = informativity(rogue, [1, 3], n_pairs=2000)
    assert r2[1] < 0.05
    assert informativity(GENERATOR.normal(size=(300, 60)), [1], n_pairs=2000)[1] > 0.9
    with pytest.raises(InputError, match="cannot leave out 6 of 6 dimensions"):
        informativity(X, [6])


def test_spectrum_and_participation() -> None:
    assert spectrum(axes(2, 4)) == pytest.approx([0.5, 0.5, 0, 0])
    assert participation_ratio(axes(2, 4)) == pytest.approx(2)
    assert spectrum(X) == pytest.approx(
        np.sort(np.linalg.eigvalsh(np.cov(X.T)))[::-1] / np.trace(np.cov(X.T))
    )


@pytest.mark.parametrize("function", [iso_score, spectrum, participation_ratio])
def test_constant_vectors_have_no_variance(function: object) -> None:
    with pytest.raises(InputError, match="all vectors are the same: there is no variance to describe"):
        function(np.ones((5, 3)))  # type: ignore[operator]


@pytest.mark.parametrize("function", [iso_score, mean_cosine, spectrum, partition_isotropy])
def test_bad_rows(function: object) -> None:
    with pytest.raises(InputError, match="X: expected at least 2 rows, found 1"):
        function(np.ones((1, 3)))  # type: ignore[operator]
    with pytest.raises(
        InputError, match=r"X: expected vectors as rows, \(n, width\), found the shape \(3,\)"
    ):
        function(np.ones(3))  # type: ignore[operator]


def test_layers_are_measured_with_intervals() -> None:
    text = Occurrences([["w"] * 5 for _ in range(100)])
    layer = MeasuredLayer("toy", 0, X.astype(np.float32), text)
    values = {
        v.statistic: v
        for module in (isotropy, rogue_dimensions, principal_axes)
        for v in module.MEASURE.run(layer)
    }
    assert values["mean_cosine"].value == pytest.approx(mean_cosine(X), abs=1e-6)
    assert values["iso_score"].value == pytest.approx(iso_score(X), abs=1e-5)
    assert values["partition"].value == pytest.approx(partition_isotropy(X), abs=1e-5)
    assert values["share_top_1"].value > 0.8
    for value in (values["mean_cosine"], values["iso_score"], values["partition"]):
        assert value.low < value.value < value.high
        assert value.high - value.low < 0.3
