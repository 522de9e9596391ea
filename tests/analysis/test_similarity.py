from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from ctxemb.analysis import (
    canonical_correlations,
    cka,
    cka_matrix,
    kernel_alignment,
    mean_squared_cca,
    minibatch_cka,
    mutual_neighbors,
    procrustes,
    pwcca,
    rsa,
    svcca,
)
from ctxemb.analysis.catalogue import all_measures
from ctxemb.analysis.measure import MeasuredLayer, Occurrences, PairMeasure
from ctxemb.errors import InputError, UnknownNameError

GENERATOR = np.random.default_rng(11)
X = GENERATOR.normal(size=(300, 8)) @ GENERATOR.normal(size=(8, 8))
Y = X[:, :5] + GENERATOR.normal(size=(300, 5))
ROTATION = np.linalg.qr(GENERATOR.normal(size=(8, 8)))[0]
PAIRS = [measure for measure in all_measures().values() if isinstance(measure, PairMeasure)]


def published() -> tuple[np.ndarray, np.ndarray]:
    """Return the vectors of the notebook beside Kornblith et al. 2019."""
    generator = np.random.RandomState(1337)
    first = generator.randn(100, 10)
    return first, generator.randn(100, 10) + first


def test_the_published_notebook() -> None:
    a, b = published()
    assert cka(a, b) == pytest.approx(0.55761, abs=5e-6)
    assert cka(a, b, debiased=True) == pytest.approx(0.51346, abs=5e-6)
    assert cka(a, b, "rbf") == pytest.approx(0.65483, abs=5e-6)
    assert mean_squared_cca(a, b) == pytest.approx(0.54540, abs=5e-6)


@pytest.mark.parametrize("debiased", [False, True])
def test_gram_and_feature_forms_agree(debiased: bool) -> None:
    few = GENERATOR.normal(size=(20, 40))
    other = few[:, :30] + GENERATOR.normal(size=(20, 30))
    k, m = few @ few.T, other @ other.T
    reference = kernel_alignment._ratio(*kernel_alignment._gram_products(k, m, debiased))
    assert cka(few, other, debiased=debiased) == pytest.approx(reference, abs=1e-9)
    padded = cka(X, Y, debiased=debiased)
    by_gram = kernel_alignment._ratio(*kernel_alignment._gram_products(X @ X.T, Y @ Y.T, debiased))
    assert padded == pytest.approx(by_gram, abs=1e-9)


SAME: list[Callable[..., float]] = [
    cka,
    lambda a, b: cka(a, b, debiased=True),
    lambda a, b: cka(a, b, "rbf"),
    svcca,
    pwcca,
    rsa,
    lambda a, b: 1 - procrustes(a, b),
    lambda a, b: float(mutual_neighbors(a, b).mean()),
]


@pytest.mark.parametrize("function", SAME)
def test_a_rotated_and_scaled_copy_is_the_same(function: Callable[..., float]) -> None:
    assert function(X, 3 * X @ ROTATION) == pytest.approx(1, abs=1e-7)


@pytest.mark.parametrize("function", SAME)
def test_order_of_rows_and_rotation_do_not_matter(function: Callable[..., float]) -> None:
    order = GENERATOR.permutation(len(X))
    value = function(X, Y)
    assert function(X[order], Y[order]) == pytest.approx(value, abs=1e-7)
    moved = X if function is pwcca else X @ ROTATION  # its weights are those of the dimensions of X
    assert function(moved, 2 * Y) == pytest.approx(value, abs=1e-7)
    assert value < 0.999


@pytest.mark.parametrize("function", [cka, svcca, pwcca, lambda a, b: 1 - procrustes(a, b)])
def test_a_shift_does_not_matter(function: Callable[..., float]) -> None:
    assert function(X + 5, Y - 2) == pytest.approx(function(X, Y), abs=1e-7)


def test_cca_sees_through_invertible_maps() -> None:
    mixed = X @ GENERATOR.normal(size=(8, 8))
    assert canonical_correlations(X, mixed) == pytest.approx(np.ones(8), abs=1e-6)
    assert cka(X, mixed) < 0.99


