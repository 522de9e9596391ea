"""What a measure is: a name, and a function from the vectors of a layer (or of two) to values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctxemb.analysis.intervals import block_borders
from ctxemb.analysis.rows import Rows
from ctxemb.scoring.statistics import Interval


@dataclass(frozen=True, eq=False)
class Occurrences:
    """The words whose vectors are measured, and what is known of them.

    Parameters
    ----------
    sentences
        The words of each sentence.
    labels
        (n_words,) a label of each occurrence, such as a part of speech or a sense; "" where there is none.
        None if there are no labels.
    groups
        (n_words,) within what labels are told apart, such as the lemma of senses; "" where there is none.
    n_senses
        The number of senses of words in lower case, as a lexicon lists them.
    """

    sentences: Sequence[Sequence[str]]
    labels: NDArray[np.str_] | None = None
    groups: NDArray[np.str_] | None = None
    n_senses: Mapping[str, int] = field(default_factory=dict)

    @cached_property
    def offsets(self) -> NDArray[np.int64]:
        """(n_sentences + 1,) where sentences start and end in the words."""
        return np.concatenate([[0], np.cumsum([len(words) for words in self.sentences], dtype=np.int64)])

    @cached_property
    def words(self) -> NDArray[np.str_]:
        """(n_words,) what occurrences of one word have in common: its first 64 characters, in lower case."""
        return np.array([word.lower()[:64] for words in self.sentences for word in words], dtype=np.str_)

    @cached_property
    def blocks(self) -> NDArray[np.int64]:
        """(n_blocks + 1,) borders of blocks of consecutive sentences, in words; for the jackknife."""
        return block_borders(self.offsets)

    @cached_property
    def large_blocks(self) -> NDArray[np.int64]:
        """(n_blocks + 1,) borders of fewer blocks, for what takes long without each of them."""
        return block_borders(self.offsets, 5)


@dataclass(frozen=True, slots=True, eq=False)
class MeasuredLayer:
    """The vectors of a layer, and the words that they are of.

    Parameters
    ----------
    model, layer
        What the layer is called.
    rows
        (n_words, width)
    text
        The words.
    seed
        Of samples and intervals.
    """

    model: str
    layer: int | str
    rows: Rows
    text: Occurrences
    seed: int = 0


@dataclass(frozen=True, slots=True)
class MeasuredValue:
    """One number that a measure found.

    Parameters
    ----------
    statistic
        What the number is.
    value, low, high
        The number, and the bounds of its 95 % interval (NaN where there is none).
    n
        Number of units (words, sentences, occurrences) that it rests on.
    group
        The part of the words that it is of, such as ``"frequency 5-9"``; empty for all.
    """

    statistic: str
    value: float
    low: float
    high: float
    n: int
    group: str = ""

    @classmethod
    def of(cls, statistic: str, interval: Interval, n: int, group: str = "") -> MeasuredValue:
        """Return a value with the bounds of an interval."""
        return cls(statistic, interval.value, interval.low, interval.high, int(n), group)

    @classmethod
    def bare(cls, statistic: str, value: float, n: int, group: str = "") -> MeasuredValue:
        """Return a value without an interval."""
        return cls(statistic, float(value), float("nan"), float("nan"), int(n), group)


@dataclass(frozen=True, slots=True)
class LayerMeasure:
    """What is measured on each layer by itself.

    Parameters
    ----------
    name
        What it is called on the command line and in results.
    description
        What it measures, in a sentence.
    run
        Returns the values of a layer.
    """

    name: str
    description: str
    run: Callable[[MeasuredLayer], list[MeasuredValue]]


@dataclass(frozen=True, slots=True)
class PairMeasure:
    """What is measured on two layers, of one model or of two, that are vectors of the same words.

    Parameters
    ----------
    name, description
        As of `LayerMeasure`.
    prepare
        Returns what each layer is turned into, once; small, since it is kept for all layers.
    compare
        Returns the values of two layers that have been prepared.
    symmetric
        Whether the order of the two does not matter.
    """

    name: str
    description: str
    prepare: Callable[[MeasuredLayer], Any]
    compare: Callable[[Any, Any], list[MeasuredValue]]
    symmetric: bool = True


Measure = LayerMeasure | PairMeasure
