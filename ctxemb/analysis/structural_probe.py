"""Whether a linear map of vectors holds syntax trees (Hewitt and Manning 2019)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ctxemb.errors import InputError

Kind = Literal["distance", "depth"]
Vectors = Sequence[NDArray[Any]]

_BATCH = 20
_LEAST_GAIN = 1e-4
_IDLE_EPOCHS = 5


@dataclass
class StructuralProbe:
    """A matrix B under which squared distances ‖B(hᵢ - hⱼ)‖², or squared lengths ‖Bhᵢ‖², are those of a tree.

    It is trained by Adam on the mean absolute error of a sentence, over the square of its length
    (distances) or its length (depths). The step size is halved after each epoch that does not lower the loss
    on held-out sentences; training stops after five such epochs in a row, or `n_epochs`.

    Parameters
    ----------
    kind
        ``"distance"`` or ``"depth"``.
    rank
        Rows of B; at most the width.
    n_epochs, step_size
        Of the training.
    seed
        Of the first B and the order of the sentences.

    Attributes
    ----------
    map_
        (rank, width) the matrix B.
    """

    kind: Kind = "distance"
    rank: int = 64
    n_epochs: int = 30
    step_size: float = 1e-3
    seed: int = 0

    def fit(
        self,
        vectors: Vectors,
        targets: Sequence[NDArray[np.int64]],
        held_out: tuple[Vectors, Sequence[NDArray[np.int64]]] | None = None,
    ) -> StructuralProbe:
        """Train on sentences.

        Parameters
        ----------
        vectors
            (n_words, width) of each sentence.
        targets
            Of each sentence (n_words, n_words) distances, or (n_words,) depths.
        held_out
            Others, by which the step size is halved; None for the training sentences.

        Raises
        ------
        InputError
            If there is no sentence of two words, or vectors and targets do not fit.
        """
        batches = _batches(vectors, targets)
        judged = batches if held_out is None else _batches(*held_out)
        width = batches[0][0].shape[2]
        generator = torch.Generator().manual_seed(self.seed)
        start = torch.rand(min(self.rank, width), width, generator=generator) * 0.1 - 0.05
        B = torch.nn.Parameter(start)
        optimizer = torch.optim.Adam([B], lr=self.step_size)
        best, self.map_, idle = float("inf"), start.numpy(), 0
        for _ in range(self.n_epochs):
            for number in torch.randperm(len(batches), generator=generator).tolist():
                optimizer.zero_grad()
                self._loss(B, *batches[number]).backward()
                optimizer.step()
            loss = self._mean_loss(B, judged)
            if loss < best - _LEAST_GAIN:
                best, self.map_, idle = loss, B.detach().numpy().copy(), 0
                continue
            idle += 1
            if idle == _IDLE_EPOCHS:
                break
            for group in optimizer.param_groups:
                group["lr"] /= 2
        return self

    def predict(self, vectors: Vectors) -> list[NDArray[np.float32]]:
        """Return the distances (n_words, n_words), or depths (n_words,), of each sentence."""
        B = torch.from_numpy(self.map_)
        with torch.no_grad():
            return [
                self._predict(B, torch.from_numpy(np.array(one, dtype=np.float32))[None])[0].numpy()
                for one in vectors
            ]

    def _predict(self, B: Tensor, rows: Tensor) -> Tensor:
        mapped = rows @ B.T  # (n_sentences, n_words, rank)
        squares = (mapped**2).sum(dim=-1)
        if self.kind == "depth":
            return squares
        products = mapped @ mapped.transpose(1, 2)
        return (squares[:, :, None] + squares[:, None] - 2 * products).clamp(min=0)

    def _loss(self, B: Tensor, rows: Tensor, targets: Tensor, lengths: Tensor) -> Tensor:
        inside = torch.arange(rows.shape[1])[None] < lengths[:, None]
        if self.kind == "distance":
            inside = inside[:, :, None] & inside[:, None]
        wrong = ((self._predict(B, rows) - targets).abs() * inside).flatten(1).sum(dim=1)
        return (wrong / lengths ** (2 if self.kind == "distance" else 1)).mean()

    @torch.no_grad()
    def _mean_loss(self, B: Tensor, batches: list[tuple[Tensor, Tensor, Tensor]]) -> float:
        losses = [float(self._loss(B, *batch)) * len(batch[2]) for batch in batches]
        return sum(losses) / sum(len(batch[2]) for batch in batches)


def _batches(vectors: Vectors, targets: Sequence[NDArray[np.int64]]) -> list[tuple[Tensor, Tensor, Tensor]]:
    """Return padded rows, targets and lengths of sentences of similar length."""
    lengths = np.array([len(rows) for rows in vectors])
    if len(vectors) != len(targets) or [len(target) for target in targets] != lengths.tolist():
        raise InputError("the targets are not those of the words of the sentences")
    order = np.argsort(lengths, kind="stable")
    order = order[lengths[order] > 1]
    if not len(order):
        raise InputError("a structural probe needs a sentence of at least two words")
    return [
        _padded([vectors[i] for i in some], [targets[i] for i in some]) for some in _stretches(order.tolist())
    ]


def _stretches(order: list[int]) -> Iterator[list[int]]:
    return (order[start : start + _BATCH] for start in range(0, len(order), _BATCH))


def _padded(vectors: Vectors, targets: Sequence[NDArray[np.int64]]) -> tuple[Tensor, Tensor, Tensor]:
    longest = max(len(rows) for rows in vectors)
    rows = np.zeros((len(vectors), longest, vectors[0].shape[1]), dtype=np.float32)
    wanted = np.zeros((len(vectors), *(longest,) * targets[0].ndim), dtype=np.float32)
    for number, (one, target) in enumerate(zip(vectors, targets, strict=True)):
        rows[number, : len(one)] = one
        place: tuple[Any, ...] = (number, *(slice(size) for size in target.shape))
        wanted[place] = target
    return torch.from_numpy(rows), torch.from_numpy(wanted), torch.tensor([len(one) for one in vectors])
