"""The tuning loop: the same for every recipe and family; the best epoch by dev is kept."""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ctxemb.atomic import write_whole
from ctxemb.errors import FormatError, InputError
from ctxemb.finetuning.batches import shuffled
from ctxemb.finetuning.classifier import Classifier, predict
from ctxemb.finetuning.items import Item, Rows
from ctxemb.finetuning.optimizer import lowest_trained, make_optimizer
from ctxemb.finetuning.plan import Plan
from ctxemb.finetuning.schedules import SCHEDULES
from ctxemb.pretraining.team import Team

Score = Callable[[Rows, NDArray[np.str_]], float]
"""From rows and the labels predicted for them to a score; higher is better."""

Entry = dict[str, float]


class DivergedError(InputError):
    """A training whose loss is not a number any more."""


@dataclass(slots=True)
class Progress:
    """How far a training is.

    Parameters
    ----------
    epoch
        Epochs done.
    log
        An entry for each: the mean loss in training, and loss and score on dev.
    best
        The weights after the best epoch: highest score on dev, and of equals lowest loss.
    best_epoch
        Its number, from 1.
    """

    epoch: int = 0
    log: list[Entry] = field(default_factory=list)
    best: dict[str, Tensor] = field(default_factory=dict)
    best_epoch: int = 0

    def add(self, entry: Entry, weights: Callable[[], dict[str, Tensor]]) -> None:
        """Take up an epoch's entry, and its weights if it is the best so far."""
        self.epoch += 1
        known = self.log[self.best_epoch - 1] if self.best_epoch else None
        self.log.append(entry)
        if known is None or _rank(entry) > _rank(known):
            self.best, self.best_epoch = weights(), self.epoch


def _rank(entry: Entry) -> tuple[float, float]:
    loss = entry["dev_loss"]
    return entry["dev_score"], -loss if math.isfinite(loss) else -math.inf


def train(
    classifier: Classifier,
    items: Sequence[Item],
    dev: Sequence[Item],
    score: Score,
    plan: Plan,
    rate: float,
    seed: int,
    *,
    checkpoint: Path | None = None,
    team: Team | None = None,
    report: Callable[[Entry], None] = lambda entry: None,
    stepped: Callable[[int, float], None] = lambda step, loss: None,
) -> Progress:
    """Train a classifier, and leave it with the weights of its best epoch on dev.

    Everything random is drawn from the seed and the number of the step or epoch, so that a run that was
    killed and goes on from its checkpoint gives the weights of one that was not.

    Parameters
    ----------
    classifier
        What to train; its own weights are the starting point.
    items, dev
        Training items, and those by which the epoch is chosen.
    score
        Scores labels predicted for dev.
    plan, rate, seed
        How; `rate` is the highest learning rate.
    checkpoint
        File that each epoch is saved to, and where a run goes on from.
    team
        The processes that share every step; this one alone, on the CPU, unless given.
    report
        Called with the entry of each epoch.
    stepped
        Called with the number of each step, from 0, and its loss.

    Raises
    ------
    DivergedError
        If the loss is not a number.
    FormatError
        If the checkpoint is damaged or another model's.
    """
    team = team or Team(0, 1, torch.device("cpu"))
    classifier.to(team.device)
    layers = classifier.layers()
    optimizer = make_optimizer(layers, plan)
    progress = _restore(checkpoint, classifier, optimizer)
    each = math.ceil(len(items) / plan.batch_size)
    while progress.epoch < plan.epochs:
        epoch = progress.epoch
        lowest = _open(layers, lowest_trained(plan, epoch, len(layers)))
        losses: list[float] = []
        for index, numbers in enumerate(shuffled(len(items), plan.batch_size, seed, epoch)):
            step = epoch * each + index
            now = rate * SCHEDULES[plan.schedule](step, each * plan.epochs, plan.warmup)
            chosen = [items[number] for number in numbers]
            classifier.train()
            classifier.network.train(lowest < len(layers) - 1)
            losses.append(take_step(classifier, chosen, optimizer, plan, now, hash((seed, step)), team))
            if not math.isfinite(losses[-1]):
                raise DivergedError(
                    f"the loss is {losses[-1]} at step {step} (epoch {epoch + 1}, learning rate {rate:g}); "
                    f"try a smaller one, such as learning_rate={rate / 10:g}"
                )
            stepped(step, losses[-1])
        found = predict(classifier, dev)
        entry = {"epoch": epoch + 1, "rate": rate, "loss": float(np.mean(losses)),
                 "dev_loss": found.loss, "dev_score": score(found.rows, found.labels)}  # fmt: skip
        progress.add(entry, lambda: _weights(classifier))
        report(entry)
        if checkpoint is not None and team.first:
            _save(checkpoint, classifier, optimizer, progress)
    classifier.load_state_dict(progress.best)
    classifier.eval()
    return progress


