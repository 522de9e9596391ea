"""What L-BFGS remembers of its last steps, as matrices (Byrd, Nocedal and Schnabel 1994)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

_MOST, _FEWEST = 128, 12
_NUMBERS_AT_MOST = 1 << 24
"""Of the moves of all problems together (64 MiB in single precision), unless fewer than `_FEWEST` fit."""

_ROWS_FOR_ONE = 100
"""To look at a step takes the time of so many rows; with fewer, remembering would cost more than it saves."""


class History:
    """The last moves of stacked problems, and the changes of their gradients.

    When no more fit, the older half is forgotten. A long memory costs little beside many rows, and weak
    penalties that nearly separate the classes take a third of the steps with it.

    Parameters
    ----------
    at
        (n_groups, n_problems, n_classes, width + 1) weights, as the stack has them.
    n_rows
        Number of rows that a loss is computed from.
    """

    def __init__(self, at: Tensor, n_rows: int) -> None:
        fit = _NUMBERS_AT_MOST // max(1, at.numel())
        most = max(_FEWEST, min(_MOST, fit, n_rows // _ROWS_FOR_ONE))
        room = (*at.shape[:2], most)
        size = at.shape[2] * at.shape[3]
        self.moves, self.changes = at.new_empty(*room, size), at.new_empty(*room, size)
        self.products = at.new_zeros(*room, most, dtype=torch.float64)  # moves · changes, the upper triangle
        self.count = 0

    def add(self, move: Tensor, change: Tensor) -> None:
        """Remember a step; of a problem that did not bend upwards along it, as one that was not made."""
        if self.count == self.moves.shape[2]:
            self._forget()
        last = self.count
        move, change = move.flatten(2), change.flatten(2)
        along = (move * change).sum(dim=2)
        useful = (along > 1e-10 * (change * change).sum(dim=2))[..., None]
        self.moves[:, :, last] = torch.where(useful, move, 0.0)
        self.changes[:, :, last] = torch.where(useful, change, 0.0)
        self.count += 1
        column = (self.moves[:, :, : self.count] @ self.changes[:, :, last, :, None])[..., 0]
        self.products[:, :, : self.count, last] = column
        self.products[:, :, last, last] += ~useful[..., 0]

    def cut(self, groups: Tensor, problems: Tensor) -> None:
        """Go on with some groups, and some problems of each."""
        at = groups[:, None], problems
        self.moves, self.changes = self._cut(self.moves, at), self._cut(self.changes, at)
        self.products = self.products[at]

    def inverse_hessian(self, gradient: Tensor, precondition: Callable[[Tensor], Tensor]) -> Tensor:
        """Return the product of L-BFGS's inverse Hessian with the gradient.

        Parameters
        ----------
        gradient
            (n_groups, n_problems, n_classes, width + 1)
        precondition
            Multiplies with the first guess of the inverse.
        """
        if not self.count:
            return precondition(gradient)
        moves, changes = self.moves[:, :, : self.count], self.changes[:, :, : self.count]
        products = self.products[:, :, : self.count, : self.count]
        vector = gradient.flatten(2)[..., None]
        factors = torch.linalg.solve_triangular(products, (moves @ vector).double(), upper=True)
        vector = (vector - changes.mT @ factors.to(vector.dtype)).view_as(gradient)
        last = changes[:, :, -1].view_as(gradient)
        bent = (last * precondition(last)).sum(dim=(2, 3))
        # Scaled by what the last step found, so that few steps are too long.
        scale = torch.where(bent > 0, (products[..., -1, -1] / bent).clamp(max=1.0), 1.0)
        vector = precondition(vector) * scale[..., None, None].to(vector.dtype)
        flat = vector.flatten(2)[..., None]
        rest = products.diagonal(dim1=2, dim2=3)[..., None] * factors - changes @ flat
        factors = torch.linalg.solve_triangular(products.mT, rest.double(), upper=False)
        step: Tensor = (flat + moves.mT @ factors.to(flat.dtype)).view_as(gradient)
        return step

    def _cut(self, pairs: Tensor, at: tuple[Tensor, Tensor]) -> Tensor:
        """Return the pairs of some problems, with as much room, of which nothing is touched yet."""
        kept = pairs[:, :, : self.count][at]
        gathered = pairs.new_empty(*kept.shape[:2], *pairs.shape[2:])
        gathered[:, :, : self.count] = kept
        return gathered

    def _forget(self) -> None:
        half = self.count // 2
        kept = self.count - half
        for pairs in (self.moves, self.changes):
            pairs[:, :, :kept] = pairs[:, :, half : self.count].clone()
        self.products[:, :, :kept, :kept] = self.products[:, :, half : self.count, half : self.count].clone()
        self.count = kept
