"""Tidy records of what was found: one number, one row, with all that is needed to make it again."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from ctxemb.results.names import TEST, WORD

LEVEL = 0.05
"""A difference is significant if its p, after Holm's correction within a task, is below this level."""


@dataclass(frozen=True, slots=True)
class Result:
    """One score.

    Parameters
    ----------
    model
        Name of the model; ``NAME@random`` is its twin with random weights, ``NAME@static`` its
        context-free vectors, ``NAME@context-mean`` the mean of those of the other words; ``majority`` and
        ``bag-of-words`` are baselines without a model.
    layer
        Layer number (0 is the context-free input), ``"mix"`` for the learned scalar mix, ``"concat"``
        for all layers side by side, ``"-"`` for baselines without a model.
    task, probe, metric
        Names.
    split
        ``"dev"``, which chooses layers and strengths; ``"test"``; or ``"test:PART"`` for a named part of the
        test examples, such as a word.
    value
        The score, in [0, 1] for accuracies and F1.
    low, high
        Bounds of its bootstrap 95 % interval.
    n
        Number of examples scored.
    seed
        Seed of probe and bootstrap; of several random twins, it also tells which.
    pool
        How pieces became the vector of a word or of a sentence.
    context
        What stands beside the vector of a word: ``"word"``, nothing; ``"window-K"``, the mean of it and K
        words on each side; ``"sentence"``, the mean of its sentence.
    setting
        What dev chose: the strength of a penalty (of bags of words, its inverse), or a number of neighbours;
        None where there was nothing to choose, or if unknown.
    chosen
        Whether dev chose this layer among those of the same model and probe; None if it is no single layer of
        a model, or unknown.
    """

    model: str
    layer: int | str
    task: str
    split: str
    probe: str
    metric: str
    value: float
    low: float
    high: float
    n: int
    seed: int
    pool: str = "mean"
    context: str = WORD
    setting: float | None = None
    chosen: bool | None = None

    def as_row(self) -> dict[str, Any]:
        """Return the result as a row of a table."""
        return dataclasses.asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A paired difference of two models on the same test examples, `a` less `b`.

    Parameters
    ----------
    task, split, probe, metric, pool, context
        Names, as in `Result`.
    a, layer_a, b, layer_b
        The two models (or twins, or baselines), each with the layer that dev chose.
    difference, low, high
        The difference of the scores, and the bounds of its 95 % interval.
    p, p_holm
        Of the test; and after Holm's correction over the comparisons of the task.
    effect
        Cohen's g.
    n
        Number of examples.
    test
        ``"permutation"``; ``"corrected resampled t"`` where there are folds; ``"bootstrap of twins"``, which
        resamples them, too, where a model is compared with the mean of several random twins. The interval is
        that of the last two where they are used.
    smallest
        The smallest difference that would have been found with 80 % power after the correction; None where
        the two never differ, or if unknown.
    superiority
        The probability that `a` is right and `b` is not on an example, ties counting half; None if unknown.
    """

    task: str
    split: str = TEST
    probe: str = "logistic"
    metric: str
    pool: str = "mean"
    context: str = WORD
    a: str
    layer_a: int | str
    b: str
    layer_b: int | str
    difference: float
    low: float
    high: float
    p: float
    p_holm: float
    effect: float
    n: int
    test: str = "permutation"
    smallest: float | None = None
    superiority: float | None = None

    @property
    def is_significant(self) -> bool:
        """Whether the difference is shown at the 5 % level after Holm's correction."""
        return self.p_holm < LEVEL and self.difference != 0

    def turned(self) -> Difference:
        """Return the same difference as `b` less `a`."""
        return dataclasses.replace(
            self,
            a=self.b,
            layer_a=self.layer_b,
            b=self.a,
            layer_b=self.layer_a,
            difference=-self.difference,
            low=-self.high,
            high=-self.low,
            effect=-self.effect,
            superiority=None if self.superiority is None else round(1 - self.superiority, 6),
        )


