from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from ctxemb.errors import InputError
from ctxemb.solver.logistic import fit_groups, fit_logistic
from ctxemb.solver.loss import Stack
from ctxemb.solver.preparation import LinearFit, LinearGroup

Floats = NDArray[np.float32]
Codes = NDArray[np.int64]
STRENGTHS = (1e4, 1e2, 1.0, 1e-2)


def problem(n: int, width: int, n_classes: int, noise: float = 1.0, seed: int = 0) -> tuple[Floats, Codes]:
    """Return correlated features of very different size, and classes that a linear model drew."""
    generator = np.random.default_rng(seed)
    basis, _ = np.linalg.qr(generator.normal(size=(width, width)))
    X = (generator.normal(size=(n, width)) * np.arange(1, width + 1) ** -0.7) @ basis.T + 3
    logits = X @ generator.normal(size=(width, n_classes))
    y = (logits / logits.std() + noise * generator.gumbel(size=logits.shape)).argmax(axis=1)
    y[:n_classes] = np.arange(n_classes)
    return X.astype(np.float32), y


def reference(X: Floats, y: Codes, strength: float, rows: Codes) -> tuple[float, Codes]:
    """Return scikit-learn's loss on scaled features, and its answers for all rows."""
    mean = X[rows].mean(axis=0, dtype=np.float64)
    scaled = X.astype(np.float64) - mean
    scaled /= np.sqrt(np.square(scaled[rows]).mean()) or 1
    found = LogisticRegression(C=1 / strength, tol=1e-7, max_iter=20_000).fit(scaled[rows], y[rows])
    chances = found.predict_log_proba(scaled[rows])[np.arange(len(rows)), y[rows]]
    return -chances.sum() + strength / 2 * np.square(found.coef_).sum(), found.predict(scaled)


def assert_equal(fit: LinearFit, X: Floats, y: Codes, strength: float, rows: Codes) -> None:
    loss, answers = reference(X, y, strength, rows)
    assert fit.converged
    assert fit.gradient_norm <= 1e-5
    assert fit.loss == pytest.approx(loss, rel=1e-4, abs=1e-3)
    assert (fit.scores(X).argmax(axis=1) == answers).mean() >= 0.995


@pytest.mark.parametrize(("n", "width"), [(400, 30), (60, 100)])
@pytest.mark.parametrize("n_classes", [2, 3, 6])
def test_all_strengths_equal_scikit_learn(n: int, width: int, n_classes: int) -> None:
    X, y = problem(n, width, n_classes)
    (fits,) = fit_logistic(X, y, n_classes, STRENGTHS)
    for fit, strength in zip(fits, STRENGTHS, strict=True):
        assert_equal(fit, X, y, strength, np.arange(n))


def test_folds_equal_scikit_learn_whatever_their_order() -> None:
    X, y = problem(300, 20, 3)
    generator = np.random.default_rng(0)
    folds = [np.arange(100, 300), generator.permutation(200), generator.permutation(300)[:150]]
    together = fit_logistic(X, y, 3, (1.0, 10.0), folds=folds)
    for fold, fits in zip(folds, together, strict=True):
        for fit, strength in zip(fits, (1.0, 10.0), strict=True):
            assert_equal(fit, X, y, strength, np.sort(fold))
        (alone,) = fit_logistic(X, y, 3, (1.0, 10.0), folds=[fold])
        assert [fit.loss for fit in alone] == pytest.approx([fit.loss for fit in fits], rel=1e-5)


def words(n: int, width: int, n_words: int, n_labels: int) -> tuple[Floats, Codes]:
    """Return the vectors of words, the first ones often, and labels that are nearly always the word's own."""
    generator = np.random.default_rng(0)
    often = 1 / np.arange(1, n_words + 1)
    word = generator.choice(n_words, size=n, p=often / often.sum())
    vectors = generator.normal(size=(n_words, width))
    logits = vectors @ generator.normal(size=(width, n_labels))
    own = (logits + 2 * generator.normal(size=logits.shape)).argmax(axis=1)
    other = generator.integers(0, n_labels, n_words)
    y = np.where(generator.random(n) < 0.05, other[word], own[word])
    y[:n_labels] = np.arange(n_labels)
    return vectors.astype(np.float32)[word], y


def test_many_rows_take_few_steps_to_the_same_minimum(monkeypatch: pytest.MonkeyPatch) -> None:
    X, y = words(6000, 24, 200, 5)
    (fits,) = fit_logistic(X, y, 5, STRENGTHS)
    for fit, strength in zip(fits, STRENGTHS, strict=True):
        assert_equal(fit, X, y, strength, np.arange(6000))
    of_correlated = problem(6000, 20, 4, noise=0.2)
    for fit, strength in zip(fit_logistic(*of_correlated, 4, STRENGTHS)[0], STRENGTHS, strict=True):
        assert_equal(fit, *of_correlated, strength, np.arange(6000))
    monkeypatch.setattr(Stack, "with_blocks", lambda stack, at: stack)
    (slowly,) = fit_logistic(X, y, 5, STRENGTHS)
    assert slowly[-1].n_steps > 1.5 * fits[-1].n_steps
    monkeypatch.setattr("ctxemb.solver.logistic.MANY_ROWS", 5000)
    (sooner,) = fit_logistic(X, y, 5, STRENGTHS)
    assert sooner[-1].converged
    assert 1e-5 < sooner[-1].gradient_norm <= 1e-4
    assert sooner[-1].loss == pytest.approx(fits[-1].loss, rel=1e-4)


