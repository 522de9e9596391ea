"""What is given to the vectorizer is taken rightly, or refused with its row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ctxemb.errors import CtxembError
from ctxemb.extraction.vectorizer import ContextualVectorizer

TEXTS = ["The bank .", "A river runs ."]
TABLE = pd.DataFrame({"text": TEXTS})


@pytest.fixture(scope="module")
def model(toy_folders: dict[str, Path]) -> str:
    return str(toy_folders["bert"])


@pytest.mark.parametrize(
    "given",
    [
        TABLE,
        TABLE["text"],
        np.array(TEXTS),
        np.array(TEXTS)[:, None],
        tuple(TEXTS),
        TABLE["text"].astype("string"),
    ],
    ids=["table", "column", "array", "array of a column", "tuple", "strings"],
)
def test_one_column_is_taken(given: Any, model: str) -> None:
    found = ContextualVectorizer(model).fit_transform(given)
    np.testing.assert_array_equal(found, ContextualVectorizer(model).fit_transform(TEXTS))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (TABLE.assign(label=1), "expected one column of sentences, found 2"),
        ({"text": TEXTS}, "expected a list of sentences, found dict"),
        (b"The bank .", "found bytes"),
        ([TEXTS[0], None], r"row 1 \(from 0\): .*found None"),
        ([float("nan"), *TEXTS], r"row 0 .*found nan"),
        ([*TEXTS, b"bytes"], r"row 2 .*found b'bytes'"),
        ([["the", 3]], r"row 0 .*found \['the', 3\]"),
        ([3.5], "row 0"),
        (pd.DataFrame({"text": [TEXTS[0], None]}), "row 1"),
    ],
)
def test_what_is_no_sentence(given: Any, message: str, model: str) -> None:
    for call in (lambda: ContextualVectorizer(model).fit(given), lambda: fitted(model).transform(given)):
        with pytest.raises(CtxembError, match=message):
            call()


def fitted(model: str) -> ContextualVectorizer:
    return ContextualVectorizer(model).fit(TEXTS)


@pytest.mark.parametrize(
    "settings",
    [{"layer": 99}, {"layer": -9}, {"layer": "one"}, {"layer": True}, {"layer": None}, {"pool": "avg"}],
)
def test_settings_are_checked_when_fitted(settings: dict[str, Any], model: str) -> None:
    with pytest.raises(CtxembError):
        ContextualVectorizer(model, **settings).fit(TEXTS)
