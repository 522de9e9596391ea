"""What of a sentence stands beside the vector of a word: nothing, its neighbours, or all of its words."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from ctxemb.errors import UnknownNameError
from ctxemb.results.names import WORD

SENTENCE, OTHERS = "sentence", "others"
_WINDOW = re.compile(r"window-([1-9][0-9]*)")


def check_context(name: str) -> str:
    """Return the name of a context as it is.

    Raises
    ------
    UnknownNameError
        If there is none of this name.

    Examples
    --------
    >>> check_context("window-5")
    'window-5'
    """
    if name in (WORD, SENTENCE) or _WINDOW.fullmatch(name):
        return name
    raise UnknownNameError(
        f"a context is 'word', 'window-K' (such as window-5) or 'sentence', found '{name}'"
    )


def n_vectors(context: str) -> int:
    """Return how many vectors stand side by side for a span."""
    return 1 if context in (WORD, OTHERS) else 2


def in_context(rows: NDArray[np.float32], borders: tuple[int, int], context: str) -> NDArray[np.float32]:
    """Return the vector of a span in a context, (n_layers, n_vectors * width).

    Parameters
    ----------
    rows
        (n_layers, n_words, width) the vectors of the words of its sentence.
    borders
        Where the span starts and stops.
    context
        ``"word"``: the mean of the span's words. ``"window-K"``, ``"sentence"``: beside it, the mean of these
        and of K words on each side, or of the whole sentence. ``"others"``: the mean of all other words
        alone; zeros where there are none.
    """
    start, stop = borders
    if context == OTHERS:
        others = np.concatenate([rows[:, :start], rows[:, stop:]], axis=1)
        return others.mean(axis=1) if others.shape[1] else np.zeros_like(rows[:, 0])
    target: NDArray[np.float32] = rows[:, start:stop].mean(axis=1)
    if context == WORD:
        return target
    window = _WINDOW.fullmatch(context)
    size = int(window[1]) if window else rows.shape[1]
    around = rows[:, max(0, start - size) : stop + size].mean(axis=1)
    return np.concatenate([target, around], axis=1)
