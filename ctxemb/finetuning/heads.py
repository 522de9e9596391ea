"""From features to a logit for each class."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

Dense = Literal["relu", "tanh"]

_DEVIATION = 0.02
"""Of a linear head's first weights (Radford et al. 2018; Devlin et al. 2018)."""


class LinearHead(nn.Module):
    """Dropout and a linear layer.

    Parameters
    ----------
    width, n_classes
        Sizes.
    dropout
        Share of the features that is dropped in training.
    bias
        Whether there is a bias; the heads of GPT in `transformers` have none.
    dense
        Activation of another layer before, as DistilBERT and RoBERTa have one in the pooler's place.
    """

    def __init__(
        self, width: int, n_classes: int, dropout: float, *, bias: bool = True, dense: Dense | None = None
    ) -> None:
        super().__init__()
        self.drop = nn.Dropout(dropout)
        self.activation = dense
        self.dense = nn.Linear(width, width) if dense else None
        self.linear = nn.Linear(width, n_classes, bias=bias)
        for layer in filter(None, (self.dense, self.linear)):
            nn.init.normal_(layer.weight, std=_DEVIATION)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)

    def forward(self, features: Tensor) -> Tensor:
        """Return (n, n_classes) from (n, width)."""
        if self.dense is not None:
            if self.activation == "tanh":
                features = torch.tanh(self.dense(self.drop(features)))
            else:
                features = torch.relu(self.dense(features))
        logits: Tensor = self.linear(self.drop(features))
        return logits


class HiddenHead(nn.Module):
    """Two blocks of batch normalisation, dropout and a linear layer, with a ReLU between.

    This is ULMFiT's classifier (Howard and Ruder 2018, section 3.3 and "Hyperparameters").

    Parameters
    ----------
    width, hidden, n_classes
        Sizes.
    dropouts
        Of the features and of the hidden layer.
    """

    def __init__(self, width: int, hidden: int, n_classes: int, dropouts: tuple[float, float]) -> None:
        super().__init__()
        self.norms = nn.ModuleList([nn.BatchNorm1d(width), nn.BatchNorm1d(hidden)])
        self.drops = nn.ModuleList(nn.Dropout(dropout) for dropout in dropouts)
        self.layers = nn.ModuleList([nn.Linear(width, hidden), nn.Linear(hidden, n_classes)])

    def forward(self, features: Tensor) -> Tensor:
        """Return (n, n_classes) from (n, width)."""
        x = self.layers[0](self.drops[0](self._normal(0, features)))
        logits: Tensor = self.layers[1](self.drops[1](self._normal(1, torch.relu(x))))
        return logits

    def _normal(self, number: int, x: Tensor) -> Tensor:
        """Return `x` normalised over the batch; in training, a single row has nothing to be normalised by."""
        found: Tensor = self.norms[number](x) if len(x) > 1 or not self.training else x
        return found
