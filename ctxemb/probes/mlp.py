"""A multi-layer perceptron with one hidden layer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ctxemb.probes.probe import FitPredictProbe

_BATCH = 128
_MOST_EPOCHS = 60
_PATIENCE = 5
_FEWEST_HELD_OUT = 20


class MlpProbe:
    """One hidden layer of rectified units (ReLU), trained by AdamW on cross-entropy.

    Features are scaled as for `LogisticProbe`. A tenth of the rows, drawn at random, is held out, and
    training stops when it has not become more likely for some epochs; where that would be fewer than 20
    rows, all are trained on for a fixed number of epochs.

    Parameters
    ----------
    hidden
        Number of hidden units.
    decay
        Weight decay.
    seed
        Of weights, batches and what is held out.
    """

    def __init__(self, hidden: int = 128, decay: float = 1e-2, seed: int = 0) -> None:
        self.hidden = hidden
        self.decay = decay
        self.seed = seed

    def fit(self, X: NDArray[np.float32], y: Sequence[str]) -> MlpProbe:
        """Fit to rows, (n, width), and their labels."""
        self.classes_, codes = np.unique(np.asarray(y), return_inverse=True)
        self.mean_ = X.mean(axis=0)
        self.scale_ = float(np.sqrt(np.square(X - self.mean_).mean())) or 1.0
        features, targets = self._scaled(X), torch.from_numpy(codes)
        generator = torch.Generator().manual_seed(self.seed)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            self.network_ = nn.Sequential(
                nn.Linear(features.shape[1], self.hidden),
                nn.ReLU(),
                nn.Linear(self.hidden, len(self.classes_)),
            )
        order = torch.randperm(len(features), generator=generator)
        n_held = len(features) // 10
        if n_held < _FEWEST_HELD_OUT:
            self._train(features, targets, _MOST_EPOCHS // 2, generator)
            return self
        held, kept = order[:n_held], order[n_held:]
        self._train(features[kept], targets[kept], _MOST_EPOCHS, generator, features[held], targets[held])
        return self

    def predict(self, X: NDArray[np.float32]) -> NDArray[np.str_]:
        """Return the label of each row."""
        with torch.inference_mode():
            codes = self.network_(self._scaled(X)).argmax(dim=1).numpy()
        labels: NDArray[np.str_] = self.classes_[codes]
        return labels

    def _scaled(self, X: NDArray[np.float32]) -> Tensor:
        return torch.from_numpy(((X - self.mean_) / self.scale_).astype(np.float32))

    def _train(
        self,
        features: Tensor,
        targets: Tensor,
        n_epochs: int,
        generator: torch.Generator,
        held: Tensor | None = None,
        held_targets: Tensor | None = None,
    ) -> None:
        optimizer = torch.optim.AdamW(self.network_.parameters(), lr=1e-3, weight_decay=self.decay)
        best, best_state, waited = float("inf"), self._state(), 0
        for _ in range(n_epochs):
            for batch in torch.randperm(len(features), generator=generator).split(_BATCH):
                optimizer.zero_grad()
                loss = nn.functional.cross_entropy(self.network_(features[batch]), targets[batch])
                loss.backward()
                optimizer.step()
            if held is None or held_targets is None:
                continue
            with torch.inference_mode():
                now = float(nn.functional.cross_entropy(self.network_(held), held_targets))
            waited = 0 if now < best else waited + 1
            if not waited:
                best, best_state = now, self._state()
            elif waited >= _PATIENCE:
                break
        if held is not None:
            self.network_.load_state_dict(best_state)

    def _state(self) -> dict[str, Tensor]:
        return {name: weight.clone() for name, weight in self.network_.state_dict().items()}


PROBE = FitPredictProbe(
    "mlp", lambda decay, seed: MlpProbe(decay=decay, seed=seed), settings=(1e-1, 1e-3), is_random=True
)
