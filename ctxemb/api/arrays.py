"""The caller's own arrays as a task and a model: vectors that come from anywhere, and their labels."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from ctxemb.errors import InputError
from ctxemb.models import ContextualModel, Encoding, ModelInfo
from ctxemb.models.encoding import pack
from ctxemb.models.static import FAMILY
from ctxemb.tasks import Content, Example, Span, Task
from ctxemb.tasks.formats.files import splits_of
from ctxemb.tasks.formats.folds import make_folds
from ctxemb.text.sentence import Sentence


@dataclass(frozen=True, slots=True, eq=False)
class Arrays:
    """Vectors and labels to probe.

    Parameters
    ----------
    X
        (n, width) one vector per example, or (n_layers, n, width).
    y
        (n,) their labels.
    groups
        (n,) examples of one group share a classifier, as the occurrences of an ambiguous word do; None for
        one classifier.
    splits
        (n,) ``"train"``, ``"dev"`` or ``"test"`` for each example; None for ten folds.
    name
        What results call the vectors.
    """

    X: ArrayLike
    y: Sequence[object]
    groups: Sequence[object] | None = None
    splits: Sequence[str] | None = None
    name: str = "arrays"

    def task(self) -> Task:
        """Return the labels as a task; the only word of an example's sentence is its number."""
        n = len(self.y)
        groups = [""] * n if self.groups is None else [str(group) for group in self.groups]
        for what, column in (("groups", groups), ("splits", self.splits or groups)):
            if len(column) != n:
                raise InputError(f"{what} should be as many as labels, {n}, found {len(column)}")
        labels = [str(label) for label in self.y]
        sentences = tuple(Sentence((str(number),)) for number in range(n))
        examples = tuple(
            Example((Span(number, 0, 1),), label, group)
            for number, (label, group) in enumerate(zip(labels, groups, strict=True))
        )
        if self.splits is None:
            kinds = [f"{group}\t{label}" for group, label in zip(groups, labels, strict=True)]
            content = Content(sentences, examples, folds=make_folds([str(s) for s in sentences], kinds))
        else:
            content = Content(sentences, examples, splits_of([str(split) for split in self.splits]))
        return content.as_task(
            name=self.name,
            kind="word-sense",
            description="Labels of the caller's own vectors.",
            licence="not stated",
            source="arrays",
            metrics=("accuracy", "macro_f1"),
        )

    def model(self) -> ContextualModel:
        """Return the vectors as a model of the task's sentences."""
        layers = np.asarray(self.X, dtype=np.float32)
        layers = layers[None] if layers.ndim == 2 else layers
        if layers.ndim != 3 or layers.shape[1] != len(self.y):
            raise InputError(
                f"X should be (n, width) or (n_layers, n, width) for {len(self.y)} labels, "
                f"found {np.shape(self.X)}"
            )
        return _ArrayModel(np.ascontiguousarray(layers), self.name)


class _ArrayModel(ContextualModel):
    """Looks vectors up by the number that a sentence consists of."""

    def __init__(self, layers: np.ndarray[tuple[int, ...], np.dtype[np.float32]], name: str) -> None:
        self._layers = torch.from_numpy(layers)  # (n_layers, n, width)
        super().__init__(
            ModelInfo(
                name=name,
                family=FAMILY,
                n_layers=layers.shape[0],
                width=layers.shape[2],
                identify=lambda: hashlib.sha256(layers.tobytes() + str(layers.shape).encode()).hexdigest(),
                batch_pieces=1 << 16,
            )
        )

    def encode(self, sentences: Sequence[Sentence]) -> Encoding:
        """Return the numbers as pieces."""
        numbers = np.array([int(sentence.words[0]) for sentence in sentences], dtype=np.int64)
        ones = np.ones(len(numbers), dtype=np.int64)
        return pack(numbers, ones, ones)

    def each(self, batch: Encoding, layers: Sequence[int] | None = None) -> Iterator[Tensor]:
        """Yield the vectors of one layer after the other."""
        for number in range(self.n_layers) if layers is None else layers:
            yield self._layers[number][batch.pieces]
