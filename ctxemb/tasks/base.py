"""What a task is, whatever data set it comes from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ctxemb.text.sentence import Sentence

Span = tuple[int, int]
"""A half-open range of words."""

Kind = Literal["word-sense", "sentence-label"]


@dataclass(frozen=True, slots=True)
class Example:
    """Something with a label: a word in a sentence, or a whole sentence.

    Parameters
    ----------
    sentence
        Number of the sentence in its task.
    spans
        The words that are labelled.
    label
        The label.
    group
        Examples of one group share a classifier: the ambiguous word of a word sense. Empty where one
        classifier serves all.
    """

    sentence: int
    spans: tuple[Span, ...]
    label: str
    group: str = ""


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
        ``"train"``, ``"test"`` and perhaps ``"dev"``: numbers of examples.
    metrics
        Names of scores, the leading one first.
    shareable
        Whether its text may be published with results.
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
        """SHA-256 (hex) of sentences, examples, splits and metrics."""
        digest = hashlib.sha256(json.dumps([self.kind, self.metrics]).encode())
        for sentence in self.sentences:
            digest.update(("\x1f".join(sentence.words) + "\x1e").encode("utf-8", "surrogatepass"))
        for example in self.examples:
            digest.update(
                json.dumps([example.sentence, example.spans, example.label, example.group]).encode()
            )
        for split, numbers in sorted(self.splits.items()):
            digest.update(split.encode() + np.asarray(numbers, dtype="<i8").tobytes())
        return digest.hexdigest()
