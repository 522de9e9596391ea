"""A tuned classifier with what there is to know about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ctxemb.errors import InputError
from ctxemb.finetuning.classifier import Classifier, Predictions, predict
from ctxemb.finetuning.items import Item
from ctxemb.finetuning.layouts import Together
from ctxemb.finetuning.plan import Plan
from ctxemb.finetuning.recipe import Shape


@dataclass(frozen=True, slots=True)
class About:
    """What a tuned classifier was made from, and how.

    Parameters
    ----------
    model, fingerprint
        Name of the model, and the SHA-256 (hex) of what decides its vectors.
    task
        Name of the data it was tuned on.
    recipe
        Name of the recipe.
    plan
        All of its numbers.
    rate
        The learning rate that dev chose.
    seed
        Of all that was random.
    best_epoch
        The epoch that dev chose, from 1.
    dev_score
        The score on dev after it.
    diverged
        Learning rates whose loss was not a number.
    n_cut
        Training and dev items whose texts were cut to fit the window.
    """

    model: str
    fingerprint: str
    task: str
    recipe: str
    plan: Plan
    rate: float
    seed: int
    best_epoch: int
    dev_score: float
    diverged: tuple[float, ...] = ()
    n_cut: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Tuned:
    """A tuned classifier.

    Parameters
    ----------
    classifier
        The network with its head, in evaluation mode.
    shape
        What it is for.
    about
        How it was made; None for a published checkpoint.
    log
        An entry for each epoch of each learning rate, and of the language model's tuning.
    """

    classifier: Classifier
    shape: Shape
    about: About | None = None
    log: tuple[Mapping[str, float], ...] = field(default=())

    @property
    def labels(self) -> tuple[str, ...]:
        """The label of each class."""
        return self.shape.labels.names

    @property
    def cut(self) -> set[int]:
        """First rows of the items whose texts were cut to fit the window so far."""
        layout = self.classifier.layout
        return layout.cut if isinstance(layout, Together) else set()

    def predict(self, items: Sequence[Item]) -> Predictions:
        """Label items.

        Raises
        ------
        InputError
            If there is none.
        """
        if not items:
            raise InputError("there is nothing to label")
        return predict(self.classifier, items)
