"""The learned scalar mix of layers: gamma times their softmax-weighted sum (Peters et al. 2018, eq. 1)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ctxemb.probes.probe import Features
from ctxemb.probes.run import ProbeRun, run_probe
from ctxemb.probes.splits import Rows, splits_of_task
from ctxemb.results import Mix
from ctxemb.tasks import Task

_MAX_ROWS = 2000
_MAX_STEPS = 100
_SPREAD = 1.0
"""Standard deviation of the weights, before the softmax, that a restart begins with."""


class ScalarMixer:
    """Learns which layers serve a task, together with a logistic regression on their mix.

    Layers are centred and divided by one number each, so that their squares are 1 on average, before they are
    mixed. There is one mix for the whole task, also where each group of examples has a classifier of its own,
    as in a word-sense task.

    Parameters
    ----------
    l2
        Strength of the penalty on the classifiers' weights, as for `LogisticProbe`.
    seed, restart
        A restart of 0 begins with equal weights; others begin with weights drawn at random.

    Attributes
    ----------
    weights_
        (n_layers,) softmax weights, which add up to 1.
    gamma_
        The factor of the mix.
    loss_
        The loss that was reached, penalty included.
    """

    def __init__(self, l2: float = 1.0, seed: int = 0, restart: int = 0) -> None:
        self.l2 = l2
        self.seed = seed
        self.restart = restart

    def fit(self, X: NDArray[np.float32], y: Sequence[str], groups: Sequence[str]) -> ScalarMixer:
        """Learn the mix from (n_layers, n, width), and the label and group of each row."""
        from allennlp_light.modules.scalar_mix import ScalarMix

        n_layers, _, width = X.shape
        self.means_ = [layer.mean(axis=0) for layer in X]
        self.scales_ = [
            float(np.sqrt(np.square(layer - mean).mean())) + 1e-12
            for layer, mean in zip(X, self.means_, strict=True)
        ]
        layers = [torch.from_numpy(self._scaled(layer, i)) for i, layer in enumerate(X)]
        targets, mask, pairs = _targets(np.asarray(y), np.asarray(groups))
        mix = ScalarMix(n_layers, initial_scalar_parameters=self._start(n_layers))
        weights = torch.zeros(mask.shape[1], width, requires_grad=True)
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
            loss: Tensor = torch.nn.functional.cross_entropy(logits, targets, reduction="sum")
            loss = loss + 0.5 * (strength * (mix.gamma * weights).square()).sum()
            loss.backward()
            return loss

        optimizer.step(closure)
        self.loss_ = float(closure().detach())
        raw = torch.stack([scalar.detach()[0] for scalar in mix.scalar_parameters])
        self.weights_: NDArray[np.float64] = torch.softmax(raw.double(), dim=0).numpy()
        self.gamma_ = float(mix.gamma.detach())
        return self

    def transform(self, X: NDArray[np.float32], rows: Rows | None = None) -> NDArray[np.float32]:
        """Return the mix, (n, width), without gamma, of (n_layers, n, width), or of some `rows` of it."""
        chosen = np.arange(X.shape[1]) if rows is None else rows
        mixed = np.zeros((len(chosen), X.shape[2]), dtype=np.float32)
        for i, weight in enumerate(self.weights_):
            mixed += np.float32(weight) * self._scaled(np.asarray(X[i][chosen]), i)
        return mixed

    def _start(self, n_layers: int) -> list[float] | None:
        if not self.restart:
            return None
        drawn = np.random.default_rng([self.seed, self.restart]).normal(0.0, _SPREAD, n_layers)
        start: list[float] = drawn.tolist()
        return start

    def _scaled(self, rows: NDArray[np.float32], layer: int) -> NDArray[np.float32]:
        scaled: NDArray[np.float32] = (rows - self.means_[layer]) / np.float32(self.scales_[layer])
        return scaled


def run_mix(
    task: Task, vectors: NDArray[np.float32], *, seed: int = 0, restarts: int = 3
) -> tuple[ProbeRun, list[Mix]]:
    """Learn a mix of all layers from training examples alone, and probe it with logistic regression.

    Parameters
    ----------
    task
        Labels, groups and splits.
    vectors
        (n_layers, n_examples, width)
    seed, restarts
        Of the mix. With folds, each has a mix of its own. From many rows, a random 2,000 are taken: the mix
        has few weights.

    Returns
    -------
    ProbeRun, list of Mix
        What was predicted; the mixes of all restarts, of the first fold where there are folds.
    """
    features: list[Features] = []
    mixes: list[Mix] = []
    for split in splits_of_task(task):
        rows = split.train
        if len(rows) > _MAX_ROWS:
            rows = np.sort(np.random.default_rng(seed).choice(rows, _MAX_ROWS, replace=False))
        y, groups = task.gold[rows], task.example_groups[rows]
        learned = np.stack([np.asarray(layer[rows]) for layer in vectors])
        tried = [
            ScalarMixer(seed=seed, restart=restart).fit(learned, y.tolist(), groups.tolist())
            for restart in range(restarts)
        ]
        mixes = mixes or [_rounded(mixer, task.name) for mixer in tried]
        best = min(tried, key=lambda mixer: mixer.loss_)
        features.append(lambda rows, best=best: best.transform(vectors, rows))  # type: ignore[misc]
    return run_probe(task, "logistic", features if len(features) > 1 else features[0], seed=seed), mixes


def _rounded(mixer: ScalarMixer, task: str) -> Mix:
    """Return the record of a mix; who knows the model's name fills it in."""
    weights = tuple(round(float(weight), 6) for weight in mixer.weights_)
    return Mix("", task, weights, mixer.restart, round(mixer.gamma_, 6), round(mixer.loss_, 3))


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
