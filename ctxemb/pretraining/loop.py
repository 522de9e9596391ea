"""The training loop: the same for every objective, the same words for every family, resumable."""

from __future__ import annotations

import json
import math
import pickle
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path
from typing import Literal

import torch
from torch import nn

from ctxemb.errors import FormatError, InputError
from ctxemb.files import write_whole
from ctxemb.models.checkpoints import save_network
from ctxemb.pretraining.corpus import Corpus
from ctxemb.pretraining.objective import Batch, Objective

STATE = "training.pt"
LOG = "log.jsonl"


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """How long and how fast to train.

    Parameters
    ----------
    max_words
        Words of running text to see; the learning rate falls to zero there.
    batch_words
        Words of a step.
    learning_rate
        Highest learning rate, reached after `warmup` of the words.
    warmup
        Share of the words over which the learning rate rises.
    weight_decay, betas
        Of AdamW (Loshchilov and Hutter 2019); biases and vectors, such as normalisation's, do not decay.
    clip
        Largest norm of the gradient.
    seed
        Of weights, order, masks and samples.
    save_minutes
        Time between checkpoints.
    valid_every
        Words between validations.
    precision
        Of the matrix products in training: ``"bfloat16"`` is faster where the processor has it; weights,
        their updates and validation are float32 in any case.
    """

    max_words: int
    batch_words: int = 2048
    learning_rate: float = 1e-3
    warmup: float = 0.05
    weight_decay: float = 0.01
    betas: tuple[float, float] = (0.9, 0.98)
    clip: float = 1.0
    seed: int = 0
    save_minutes: float = 5.0
    valid_every: int = 250_000
    precision: Literal["float32", "bfloat16"] = "float32"

    def rate(self, words: int) -> float:
        """Return the learning rate after `words`: a linear rise, then half a cosine down to zero."""
        share = min(1.0, words / self.max_words)
        if share < self.warmup:
            return self.learning_rate * share / self.warmup
        return self.learning_rate * 0.5 * (1 + math.cos(math.pi * (share - self.warmup) / (1 - self.warmup)))


def train(
    objective: Objective,
    corpus: Corpus,
    folder: Path,
    plan: TrainingPlan,
    *,
    valid: Corpus | None = None,
    max_minutes: float | None = None,
    device: torch.device | None = None,
    progress: Callable[[int, dict[str, float]], None] = lambda words, losses: None,
) -> bool:
    """Train until `plan.max_words`, or pause after `max_minutes`; continue where a checkpoint left off.

    Everything random is drawn from the seed and the number of the step, so that an interrupted run, taken up
    again, gives the losses of one that was not interrupted.

    Parameters
    ----------
    objective, corpus, plan
        What to train, on what, and how.
    folder
        Where the checkpoint, the log and, when done, the model are written.
    valid
        Held-out text; its loss is logged.
    max_minutes
        Pause with a checkpoint after so much time.
    device
        Where to train; CPU unless given.
    progress
        Called after each step with the words seen so far and the losses.

    Returns
    -------
    bool
        Whether the training is complete.
    """
    device = device or torch.device("cpu")
    folder.mkdir(parents=True, exist_ok=True)
    module = objective.module.to(device)
    optimizer = torch.optim.AdamW(_groups(module, plan.weight_decay), lr=0.0, betas=plan.betas)
    step, words = _restore(folder / STATE, module, optimizer)
    held_out = [] if valid is None else _valid_batches(objective, valid)
    started = saved = time.monotonic()
    for batch in islice(_stream(objective, corpus, plan), step, None):
        if words >= plan.max_words:
            break
        torch.manual_seed(hash((plan.seed, step)))
        module.train()
        with torch.autocast(device.type, torch.bfloat16, enabled=plan.precision == "bfloat16"):
            losses = objective.losses(_on(batch, device))
        optimizer.zero_grad(set_to_none=True)
        losses["loss"].backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(module.parameters(), plan.clip)
        for group in optimizer.param_groups:
            group["lr"] = plan.rate(words)
        optimizer.step()
        step, before, words = step + 1, words, words + batch.n_words
        entry = {name: loss.item() for name, loss in losses.items()}
        if not math.isfinite(entry["loss"]):
            raise FloatingPointError(
                f"the loss is {entry['loss']} at step {step}: a smaller learning rate may help"
            )
        if step % 20 == 1:
            _log(
                folder,
                {"step": step, "words": words, **entry, "norm": norm.item(), "rate": plan.rate(before)},
            )
        progress(words, entry)
        due = words // plan.valid_every > before // plan.valid_every or words >= plan.max_words
        if held_out and due:
            _log(folder, {"step": step, "words": words, **_validate(objective, held_out, device)})
        now = time.monotonic()
        paused = max_minutes is not None and now - started > 60 * max_minutes
        if paused or now - saved > 60 * plan.save_minutes:
            _save(folder / STATE, module, optimizer, step, words)
            saved = now
        if paused:
            return False
    _save(folder / STATE, module, optimizer, step, words)
    save_network(objective.network, folder)
    return True


