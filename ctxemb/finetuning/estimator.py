"""A scikit-learn classifier: texts and labels in, a tuned model inside."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import train_test_split
from sklearn.utils.validation import check_is_fitted

from ctxemb.errors import InputError
from ctxemb.finetuning.items import Item, targets_of, whole_texts
from ctxemb.finetuning.labels import Labels
from ctxemb.finetuning.recipe import Shape
from ctxemb.finetuning.tune import Material, Source, plan_of, tune
from ctxemb.text.sentence import Sentence
from ctxemb.text.words import split_words

Text = str | Sequence[str]


class FineTunedClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Tunes a model on texts and their labels, and labels new ones.

    Parameters
    ----------
    model
        Name or folder of an ELMo, GPT or BERT.
    recipe
        As for `ctxemb.finetune`; None for that of the model's family.
    epochs, learning_rate, batch_size
        Other numbers than the recipe's.
    settings
        Still others: fields of `ctxemb.finetuning.plan.Plan`.
    dev_share
        Share of the examples that is held out, stratified by label, to choose learning rate and epoch by.
    seed
        Of all that is random.

    Attributes
    ----------
    classes_
        The labels, sorted.
    tuned_
        The tuned classifier.

    Examples
    --------
    >>> from sklearn.model_selection import GridSearchCV
    >>> search = GridSearchCV(FineTunedClassifier("bert"), {"recipe": ["bert", "ulmfit"]})
    """

    def __init__(
        self,
        model: str = "bert",
        recipe: str | None = None,
        epochs: int | None = None,
        learning_rate: float | None = None,
        batch_size: int | None = None,
        settings: Mapping[str, Any] | None = None,
        dev_share: float = 0.2,
        seed: int = 0,
    ) -> None:
        self.model = model
        self.recipe = recipe
        self.epochs = epochs
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.settings = settings
        self.dev_share = dev_share
        self.seed = seed

    def fit(self, X: Sequence[Text], y: ArrayLike) -> FineTunedClassifier:
        """Tune the model on texts, each raw or a list of words, and their labels.

        Raises
        ------
        InputError
            If there are not as many labels as texts, fewer than two labels, or a text without words.
        """
        gold = np.asarray(y)
        items = as_items(X)
        if len(items) != len(gold):
            raise InputError(f"expected as many labels as texts, found {len(gold)} and {len(items)}")
        self.classes_, codes = np.unique(gold, return_inverse=True)
        names = [str(code) for code in codes]
        items = [
            whole_texts(i, *item.texts, label=name)
            for i, (item, name) in enumerate(zip(items, names, strict=True))
        ]
        labels = Labels.of(targets_of(items), {}, "fit")
        train, dev = self._split(items, codes)
        expected = np.array(names)
        material = Material(
            "fit", _fingerprint(items), Shape("sentence-label", False, labels), train, dev,
            lambda rows, found: float((expected[rows] == found).mean()),
        )  # fmt: skip
        given = {"epochs": self.epochs, "learning_rate": self.learning_rate, "batch_size": self.batch_size}
        changes = {name: value for name, value in given.items() if value is not None}
        source = Source.of(self.model)
        recipe, plan = plan_of(source, self.recipe, {**changes, **(self.settings or {})})
        self.tuned_ = tune(source, material, recipe, plan, self.seed)
        return self

    def _split(self, items: Sequence[Item], codes: NDArray[np.int64]) -> tuple[list[Item], list[Item]]:
        """Return items to learn from and to choose by; labels of a single text are learned from."""
        counts = np.bincount(codes)
        rows = np.arange(len(items))
        several = counts[codes] > 1
        n_dev = max(len(np.unique(codes[several])), round(self.dev_share * len(items)))
        if several.sum() - n_dev < len(np.unique(codes[several])) or not several.any():
            raise InputError(
                f"too few texts of each label to choose by: {len(items)} for {len(counts)} labels"
            )
        train, dev = train_test_split(
            rows[several], test_size=n_dev, stratify=codes[several], random_state=self.seed
        )
        chosen = np.sort(np.concatenate([train, rows[~several]]))
        return [items[i] for i in chosen], [items[i] for i in np.sort(dev)]

    def predict_proba(self, X: Sequence[Text]) -> NDArray[np.float32]:
        """Return (n_texts, n_classes) probabilities; columns are as `classes_`."""
        check_is_fitted(self, "tuned_")
        found = self.tuned_.predict(as_items(X)).probabilities
        order = np.argsort([int(name) for name in self.tuned_.labels])
        columns: NDArray[np.float32] = found[:, order]
        return columns

    def predict(self, X: Sequence[Text]) -> NDArray[Any]:
        """Return the label of each text."""
        check_is_fitted(self, "tuned_")
        labels: NDArray[Any] = self.classes_[self.predict_proba(X).argmax(axis=1)]
        return labels

    def __sklearn_tags__(self) -> Any:
        """Say that the input is text, not numbers."""
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags


def as_items(texts: Sequence[Text]) -> list[Item]:
    """Return texts as items without labels.

    Raises
    ------
    InputError
        If one of them has no words; the message says which.
    TypeError
        If `texts` is a single string instead of a list.
    """
    if isinstance(texts, str):
        raise TypeError("texts should be a list, found a single string; write [text]")
    items = []
    for number, text in enumerate(texts):
        words = tuple(split_words(text) if isinstance(text, str) else text)
        if not words:
            raise InputError(f"text {number} (counted from 0) has no words")
        items.append(whole_texts(number, Sentence(words)))
    return items


def _fingerprint(items: Sequence[Item]) -> str:
    written = [
        [text.words for text in item.texts] + [target.label for target in item.targets] for item in items
    ]
    return hashlib.sha256(json.dumps(written).encode("utf-8", "surrogatepass")).hexdigest()
