from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from ctxemb.analysis import iso_score, mean_cosine
from ctxemb.analysis.spaces import Space
from ctxemb.errors import InputError, UnknownNameError

GENERATOR = np.random.default_rng(4)
X = (GENERATOR.normal(size=(400, 6)) @ GENERATOR.normal(size=(6, 6)) + [9, 0, 0, -5, 0, 0]).astype(np.float32)
NEW = X[:50] * 1.1


def test_by_hand() -> None:
    assert Space("raw").fit(X).transform(NEW) == pytest.approx(NEW)
    assert Space("centered").fit(X).transform(NEW) == pytest.approx(NEW - X.mean(axis=0), abs=1e-5)
    standardized = (NEW - X.mean(axis=0)) / X.std(axis=0, ddof=1)
    assert Space("standardized").fit(X).transform(NEW) == pytest.approx(standardized, abs=1e-4)
    zeroed = NEW.copy()
    zeroed[:, [0, 3]] = 0
    assert (Space("zero-2").fit(X).transform(NEW) == zeroed).all()


def test_all_but_the_top() -> None:
    centred = X - X.mean(axis=0)
    axes = np.linalg.svd(centred, full_matrices=False)[2][:2]
    expected = (NEW - X.mean(axis=0)) - (NEW - X.mean(axis=0)) @ axes.T @ axes
    assert Space("abtt-2").fit(X).transform(NEW) == pytest.approx(expected, abs=1e-4)


def test_whitening_makes_vectors_isotropic() -> None:
    white = Space("whitened").fit_transform(X)
    assert np.cov(white.T) == pytest.approx(np.eye(6), abs=1e-4)
    assert iso_score(white) > 0.999 > iso_score(X)
    assert abs(mean_cosine(white)) < 0.01
    flat = np.concatenate([X, X[:, :1]], axis=1)
    assert Space("whitened").fit_transform(flat).shape == (400, 6)


@pytest.mark.parametrize("name", ["raw", "centered", "standardized", "abtt-1", "zero-1", "whitened"])
def test_rows_are_transformed_when_they_are_read(name: str) -> None:
    space = Space(name).fit(X)
    rows = space.of(X)
    assert rows.shape == X.shape
    assert len(rows) == 400
    whole = space.transform(X)
    assert rows[10:20] == pytest.approx(whole[10:20], abs=1e-5)
    assert rows[np.array([3, 1])] == pytest.approx(whole[[3, 1]], abs=1e-5)
    assert mean_cosine(rows) == pytest.approx(mean_cosine(whole), abs=1e-5)


def test_errors() -> None:
    for name in ("abtt", "abtt-0", "zero-x", "whitend"):
        with pytest.raises(UnknownNameError, match=f"unknown space '{name}'"):
            Space(name)
    with pytest.raises(InputError, match="has not been fitted"):
        Space("centered").transform(X)
    with pytest.raises(InputError, match="abtt-6: expected fewer than the 6 dimensions"):
        Space("abtt-6").fit(X)
    with pytest.raises(InputError, match="fitted on vectors of width 6"):
        Space("centered").fit(X).transform(X[:, :2])


def test_a_space_is_a_step_of_a_pipeline() -> None:
    labels = (X[:, 1] > 0).astype(int)
    pipeline = make_pipeline(Space("standardized"), LogisticRegression())
    again = clone(pipeline).fit(X[:300], labels[:300])
    assert again.score(X[300:], labels[300:]) > 0.9
    assert again.steps[0][1] is not pipeline.steps[0][1]
    assert repr(again.set_params(space__name="whitened").steps[0][1]) == "Space('whitened')"