def _open(layers: list[list[nn.Parameter]], lowest: int) -> int:
    """Let the layers from `lowest` up be trained, and return it."""
    for number, weights in enumerate(layers):
        for weight in weights:
            weight.requires_grad_(number >= lowest)
            if number < lowest:
                weight.grad = None
    return lowest


def take_step(
    classifier: Classifier,
    items: Sequence[Item],
    optimizer: torch.optim.Optimizer,
    plan: Plan,
    rate: float,
    seed: int,
    team: Team,
) -> float:
    """Take a step and return its loss, the auxiliary parts included."""
    n_targets = sum(len(item.targets) for item in items)
    parts = [items[i :: plan.accumulate * team.size] for i in range(plan.accumulate * team.size)]
    own = [classifier.collate(part) for part in parts[team.rank :: team.size] if part]
    n_windows = float(team.add_up(torch.tensor([float(sum(b.n_windows for b in own))], device=team.device)))
    optimizer.zero_grad(set_to_none=True)
    total = torch.zeros(1, device=team.device)
    for batch in own:
        torch.manual_seed(seed)
        with torch.autocast(team.device.type, torch.bfloat16, enabled=plan.dtype == "bfloat16"):
            sums = classifier.losses(batch.to(team.device), plan.lm_weight)
        loss = sums["task"] / n_targets
        if "lm" in sums:
            loss = loss + plan.lm_weight * sums["lm"] / n_windows
        if (penalty := classifier.penalty()) is not None:
            loss = loss + penalty / (len(own) * team.size)
        loss.backward()
        total += loss.detach()
    trained = [weight for weight in classifier.parameters() if weight.requires_grad]
    team.add_up_gradients(trained)
    nn.utils.clip_grad_norm_(trained, plan.clip)
    for group in optimizer.param_groups:
        group["lr"] = rate * group["scale"]
    optimizer.step()
    return float(team.add_up(total))


def _weights(classifier: Classifier) -> dict[str, Tensor]:
    return {name: weight.detach().cpu().clone() for name, weight in classifier.state_dict().items()}


def _save(path: Path, classifier: Classifier, optimizer: torch.optim.Optimizer, progress: Progress) -> None:
    values = {
        "classifier": classifier.state_dict(),
        "optimizer": optimizer.state_dict(),
        "progress": {name: getattr(progress, name) for name in Progress.__slots__},
    }
    write_whole(path, lambda temporary: torch.save(values, temporary))


def _restore(path: Path | None, classifier: Classifier, optimizer: torch.optim.Optimizer) -> Progress:
    if path is None or not path.is_file():
        return Progress()
    try:
        values: dict[str, Any] = torch.load(path, weights_only=True, map_location="cpu")
        classifier.load_state_dict(values["classifier"])
        optimizer.load_state_dict(values["optimizer"])
        return Progress(**values["progress"])
    except (EOFError, KeyError, RuntimeError, TypeError, ValueError, pickle.UnpicklingError) as error:
        raise FormatError(f"{path} is damaged or the checkpoint of another model: {error}") from error
