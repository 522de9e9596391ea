"""Vectors of words read from their characters, kept from batch to batch."""

from __future__ import annotations

import threading
from collections.abc import Callable

import torch
from torch import Tensor


class KnownWords:
    """Vectors of spellings, so many at most.

    When there is no room for more, all are forgotten: of a text that goes on, the frequent words are soon
    back, and a large vocabulary costs no more memory than a small one.

    Parameters
    ----------
    most
        How many are kept.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._lock = threading.Lock()
        self._rows: dict[bytes, int] = {}
        self._vectors = torch.empty(0, 0)

    def __len__(self) -> int:
        return len(self._rows)

    def vectors(self, spellings: Tensor, read: Callable[[Tensor], Tensor]) -> Tensor:
        """Return a vector for each spelling.

        Parameters
        ----------
        spellings
            (n_words, n_characters), all different.
        read
            Called with those that are not known, if there are any; returns (n_words, width).

        Returns
        -------
        Tensor
            (n_words, width)
        """
        raw = spellings.to(torch.int16).numpy()
        names = [row.tobytes() for row in raw]
        with self._lock:
            known = [self._rows.get(name, -1) for name in names]
            missing = [place for place, row in enumerate(known) if row < 0]
            if len(missing) == len(names):
                vectors = read(spellings)
                new = vectors
            else:
                vectors = self._vectors[torch.tensor(known)]
                new = read(spellings[missing]) if missing else vectors[:0]
                vectors[missing] = new
            self._keep([names[place] for place in missing], new)
            return vectors

    def _keep(self, names: list[bytes], new: Tensor) -> None:
        if len(self._rows) + len(names) > self.most:
            self._rows.clear()
        names = names[: self.most]
        if not names:
            return
        first = len(self._rows)
        if first + len(names) > len(self._vectors):
            room = min(self.most, max(first + len(names), 2 * first))
            larger = new.new_empty(room, new.shape[1])
            if first:
                larger[:first] = self._vectors[:first]
            self._vectors = larger
        self._vectors[first : first + len(names)] = new[: len(names)]
        self._rows.update(zip(names, range(first, first + len(names)), strict=True))
