"""The learned scalar mix of layers: gamma times their softmax-weighted sum (Peters et al. 2018, eq. 1)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

_MAX_ROWS = 2000
_MAX_STEPS = 100


class ScalarMixer:
    """Learns which layers serve a task, together with a logistic regression on their mix.

    Layers are centred and divided by one number each, so that their squares are 1 on average, before they are
    mixed. There is one mix for the whole task, also where each group of examples has a classifier of its own,
    as in a word-sense task. From many rows, a random 2,000 are taken: the mix has few weights.

    Parameters
    ----------
    l2
        Strength of the penalty on the classifiers' weights, as for `LogisticProbe`.
    seed
        Of the rows that are taken.

    Attributes
    ----------
    weights_
        (n_layers,) softmax weights, which add up to 1.
    gamma_
        The factor of the mix.
    """

    def __init__(self, l2: float = 1.0, seed: int = 0) -> None:
        self.l2 = l2
        self.seed = seed

    def fit(self, X: NDArray[np.float32], y: Sequence[str], groups: Sequence[str]) -> ScalarMixer:
        """Learn the mix from (n, n_layers, width), and the label and group of each row."""
        from allennlp_light.modules.scalar_mix import ScalarMix

        self.means_ = X.mean(axis=0)  # (n_layers, width)
        self.scales_ = np.sqrt(np.square(X - self.means_).mean(axis=(0, 2))) + 1e-12  # (n_layers,)
        rows = np.arange(len(X))
        if len(X) > _MAX_ROWS:
            rows = np.sort(np.random.default_rng(self.seed).choice(rows, _MAX_ROWS, replace=False))
        layers = [torch.from_numpy(self._scaled(X[rows], i)) for i in range(X.shape[1])]
        targets, mask, pairs = _targets(np.asarray(y)[rows], np.asarray(groups)[rows])
        mix = ScalarMix(X.shape[1])
        weights = torch.zeros(mask.shape[1], X.shape[2], requires_grad=True)
        intercept = torch.zeros(mask.shape[1], requires_grad=True)
        strength = self.l2 * (1 + pairs)[:, None]  # twice for each of two classes, as in LogisticProbe
        optimizer = torch.optim.LBFGS(
            [*mix.parameters(), weights, intercept],
            max_iter=_MAX_STEPS,
            history_size=20,
            line_search_fn="strong_wolfe",
        )

        def closure() -> Tensor:
            optimizer.zero_grad()
            logits = mix(layers) @ weights.T + intercept + mask
            loss = torch.nn.functional.cross_entropy(logits, targets, reduction="sum")
            loss = loss + 0.5 * (strength * weights.square()).sum()
            loss.backward()  # type: ignore[no-untyped-call]
            return loss

        optimizer.step(closure)  # type: ignore[no-untyped-call]
        raw = torch.stack([scalar.detach()[0] for scalar in mix.scalar_parameters])
        self.weights_: NDArray[np.float64] = torch.softmax(raw.double(), dim=0).numpy()
        self.gamma_ = float(mix.gamma.detach())
        return self

    def transform(self, X: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the mix of (n, n_layers, width), without gamma, (n, width)."""
        mixed = np.zeros((len(X), X.shape[2]), dtype=np.float32)
        for i, weight in enumerate(self.weights_):
            mixed += np.float32(weight) * self._scaled(X, i)
        return mixed

    def _scaled(self, X: NDArray[np.float32], layer: int) -> NDArray[np.float32]:
        scaled: NDArray[np.float32] = ((X[:, layer] - self.means_[layer]) / self.scales_[layer]).astype(
            np.float32
        )
        return scaled


def _targets(y: NDArray[np.str_], groups: NDArray[np.str_]) -> tuple[Tensor, Tensor, Tensor]:
    """Count up the labels of all groups, and forbid each row those of other groups.

    Returns
    -------
    Tensor, Tensor, Tensor
        (n,) classes; (n, n_classes) to be added to logits; (n_classes,) 1 for the classes of a group of two.
    """
    pairs = list(zip(groups.tolist(), y.tolist(), strict=True))
    classes = {pair: number for number, pair in enumerate(sorted(set(pairs)))}
    owners = np.array([group for group, _ in classes])
    mask = np.where(groups[:, None] == owners[None, :], 0.0, -1e9).astype(np.float32)
    targets = torch.tensor([classes[pair] for pair in pairs])
    of_two = (owners[:, None] == owners[None, :]).sum(axis=1) == 2
    return targets, torch.from_numpy(mask), torch.from_numpy(of_two.astype(np.float32))
