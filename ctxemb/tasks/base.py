"""What a task is, whatever data set it comes from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ctxemb.text.sentence import Sentence

Kind = Literal["word-sense", "sentence-label", "token-label", "pair", "sentence-pair"]


PAIR_KINDS: tuple[Kind, ...] = ("pair", "sentence-pair")
"""Kinds of tasks whose examples have two spans: two words (WiC), or two whole texts."""

WORD_KINDS: tuple[Kind, ...] = ("word-sense", "token-label", "pair")
"""Kinds of tasks that are about words in their sentences."""


class Span(NamedTuple):
    """A half-open range of the words of a sentence of the task."""

    sentence: int
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Example:
    """Something with a label: a word, a whole sentence, or two of either to be compared.

    Parameters
    ----------
    spans
        The words that are labelled: one span, or the two of a pair.
    label
        The label.
    group
        Examples of one group share a classifier: the ambiguous word of a word sense. Empty where one
        classifier serves all.
    also
        Other labels that are right, too.
    cluster
        Examples of one cluster (a document, a sentence) are not independent, and are resampled together.
        Empty where an example stands for itself.
    """

    spans: tuple[Span, ...]
    label: str
    group: str = ""
    also: tuple[str, ...] = ()
    cluster: str = ""


@dataclass(frozen=True, eq=False)
class Task:
    """A data set to probe vectors with.

    Parameters
    ----------
    name
        What results call it.
    kind
        What is labelled.
    description, licence, source
        In a sentence each.
    sentences, examples
        The text, and what is labelled in it.
    splits
        ``"train"``, ``"test"`` and perhaps ``"dev"``: numbers of examples. Empty where there are `folds`.
    metrics
        Names of scores, the leading one first.
    shareable
        Whether its text may be published with results.
    folds
        (n_examples,) the fold, from 0, of each example, where there is no published split: each fold is
        tested by a classifier trained on the others.
    parts
        Named sets of test examples (numbers of examples) that get scores of their own, besides all of them.
    fallback
        The answer for an example of a group that has no training example: a label for each such group.
    symmetric
        Whether the two texts of a pair may be exchanged.
    """

    name: str
    kind: Kind
    description: str
    licence: str
    source: str
    sentences: tuple[Sentence, ...]
    examples: tuple[Example, ...]
    splits: Mapping[str, NDArray[np.int64]]
    metrics: tuple[str, ...] = ("accuracy",)
    shareable: bool = False
    folds: NDArray[np.int64] | None = None
    parts: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)
    fallback: Mapping[str, str] = field(default_factory=dict)
    symmetric: bool = False

    @cached_property
    def gold(self) -> NDArray[np.str_]:
        """(n_examples,) the label of each example."""
        return np.array([example.label for example in self.examples])

    @cached_property
    def example_groups(self) -> NDArray[np.str_]:
        """(n_examples,) the group of each example."""
        return np.array([example.group for example in self.examples])

    @cached_property
    def example_clusters(self) -> NDArray[np.str_]:
        """(n_examples,) the cluster of each example; empty where it stands for itself."""
        return np.array([example.cluster for example in self.examples])

    @cached_property
    def example_positions(self) -> NDArray[np.int64]:
        """(n_examples,) where the (first) span of each begins, in words; between sentences there is a gap."""
        lengths = np.array([len(sentence.words) + 1 for sentence in self.sentences], dtype=np.int64)
        offsets = np.cumsum(lengths) - lengths
        firsts = np.array([example.spans[0][:2] for example in self.examples], dtype=np.int64).reshape(-1, 2)
        return np.asarray(offsets[firsts[:, 0]] + firsts[:, 1], dtype=np.int64)

    @cached_property
    def group_labels(self) -> dict[str, list[str]]:
        """The labels of each group, sorted."""
        found: dict[str, set[str]] = {}
        for example in self.examples:
            found.setdefault(example.group, set()).add(example.label)
        return {group: sorted(labels) for group, labels in found.items()}

    @cached_property
    def tested_labels(self) -> dict[str, list[str]]:
        """The labels of each group that the test has, sorted; F1 is over them."""
        found: dict[str, set[str]] = {}
        for number in self.splits.get("test", range(len(self.examples))):
            example = self.examples[number]
            found.setdefault(example.group, set()).add(example.label)
        return {group: sorted(labels) for group, labels in found.items()}

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """The labels, sorted."""
        return tuple(sorted({example.label for example in self.examples}))

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """The groups, sorted."""
        return tuple(sorted({example.group for example in self.examples}))

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of all that decides scores: text, examples, splits and metrics."""
        named = [self.kind, self.metrics, sorted(self.fallback.items())]
        digest = hashlib.sha256(self.text_fingerprint.encode() + json.dumps(named).encode())
        for example in self.examples:
            labels = [example.label, *example.also]
            digest.update(json.dumps([labels, example.group, example.cluster]).encode())
        for chosen in (self.splits, self.parts):
            for name, numbers in sorted(chosen.items()):
                digest.update(name.encode() + np.asarray(numbers, dtype="<i8").tobytes())
        if self.folds is not None:
            digest.update(np.asarray(self.folds, dtype="<i8").tobytes())
        return digest.hexdigest()

    @cached_property
    def text_fingerprint(self) -> str:
        """SHA-256 (hex) of all that decides vectors: sentences and spans."""
        digest = hashlib.sha256()
        for sentence in self.sentences:
            digest.update(("\x1f".join(sentence.words) + "\x1e").encode("utf-8", "surrogatepass"))
        for example in self.examples:
            digest.update(json.dumps(example.spans).encode())
        return digest.hexdigest()
