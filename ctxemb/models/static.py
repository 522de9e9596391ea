"""The context-free baseline of a model: its layer 0, each word read alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ctxemb.models.base import ContextualModel
from ctxemb.models.encoding import NO_WORD, Encoding
from ctxemb.results.names import STATIC
from ctxemb.text.sentence import Sentence

FAMILY = STATIC.removeprefix("@")


class StaticModel(ContextualModel):
    """The context-free baseline: layer 0 of a model that reads each word alone.

    A word has the same vector wherever it stands: the vectors tell what its form alone tells.

    Parameters
    ----------
    model
        The model whose layer 0 it is.
    """

    def __init__(self, model: ContextualModel) -> None:
        super().__init__(
            replace(
                model.info,
                name=model.name + STATIC,
                family=FAMILY,
                n_layers=1,
                stateful=False,
                identify=lambda: f"static-{model.fingerprint}",
            )
        )
        self.model = model

    def encode(self, sentences: Sequence[Sentence]) -> Encoding:
        """Turn words into packed pieces, every word in windows of its own, in the order of the text."""
        words = [word for sentence in sentences for word in sentence.words]
        rows = {word: row for row, word in enumerate(dict.fromkeys(words))}
        alone = self.model.encode([Sentence((word,)) for word in rows])
        of_words = np.fromiter(map(rows.__getitem__, words), dtype=np.int64, count=len(words))
        borders = alone.windows.numpy()
        owners = np.maximum.reduceat(alone.words.numpy(), borders[:-1])  # (n_windows,) the word of each
        order = np.argsort(owners, kind="stable")
        counts = np.bincount(owners, minlength=len(rows))
        first = counts.cumsum() - counts
        windows = order[_stretches(first[of_words], counts[of_words])]
        lengths = np.diff(borders)[windows]
        places = _stretches(borders[:-1][windows], lengths)
        numbers = np.repeat(np.repeat(np.arange(len(words)), counts[of_words]), lengths)
        owned = alone.words.numpy()[places] != NO_WORD
        return Encoding(
            pieces=alone.pieces[places],
            words=torch.from_numpy(np.where(owned, numbers, NO_WORD)),
            windows=torch.from_numpy(np.concatenate([[0], lengths.cumsum()])),
            offsets=torch.tensor([0, *map(len, sentences)]).cumsum(0),
            spellings=alone.spellings,
        )

    def prepare(self, batch: Encoding) -> Encoding:
        """Return `batch` as the model itself prepares it."""
        return self.model.prepare(batch)

    def each(self, batch: Encoding, layers: Sequence[int] | None = None) -> Iterator[Tensor]:
        """Yield the vectors of layer 0, (n_pieces, width): there is no other."""
        return self.model.each(batch, (0,))


def _stretches(starts: NDArray[np.int64], sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the numbers of stretches behind one another.

    Examples
    --------
    >>> _stretches(np.array([7, 2]), np.array([2, 3])).tolist()
    [7, 8, 2, 3, 4]
    """
    ends = sizes.cumsum()
    numbers: NDArray[np.int64] = np.arange(ends[-1]) + np.repeat(starts - ends + sizes, sizes)
    return numbers
