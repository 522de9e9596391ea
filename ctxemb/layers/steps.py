"""The order in which one direction of an LSTM reads windows, each beginning that they share once.

A state depends on nothing but the pieces read so far. All sentences begin with the same mark and many end
with a full stop, so that what windows have in common at their beginning (for the backward direction: at their
end) need be computed for one of them only. Steps of all windows are laid out by time, as a forest: a row is a
beginning, its parent the beginning that is one piece shorter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """What is computed at each step.

    Parameters
    ----------
    counts
        Number of rows of each step.
    parents
        For each step, (count,) where the states before its rows stand among the rows of the step before; None
        if they are the first ones there, in their order.
    """

    counts: Sequence[int]
    parents: Sequence[Tensor | None]

    @classmethod
    def apart(cls, running: Sequence[int]) -> Steps:
        """Return the steps of windows that share nothing, of which so many are running at each step."""
        return cls(running, [None] * len(running))


@dataclass(frozen=True, slots=True, eq=False)
class SharedSteps:
    """Steps, and the pieces that belong to them.

    Parameters
    ----------
    steps
        The steps.
    pieces
        (n_rows,) the piece that each row reads.
    rows
        (n_pieces,) the row of each piece of the windows.

    Examples
    --------
    >>> shared = SharedSteps.of(torch.tensor([0, 5, 1, 0, 5, 7, 1]), torch.tensor([3, 4]), backward=False)
    >>> shared.steps.counts, shared.pieces.tolist(), shared.rows.tolist()
    ([1, 1, 2, 1], [0, 5, 7, 1, 1], [0, 1, 3, 0, 1, 2, 4])
    """

    steps: Steps
    pieces: Tensor
    rows: Tensor

    @classmethod
    def of(cls, pieces: Tensor, lengths: Tensor, *, backward: bool) -> SharedSteps:
        """Lay out windows that lie behind one another.

        Parameters
        ----------
        pieces
            (n_pieces,) numbers; equal ones are read as equal.
        lengths
            (n_windows,) of the windows.
        backward
            Whether they are read from their ends.
        """
        sizes, read = lengths.numpy(), pieces.numpy()
        ends = sizes.cumsum()
        order = np.argsort(-sizes, kind="stable")  # the longest first: those still running are the first ones
        step, places = (-1, ends[order] - 1) if backward else (1, (ends - sizes)[order])
        running = np.searchsorted(-sizes[order], -np.arange(sizes.max()), side="left")
        n_kinds = int(read.max()) + 1
        groups: NDArray[np.int64] = np.zeros(len(sizes), dtype=np.int64)  # of each window: its last row
        apart = len(sizes) == 1
        rows = np.empty(len(read), dtype=np.int64)
        counts: list[int] = []
        parents: list[Tensor | None] = []
        chosen = []
        n_rows = 0
        for number, count in enumerate(running.tolist()):
            now = places[:count] + step * number
            parent = None
            if apart:
                first, groups = np.arange(count), np.arange(count)
            else:
                keys = groups[:count] * n_kinds + read[now]
                _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
                by_place = np.argsort(first)
                rank = np.empty(len(first), dtype=np.int64)
                rank[by_place] = np.arange(len(first))
                first = first[by_place]
                parent = torch.from_numpy(groups[first]) if number else None
                groups = rank[inverse.reshape(-1)]
                apart = len(first) == count
            rows[now] = n_rows + groups
            chosen.append(read[now[first]])
            counts.append(len(first))
            parents.append(parent)
            n_rows += len(first)
        return cls(Steps(counts, parents), torch.from_numpy(np.concatenate(chosen)), torch.from_numpy(rows))
