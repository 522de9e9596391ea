"""Names that results give to what is no model of its own: splits, twins and baselines."""

from __future__ import annotations

TRAIN, DEV, TEST = "train", "dev", "test"
"""Splits. A named part of the test, such as a word, is the split ``test:PART``."""

RANDOM, STATIC = "@random", "@static"
"""What follows a model's name: its twin with random weights, and its context-free vectors."""

NO_LAYER = "-"
"""The layer of a baseline without a model."""

MAJORITY, BAG_OF_WORDS = "majority", "bag-of-words"
WORD_MAJORITY, FIRST_SENSE = "word-majority", "first-sense"

BASELINES = {
    MAJORITY: "the majority class",
    BAG_OF_WORDS: "a bag of words",
    WORD_MAJORITY: "the most frequent label of each word",
    FIRST_SENSE: "the first sense of the inventory",
}
"""Baselines without a model, and what sentences call them."""


def is_reserved(name: str) -> bool:
    """Return whether results give a name to what is no model, so that no model may have it.

    Examples
    --------
    >>> is_reserved("majority"), is_reserved("bert@random"), is_reserved("bert")
    (True, True, False)
    """
    return name in BASELINES or is_twin(name)


def is_twin(name: str) -> bool:
    """Return whether a name is that of a model's twin or of its context-free vectors.

    Examples
    --------
    >>> is_twin("bert@random"), is_twin("elmo@stateful")
    (True, False)
    """
    return name.endswith((RANDOM, STATIC))


def part_split(part: str) -> str:
    """Return the split of a named part of the test."""
    return f"{TEST}:{part}"
