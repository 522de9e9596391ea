"""Baselines that need no model: the majority class, words without order, and the first sense."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence, Sized

import numpy as np
from numpy.typing import NDArray

from ctxemb.probes.probe import FitPredictProbe
from ctxemb.probes.run import Prediction, ProbeRun, run_probe
from ctxemb.probes.splits import Rows, splits_of_task
from ctxemb.results.names import (
    BAG_OF_NEIGHBORS,
    BAG_OF_WORDS,
    DEV,
    FIRST_SENSE,
    MAJORITY,
    TEST,
    WORD_MAJORITY,
)
from ctxemb.tasks import Task
from ctxemb.tasks.base import PAIR_KINDS

_NEAR = 3
"""Words on each side of a target that are counted once more, as near ones."""

_NEIGHBORS = 10
"""Words on each side of a target that the smaller bag holds."""

_INVERSE_STRENGTHS = (0.1, 1.0, 10.0, 100.0, 1000.0)
"""What dev chooses a bag's penalty from, the strongest first."""


class MajorityProbe:
    """Gives every row the most frequent label; ties go to the first in order."""

    def fit(self, X: object, y: Sequence[str]) -> MajorityProbe:
        """Count the labels; `X` does not matter."""
        labels, counts = np.unique(np.asarray(y), return_counts=True)
        self.label_ = str(labels[counts.argmax()])
        return self

    def predict(self, X: Sized) -> NDArray[np.str_]:
        """Return the label for each row."""
        return np.full(len(X), self.label_)


class WordMajorityProbe:
    """Gives every word the label that it has most often, and a new word the most frequent label of all.

    A row is a word.
    """

    def fit(self, X: Sequence[str], y: Sequence[str]) -> WordMajorityProbe:
        """Count the labels of each word; ties go to the first in order."""
        self.label_ = MajorityProbe().fit(X, y).label_
        counts: dict[str, Counter[str]] = {}
        for word, label in zip(X, y, strict=True):
            counts.setdefault(word, Counter())[str(label)] += 1
        self.labels_ = {word: min(found, key=lambda x: (-found[x], x)) for word, found in counts.items()}
        return self

    def predict(self, X: Sequence[str]) -> NDArray[np.str_]:
        """Return the label of each row."""
        return np.array([self.labels_.get(word, self.label_) for word in X])


class BagOfWordsProbe:
    """Logistic regression on which words occur, with no regard to their order (scikit-learn).

    A row is a list of features, as `bag_of_words` makes them. Features are weighted by tf-idf.

    Parameters
    ----------
    inverse_l2
        One over the strength of the L2 penalty: scikit-learn's ``C``.
    """

    def __init__(self, inverse_l2: float = 10.0) -> None:
        self.inverse_l2 = inverse_l2

    def fit(self, X: Sequence[Sequence[str]], y: Sequence[str]) -> BagOfWordsProbe:
        """Fit to the features of each row, and their labels."""
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline

        features = TfidfVectorizer(analyzer=_same, binary=True, sublinear_tf=True)
        self.pipeline_ = make_pipeline(features, LogisticRegression(C=self.inverse_l2, max_iter=2000))
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


def baselines_for(task: Task) -> list[str]:
    """Return the names of the baselines that make sense for a task."""
    names = [MAJORITY]
    if task.kind == "token-label":
        names.append(WORD_MAJORITY)
    elif task.kind not in PAIR_KINDS and not task.fallback:
        names.append(BAG_OF_WORDS)
        if task.kind == "word-sense":
            names.append(BAG_OF_NEIGHBORS)
    return names + ([FIRST_SENSE] if task.fallback else [])


def run_baseline(task: Task, name: str) -> ProbeRun:
    """Run a baseline of `baselines_for`.

    ``"majority"`` is the most frequent label of a group in training; ``"bag-of-words"`` is logistic
    regression on the words of the sentence (for a word sense, those around the target), its penalty chosen
    on dev; ``"bag-of-10-words"`` on at most ten words on each side of the target; ``"word-majority"`` is the
    most frequent label of the word itself; ``"first-sense"`` is the first sense of the inventory.
    """
    if name == FIRST_SENSE:
        return _first_sense(task)
    if name == MAJORITY:
        nothing = np.zeros((len(task.examples), 1), dtype=np.float32)
        return run_probe(task, FitPredictProbe(name, lambda *_: MajorityProbe()), lambda rows: nothing[rows])
    made = np.empty(len(task.examples), dtype=object)
    for number, example in enumerate(task.examples):
        sentence, start, stop = example.spans[0]
        words = task.sentences[sentence].words
        if name == WORD_MAJORITY:
            made[number] = " ".join(words[start:stop])
        else:
            first = max(0, start - _NEIGHBORS) if name == BAG_OF_NEIGHBORS else 0
            last = stop + _NEIGHBORS if name == BAG_OF_NEIGHBORS else len(words)
            target = (start - first, stop - first) if task.kind == "word-sense" else None
            made[number] = bag_of_words(words[first:last], target)
    if name == WORD_MAJORITY:
        probe = FitPredictProbe(name, lambda *_: WordMajorityProbe())
    else:
        probe = FitPredictProbe(name, lambda C, _: BagOfWordsProbe(C), settings=_INVERSE_STRENGTHS)
    return run_probe(task, probe, lambda rows: made[rows])


def _first_sense(task: Task) -> ProbeRun:
    splits = splits_of_task(task)

    def predicted(part: str, rows: Rows) -> Prediction:
        groups = task.example_groups[rows].tolist()
        return Prediction(part, rows, np.array([task.fallback[group] for group in groups]))

    dev, test = (np.concatenate([getattr(split, part) for split in splits]) for part in (DEV, TEST))
    return ProbeRun(predicted(DEV, dev), predicted(TEST, test), 0.0)


def _same(features: Sequence[str]) -> Sequence[str]:
    return features
