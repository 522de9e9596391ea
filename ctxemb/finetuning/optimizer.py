"""Adam with decoupled weight decay, with and without bias correction, and rates by layer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

from ctxemb.finetuning.plan import Plan
from ctxemb.models.checkpoints import Network
from ctxemb.models.elmo import Elmo


class UncorrectedAdamW(torch.optim.Optimizer):
    """Adam with decoupled weight decay and without bias correction.

    BERT was tuned with it (google-research/bert, optimization.py): the first steps are larger than Adam's
    own, which makes some runs on small data fail (Mosbach et al. 2021; Zhang et al. 2021).

    Parameters
    ----------
    params
        Parameters or groups of them.
    lr, betas, eps, weight_decay
        As for `torch.optim.AdamW`.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 0.0,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-6,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Update every parameter that has a gradient."""
        del closure
        for group in self.param_groups:
            weights = [weight for weight in group["params"] if weight.grad is not None]
            if weights:
                self._step(group, weights)

    def _step(self, group: dict[str, Any], weights: list[Tensor]) -> None:
        for weight in weights:
            if not self.state[weight]:
                self.state[weight] = {"mean": torch.zeros_like(weight), "square": torch.zeros_like(weight)}
        grads = [weight.grad for weight in weights if weight.grad is not None]
        means = [self.state[weight]["mean"] for weight in weights]
        squares = [self.state[weight]["square"] for weight in weights]
        beta1, beta2 = group["betas"]
        torch._foreach_lerp_(means, grads, 1 - beta1)
        torch._foreach_mul_(squares, beta2)
        torch._foreach_addcmul_(squares, grads, grads, 1 - beta2)
        roots = torch._foreach_sqrt(squares)
        torch._foreach_add_(roots, group["eps"])
        updates = torch._foreach_div(means, roots)
        torch._foreach_add_(updates, weights, alpha=group["weight_decay"])
        torch._foreach_add_(weights, updates, alpha=-group["lr"])


def network_layers(network: Network) -> list[list[nn.Module]]:
    """Return the modules of each layer, from layer 0 up; what follows the last block belongs to it."""
    if isinstance(network, Elmo):
        return [[network.characters], *([layer] for layer in network.lstm)]
    blocks = list(network.blocks)
    below = [network.pieces, network.positions, getattr(network, "segments", None)]
    above = [getattr(network, "pooler", None)]
    (above if network.family == "gpt" else below).append(network.norm)
    layers = [list(filter(None, below)), *([block] for block in blocks)]
    layers[-1] += filter(None, above)
    return layers


def layered_parameters(network: Network, others: Iterable[nn.Parameter]) -> list[list[nn.Parameter]]:
    """Return the parameters of each layer of a network from the bottom, and `others`, the head's, on top."""
    layers = [[w for module in layer for w in module.parameters()] for layer in network_layers(network)]
    return [*layers, list(others)]


def make_optimizer(layers: list[list[nn.Parameter]], plan: Plan) -> torch.optim.Optimizer:
    """Return the optimiser of a plan; each group's ``scale`` is its share of the learning rate."""
    groups = []
    for number, weights in enumerate(layers):
        depth = len(layers) - 1 - number  # the head has depth 0
        scale = (plan.network_scale if depth else 1.0) / plan.layer_decay**depth
        matrices, vectors = [w for w in weights if w.ndim > 1], [w for w in weights if w.ndim <= 1]
        groups += (
            [{"params": matrices, "weight_decay": plan.weight_decay, "scale": scale}] if matrices else []
        )
        groups += [{"params": vectors, "weight_decay": 0.0, "scale": scale}] if vectors else []
    made = torch.optim.AdamW if plan.bias_correction else UncorrectedAdamW
    return made(groups, lr=0.0, betas=plan.betas, eps=plan.epsilon)


def lowest_trained(plan: Plan, epoch: int, n_layers: int) -> int:
    """Return the number of the lowest layer that is trained in an epoch, of `n_layers` with the head.

    Examples
    --------
    >>> [lowest_trained(Plan(thaw="gradual"), epoch, 4) for epoch in range(5)]
    [3, 2, 1, 0, 0]
    >>> [lowest_trained(Plan(thaw="end", epochs=4, freeze=1), epoch, 4) for epoch in range(4)]
    [3, 3, 3, 1]
    """
    head = n_layers - 1
    begins = plan.epochs - max(1, plan.epochs // 4)
    lowest = {
        "all": 0,
        "gradual": max(0, head - epoch),
        "never": head,
        "end": 0 if epoch >= begins else head,
    }[plan.thaw]
    return min(head, max(lowest, plan.freeze))
