"""Baselines that need no model: the majority class, and a bag of words."""

from __future__ import annotations

from collections.abc import Sequence, Sized

import numpy as np
from numpy.typing import NDArray

_NEAR = 3
"""Words on each side of a target that are counted once more, as near ones."""


class MajorityProbe:
    """Gives every row the most frequent label; of equals, the first in order."""

    def fit(self, X: object, y: Sequence[str]) -> MajorityProbe:
        """Count the labels; `X` does not matter."""
        labels, counts = np.unique(np.asarray(y), return_counts=True)
        self.label_ = str(labels[counts.argmax()])
        return self

    def predict(self, X: Sized) -> NDArray[np.str_]:
        """Return the label for each row."""
        return np.full(len(X), self.label_)


class BagOfWordsProbe:
    """Logistic regression on which words occur, with no regard to their order (scikit-learn).

    A row is a list of features, as `bag_of_words` makes them. Features are weighted by tf-idf; the
    penalty is ``C=10``, as texts are few and features sparse.
    """

    def fit(self, X: Sequence[Sequence[str]], y: Sequence[str]) -> BagOfWordsProbe:
        """Fit to the features of each row, and their labels."""
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline

        features = TfidfVectorizer(analyzer=_same, binary=True, sublinear_tf=True)
        self.pipeline_ = make_pipeline(features, LogisticRegression(C=10.0, max_iter=2000))
        self.pipeline_.fit(X, np.asarray(y))
        return self

    def predict(self, X: Sequence[Sequence[str]]) -> NDArray[np.str_]:
        """Return the label of each row."""
        labels: NDArray[np.str_] = self.pipeline_.predict(X)
        return labels


def bag_of_words(words: Sequence[str], target: tuple[int, int] | None) -> list[str]:
    """Return the lower-cased words; around a target, without it, and those near it once more as such.

    Examples
    --------
    >>> bag_of_words(["By", "the", "bank"], (2, 3))
    ['by', 'the', 'near:by', 'near:the']
    """
    lower = [word.lower() for word in words]
    if target is None:
        return lower
    start, stop = target
    near = lower[max(0, start - _NEAR) : start] + lower[stop : stop + _NEAR]
    return [*lower[:start], *lower[stop:], *(f"near:{word}" for word in near)]


def _same(features: Sequence[str]) -> Sequence[str]:
    return features
