"""What a recipe is: its numbers, and how it builds a classifier."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ctxemb.finetuning.classifier import Classifier
from ctxemb.finetuning.labels import Labels
from ctxemb.finetuning.plan import Plan
from ctxemb.models.checkpoints import Network
from ctxemb.tasks.base import PAIR_KINDS, Kind


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """What a classifier is for.

    Parameters
    ----------
    kind
        Of the task.
    symmetric
        Whether the two texts of a pair may be exchanged.
    labels
        The classes.
    """

    kind: Kind
    symmetric: bool
    labels: Labels

    @property
    def n_spans(self) -> int:
        """Number of spans of a target: 2 for a pair."""
        return 2 if self.kind in PAIR_KINDS else 1


@dataclass(frozen=True, slots=True)
class Recipe:
    """A published way to tune a network for a task.

    Parameters
    ----------
    name
        What commands and results call it.
    description
        In a sentence, with its paper.
    plan
        Returns its numbers for a network.
    build
        Returns an untrained classifier around a network, which it may change; new weights are drawn from
        torch's random state. The same call around a saved network makes room for the saved head.
    """

    name: str
    description: str
    plan: Callable[[Network], Plan]
    build: Callable[[Network, Shape, Plan], Classifier]