def _stream(objective: Objective, corpus: Corpus, plan: TrainingPlan) -> Iterator[Batch]:
    words = 0
    for epoch in count():
        before = words
        for documents, generator in corpus.chunks(plan.seed, epoch):
            share = words / plan.max_words
            for batch in objective.batches(documents, plan.batch_words, generator, share):
                words += batch.n_words
                yield batch
        if words == before:
            names = ", ".join(map(str, corpus.paths))
            raise InputError(f"too little text in {names}: not one full window, or pair of sentences")


def _groups(module: nn.Module, weight_decay: float) -> list[dict[str, object]]:
    named = list(module.named_parameters())
    matrices = [weight for name, weight in named if weight.ndim >= 2 and not name.endswith("bias")]
    others = [weight for name, weight in named if weight.ndim < 2 or name.endswith("bias")]
    return [{"params": matrices, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}]


def _on(batch: Batch, device: torch.device) -> Batch:
    def moved(data: object) -> object:
        if isinstance(data, dict):
            return {name: moved(item) for name, item in data.items()}
        if isinstance(data, tuple):
            return tuple(moved(item) for item in data)
        return data.to(device)  # type: ignore[attr-defined]

    return Batch(batch.n_words, moved(batch.data))


def _valid_batches(objective: Objective, valid: Corpus, max_words: int = 20_000) -> list[Batch]:
    documents, generator = next(valid.chunks(0, 0))
    batches: list[Batch] = []
    for batch in objective.batches(documents, 2048, generator, share=1.0):
        batches.append(batch)
        if sum(b.n_words for b in batches) >= max_words:
            break
    return batches


@torch.no_grad()
def _validate(objective: Objective, batches: list[Batch], device: torch.device) -> dict[str, float]:
    objective.module.eval()
    sums: dict[str, float] = {}
    for batch in batches:
        for name, loss in objective.losses(_on(batch, device)).items():
            sums[f"valid_{name}"] = sums.get(f"valid_{name}", 0.0) + loss.item() * batch.n_words
    n_words = sum(batch.n_words for batch in batches)
    return {name: value / n_words for name, value in sums.items()}


def _log(folder: Path, entry: dict[str, float]) -> None:
    with (folder / LOG).open("a", encoding="utf-8", newline="\n") as file:
        file.write(json.dumps(entry) + "\n")


def _save(path: Path, module: nn.Module, optimizer: torch.optim.Optimizer, step: int, words: int) -> None:
    state = {"module": module.state_dict(), "optimizer": optimizer.state_dict(), "step": step, "words": words}
    write_whole(path, lambda temporary: torch.save(state, temporary))


def _restore(path: Path, module: nn.Module, optimizer: torch.optim.Optimizer) -> tuple[int, int]:
    if not path.is_file():
        return 0, 0
    try:
        state = torch.load(path, weights_only=True, map_location="cpu")
        module.load_state_dict(state["module"])
        optimizer.load_state_dict(state["optimizer"])
    except (EOFError, KeyError, RuntimeError, ValueError, pickle.UnpicklingError) as error:
        raise FormatError(f"{path} is damaged or the checkpoint of another model: {error}") from error
    return int(state["step"]), int(state["words"])
