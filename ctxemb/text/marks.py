"""Marks: a target *between asterisks*, of one word or of several, in a text."""

from __future__ import annotations

import re
from collections.abc import Callable

_MARKED = re.compile(r"(?<![\w*])\*([^\s*](?:[^*]*[^\s*])?)\*(?![\w*])")

Words = list[str]


def count_marks(text: str) -> int:
    """Return how many *marked* targets a text has.

    Examples
    --------
    >>> count_marks("a *credit card*"), count_marks("2 * 3 * 4")
    (1, 0)
    """
    return len(_MARKED.findall(text))


def split_marked(text: str, split: Callable[[str], Words]) -> tuple[Words, Words, Words] | None:
    """Return the words before, in and after the one mark of a text; None if it does not have one mark.

    Parameters
    ----------
    text
        The text.
    split
        Splits text into words.
    """
    marks = list(_MARKED.finditer(text))
    if len(marks) != 1:
        return None
    return split(text[: marks[0].start()]), split(marks[0][1]), split(text[marks[0].end() :])
