"""The scikit-learn transformer."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline

from ctxemb.errors import MissingFileError, UnknownNameError
from ctxemb.extraction.embedder import load_embedder
from ctxemb.extraction.vectorizer import ContextualVectorizer

RIVER = [
    "The bank of the river.",
    "He sat by the water.",
    "A fish in the river.",
    "The ship came up the river.",
]
MONEY = [
    "The bank in the town.",
    "She had a bag of coins.",
    "He counted the coins.",
    "An account at the bank.",
]
TEXTS = [*RIVER, *MONEY]
LABELS = ["river"] * 4 + ["money"] * 4


@pytest.fixture
def folder(toy_folders: dict[str, Path]) -> str:
    return str(toy_folders["gpt"])


@pytest.mark.parametrize("layer", [0, 1, -1, "mix"])
@pytest.mark.parametrize("pool", ["mean", "first", "last"])
def test_features(folder: str, layer: int | str, pool: str) -> None:
    vectorizer = ContextualVectorizer(folder, layer=layer, pool=pool)  # type: ignore[arg-type]
    features = vectorizer.fit_transform(TEXTS)
    layers = "mix" if layer == "mix" else [layer]
    found = load_embedder(folder).embed(TEXTS, layers=layers, pool=pool, unit="sentence")  # type: ignore[arg-type]
    np.testing.assert_array_equal(features, found.values[0])
    assert features.shape == (8, 16)
    assert features.dtype == np.float32
    np.testing.assert_allclose(vectorizer.transform(TEXTS[3:4])[0], features[3], rtol=0, atol=1e-5)


def test_in_a_pipeline(folder: str) -> None:
    classifier = make_pipeline(
        ContextualVectorizer(folder, layer=1), LogisticRegression(max_iter=1000, C=100)
    )
    classifier.fit(TEXTS, LABELS)
    assert classifier.score(TEXTS, LABELS) == 1
    assert set(classifier.predict(["The bank of the river was cold."])) <= {"river", "money"}


def test_in_a_grid_search(folder: str) -> None:
    pipeline = Pipeline(
        [("vectorizer", ContextualVectorizer(folder)), ("classifier", LogisticRegression(max_iter=1000))]
    )
    search = GridSearchCV(
        pipeline, {"vectorizer__layer": [0, -1, "mix"], "vectorizer__pool": ["mean", "last"]}, cv=2
    )
    search.fit(TEXTS, LABELS)
    assert len(search.cv_results_["params"]) == 6
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_parameters_and_clone(folder: str) -> None:
    vectorizer = ContextualVectorizer(folder, layer=2, pool="first", random_init=3)
    assert vectorizer.get_params() == {
        "model": folder, "layer": 2, "pool": "first", "random_init": 3, "device": "cpu", "dtype": "float32",
    }  # fmt: skip
    vectorizer.fit(TEXTS)
    copy = clone(vectorizer)
    assert copy.get_params() == vectorizer.get_params()
    assert not hasattr(copy, "embedder_")
    assert copy.set_params(layer="mix").layer == "mix"


def test_random_weights_differ(folder: str) -> None:
    trained, random, again = (
        ContextualVectorizer(folder, random_init=seed).fit_transform(TEXTS) for seed in (None, 0, 0)
    )
    assert np.abs(trained - random).max() > 0.01
    np.testing.assert_array_equal(random, again)


def test_what_may_be_given(folder: str) -> None:
    vectorizer = ContextualVectorizer(folder).fit(TEXTS)
    expected = vectorizer.transform(TEXTS)
    for texts in (
        tuple(TEXTS),
        np.array(TEXTS),
        np.array(TEXTS, dtype=object),
        pd.Series(TEXTS, index=range(9, 17)),
    ):
        np.testing.assert_array_equal(vectorizer.transform(texts), expected)
    split = vectorizer.transform([["The", "bank", "of", "the", "river", "."]])
    np.testing.assert_allclose(split[0], expected[0], rtol=0, atol=1e-5)
    with pytest.raises(TypeError, match="found a single string"):
        vectorizer.transform("The bank of the river.")


def test_names_of_features(folder: str) -> None:
    vectorizer = ContextualVectorizer(folder, layer=1)
    with pytest.raises(NotFittedError):
        vectorizer.get_feature_names_out()
    vectorizer.fit(TEXTS)
    names = vectorizer.get_feature_names_out()
    assert names.shape == (16,)
    assert names[3] == f"{folder}_1_3"
    frame = vectorizer.set_output(transform="pandas").transform(TEXTS)
    assert list(frame.columns) == list(names)


def test_survives_pickling(folder: str) -> None:
    vectorizer = ContextualVectorizer(folder).fit(TEXTS)
    copy = pickle.loads(pickle.dumps(vectorizer))
    np.testing.assert_array_equal(copy.transform(TEXTS), vectorizer.transform(TEXTS))


def test_errors(folder: str, tmp_path: Path) -> None:
    with pytest.raises(NotFittedError):
        ContextualVectorizer(folder).transform(TEXTS)
    with pytest.raises(MissingFileError):
        ContextualVectorizer(str(tmp_path)).fit(TEXTS)
    with pytest.raises(UnknownNameError, match="unknown model 'bort'"):
        ContextualVectorizer("bort").fit(TEXTS)
    with pytest.raises(UnknownNameError, match="no layer 9"):
        ContextualVectorizer(folder, layer=9).fit_transform(TEXTS)