def test_pwcca_by_its_definition() -> None:
    a, b = X - X.mean(axis=0), Y - Y.mean(axis=0)
    qa, qb = np.linalg.qr(a)[0], np.linalg.qr(b)[0]
    u, s, _ = np.linalg.svd(qa.T @ qb)
    h = qa @ u[:, : len(s)]
    weights = np.abs(h.T @ a).sum(axis=1)
    assert pwcca(X, Y) == pytest.approx((weights * s).sum() / weights.sum())


def test_procrustes_by_its_definition() -> None:
    a, b = X - X.mean(axis=0), np.pad(Y - Y.mean(axis=0), ((0, 0), (0, 3)))
    a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
    u, _, v = np.linalg.svd(b.T @ a)
    assert procrustes(X, Y) == pytest.approx(((a - b @ u @ v) ** 2).sum() / 2)


def test_debiased_cka_of_unrelated_vectors_is_near_zero() -> None:
    a, b = GENERATOR.normal(size=(60, 200)), GENERATOR.normal(size=(60, 200))
    assert cka(a, b) > 0.6
    assert abs(cka(a, b, debiased=True)) < 0.1


def test_minibatches() -> None:
    assert minibatch_cka([(X, Y)]) == pytest.approx(cka(X, Y, debiased=True))
    batches = [(X[i : i + 50], Y[i : i + 50]) for i in range(0, 300, 50)]
    assert minibatch_cka(batches) == pytest.approx(cka(X, Y, debiased=True), abs=0.05)
    with pytest.raises(InputError, match="minibatch CKA needs at least one batch"):
        minibatch_cka([])


@pytest.mark.parametrize("debiased", [False, True])
def test_a_matrix_of_layers(debiased: bool) -> None:
    layers = [X, Y, X @ ROTATION]
    matrix = cka_matrix(layers, debiased=debiased)
    assert matrix == pytest.approx(np.array([[cka(a, b, debiased=debiased) for b in layers] for a in layers]))
    assert cka_matrix(layers[:2], [Y], debiased=debiased) == pytest.approx(matrix[:2, 1:2])


def test_neighbors_by_hand() -> None:
    rows = np.array([[1.0, 0], [1, 0.1], [0, 1], [0.1, 1]])
    other = rows[[0, 2, 1, 3]]
    assert mutual_neighbors(rows, rows, 1).tolist() == [1, 1, 1, 1]
    assert mutual_neighbors(rows, other, 1).tolist() == [0, 0, 0, 0]
    with pytest.raises(InputError, match=r"k should lie in \[1, 3\]"):
        mutual_neighbors(rows, rows, 4)


def test_wrong_input() -> None:
    with pytest.raises(InputError, match="vectors of the same things, found 300 and 299 rows"):
        cka(X, Y[:-1])
    with pytest.raises(InputError, match="X: expected at least 4 rows, found 3"):
        cka(X[:3], Y[:3], debiased=True)
    with pytest.raises(UnknownNameError, match="unknown kernel 'rbg'; did you mean 'rbf'"):
        cka(X, Y, "rbg")  # type: ignore[arg-type]
    for function in (cka, svcca, procrustes):
        with pytest.raises(InputError, match="all vectors of one side are the same"):
            function(X, np.ones_like(Y))
    with pytest.raises(InputError, match="more rows than axes: 9 rows for 8 axes"):
        canonical_correlations(X[:9], X[:9])


@pytest.mark.parametrize("measure", PAIRS, ids=lambda measure: measure.name)
def test_layers_are_compared_with_intervals(measure: PairMeasure) -> None:
    text = Occurrences([["w"] * 6 for _ in range(50)])
    a, b = (
        measure.prepare(MeasuredLayer("toy", i, rows.astype(np.float32), text))
        for i, rows in enumerate((X, Y))
    )
    reference = {
        "cka": cka(X, Y),
        "cka_debiased": cka(X, Y, debiased=True),
        "svcca": svcca(X, Y),
        "pwcca": pwcca(X, Y, 0.99),
        "procrustes": procrustes(X, Y),
        "rsa": rsa(X, Y),
        "mutual_neighbors": float(mutual_neighbors(X, Y).mean()),
    }
    for value in measure.compare(a, b):
        expected = reference[value.statistic]
        assert value.value == pytest.approx(expected, abs=0.05 if "debiased" in value.statistic else 1e-5)
        assert value.low < value.value < value.high
        assert value.high - value.low < 0.4
    for value in measure.compare(a, a):
        assert value.value == pytest.approx(0 if value.statistic == "procrustes" else 1, abs=1e-5)