def test_many_rows_whose_blocks_have_no_inverse(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(0)
    Z = generator.normal(size=(8000, 30)).astype(np.float32)
    Z[:, 0] *= 3000
    X = np.concatenate([Z, Z], axis=1)
    X[:, 1] += 5 * X[:, 0]
    y = (Z[:, 1] + 0.1 * generator.normal(size=len(Z)) > 0).astype(np.int64) + (Z[:, 2] > 1)
    (fits,) = fit_logistic(X, y, 3, (1.0, 1e-6))
    monkeypatch.setattr(Stack, "with_blocks", lambda stack, at: stack)
    (slowly,) = fit_logistic(X, y, 3, (1.0, 1e-6))
    for fit, other in zip(fits, slowly, strict=True):
        assert fit.converged
        assert fit.loss == pytest.approx(other.loss, rel=1e-4)


def test_columns_that_are_equal_or_constant() -> None:
    X, y = problem(200, 10, 3)
    X = np.concatenate([X, X, np.full((200, 2), 7, dtype=np.float32)], axis=1)
    (fits,) = fit_logistic(X, y, 3, STRENGTHS)
    for fit, strength in zip(fits, STRENGTHS, strict=True):
        assert_equal(fit, X, y, strength, np.arange(200))
    (fits,) = fit_logistic(np.ones((6, 3), dtype=np.float32), np.array([0, 1, 1, 1, 0, 1]), 2, [1.0])
    assert fits[0].scores(np.ones((1, 3), dtype=np.float32)).argmax() == 1


def test_what_can_be_separated_is_separated() -> None:
    X, y = problem(50, 200, 3, noise=0.0)
    (fits,) = fit_logistic(X, y, 3, (1.0, 1e-1, 1e-2))
    for fit in fits:
        assert fit.converged
        assert (fit.scores(X).argmax(axis=1) == y).all()


def test_double_precision_goes_further() -> None:
    X, y = problem(200, 20, 3)
    (fits,) = fit_logistic(X, y, 3, [1.0], dtype=torch.float64, tolerance=1e-9)
    loss, _ = reference(X, y, 1.0, np.arange(200))
    assert fits[0].gradient_norm <= 1e-9
    assert fits[0].loss == pytest.approx(loss, rel=1e-6)


def test_what_does_not_converge_says_so() -> None:
    X, y = problem(40, 5, 2)
    (fits,) = fit_logistic(X, y, 2, [1.0], dtype=torch.float64, tolerance=1e-25)
    assert not fits[0].converged
    assert fits[0].gradient_norm > 1e-25


def test_wrong_input_is_told() -> None:
    X, y = problem(20, 5, 2)
    with pytest.raises(InputError, match="at least two classes"):
        fit_logistic(X, y, 1, [1.0])
    with pytest.raises(InputError, match="at least two classes"):
        fit_logistic(X, y, 2, [1.0], folds=[np.array([], dtype=np.int64)])
    with pytest.raises(InputError, match="more than 0, found 0"):
        fit_logistic(X, y, 2, [1.0, 0.0])
    X[3, 2] = np.nan
    with pytest.raises(InputError, match="not finite"):
        fit_logistic(X, y, 2, [1.0])


def test_groups_together_equal_each_alone() -> None:
    shapes = [(2, 30, 2), (5, 30, 2), (7, 30, 3), (40, 30, 5), (41, 30, 4), (42, 30, 2), (600, 30, 3)]
    problems = [problem(n, width, k, seed=seed) for seed, (n, width, k) in enumerate(shapes)]
    groups = [LinearGroup(X.copy(), y, k) for (X, y), (_, _, k) in zip(problems, shapes, strict=True)]
    found = fit_groups(groups, STRENGTHS)
    for (X, y), (_, _, k), (fits,) in zip(problems, shapes, found, strict=True):
        (alone,) = fit_logistic(X, y, k, STRENGTHS)
        for fit, other in zip(fits, alone, strict=True):
            assert fit.converged
            assert fit.coef.shape == (k, 30)
            assert fit.loss == pytest.approx(other.loss, rel=1e-4, abs=1e-3)
            assert (fit.scores(X).argmax(axis=1) == other.scores(X).argmax(axis=1)).mean() >= 0.995


def test_folds_of_groups_equal_scikit_learn() -> None:
    problems = [problem(n, 20, k, seed=n) for n, k in ((60, 2), (64, 3), (70, 3))]
    folds = [np.arange(40), np.arange(20, 60)]
    groups = [LinearGroup(X.copy(), y, int(y.max()) + 1, folds) for X, y in problems]
    for (X, y), of_group in zip(problems, fit_groups(groups, (1.0, 10.0)), strict=True):
        for fold, fits in zip(folds, of_group, strict=True):
            for fit, strength in zip(fits, (1.0, 10.0), strict=True):
                assert_equal(fit, X, y, strength, fold)


def test_features_given_are_left_as_they_are() -> None:
    X, y = problem(50, 10, 2)
    before = X.copy()
    fit_logistic(X, y, 2, [1.0])
    fit_logistic(X, y, 2, [1.0], folds=[np.arange(30)])
    assert (before == X).all()