@dataclass(frozen=True, slots=True)
class Ranks:
    """How often a model takes each rank on a task when the test is resampled.

    Parameters
    ----------
    task, model
        Names.
    shares
        The share of resamples in which it is the best, the second, and so on.
    """

    task: str
    model: str
    shares: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Mix:
    """A learned scalar mix of layers.

    Parameters
    ----------
    model, task
        Names.
    weights
        Weights of the layers; they add up to 1.
    seed
        0 if the mix began with equal weights, the number of the restart otherwise; None if unknown.
    gamma
        The factor of the mix; None if unknown.
    loss
        The loss reached in training; the restart with the lowest loss is probed.
    """

    model: str
    task: str
    weights: tuple[float, ...]
    seed: int | None = None
    gamma: float | None = None
    loss: float | None = None


@dataclass(frozen=True, slots=True)
class MapPoint:
    """An occurrence of a word on a word-sense map.

    Parameters
    ----------
    task, word, model, layer
        The map, and the panel.
    sense
        The gold label.
    x, y
        Where the occurrence lies.
    text
        Its sentence with the word *marked*; empty if the text may not be published.
    """

    task: str
    word: str
    model: str
    layer: int
    sense: str
    x: float
    y: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusion:
    """How often a gold label was predicted as another (or the same), on the test.

    Parameters
    ----------
    task, model, layer, probe
        Names, as in `Result`.
    group
        The word whose senses are told apart; empty where one classifier serves all.
    gold, predicted, count
        The labels, and the number of examples.
    """

    task: str
    model: str
    layer: int | str
    probe: str = "logistic"
    group: str
    gold: str
    predicted: str
    count: int


@dataclass(frozen=True, slots=True)
class Training:
    """A look at held-out text while a model was trained.

    Parameters
    ----------
    model
        Name of the model.
    words
        Words seen before the look.
    bits_per_character
        The held-out loss.
    """

    model: str
    words: int
    bits_per_character: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """A model tuned on a task by a recipe, with several seeds, beside its frozen probe.

    Both have learned from the same examples, never from dev, and are scored on the same test. Intervals and
    the test of the difference resample seeds and examples.

    Parameters
    ----------
    task, model, recipe, metric
        Names; the recipe with its settings, as in ``ulmfit:lm_epochs=0``.
    value, low, high
        The mean score over seeds, and the bounds of its 95 % interval.
    frozen, frozen_layer
        The score of the frozen probe, and its layer, which dev chose. Where dev was not published, the probe
        of the main results has learned from dev, too; this one has not.
    difference, difference_low, difference_high
        Tuned less frozen, and the bounds of its 95 % interval.
    p, p_holm
        Of the test; and after Holm's correction over the tuned models of the task.
    effect
        Cohen's g over all pairs of runs.
    majority
        What the most frequent labels of training score; a run at or below it has failed.
    n
        Number of test examples.
    notes
        What a reader should know: texts that were cut, labels that training has not seen.
    """

    task: str
    model: str
    recipe: str
    metric: str
    value: float
    low: float
    high: float
    frozen: float
    frozen_layer: int | str
    difference: float
    difference_low: float
    difference_high: float
    p: float
    p_holm: float
    effect: float
    majority: float
    n: int
    notes: tuple[str, ...] = ()

    @property
    def is_significant(self) -> bool:
        """Whether the difference is shown at the 5 % level after Holm's correction."""
        return self.p_holm < LEVEL and self.difference != 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TuningRun:
    """One seed's run of a tuning.

    Parameters
    ----------
    task, model, recipe
        Names, as in `Tuning`.
    seed
        Seed of all that was random.
    rate, epoch
        The learning rate and the epoch that dev chose; None where there is a classifier for each fold.
    dev, test
        The scores.
    curve
        The scores on dev by epoch, at the chosen rate; with folds, those of the first.
    """

    task: str
    model: str
    recipe: str
    seed: int
    rate: float | None
    epoch: int | None
    dev: float
    test: float
    curve: tuple[float, ...] = ()
