"""The training loop: the same for every objective, the same words for every family, resumable."""

from __future__ import annotations

import math
import pickle
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn

from ctxemb.atomic import write_whole
from ctxemb.errors import FormatError
from ctxemb.pretraining.corpus import Corpus
from ctxemb.pretraining.heldout import HeldOut
from ctxemb.pretraining.log import append_log, mend_log
from ctxemb.pretraining.objective import Batch, Objective, mean_losses, total_loss
from ctxemb.pretraining.stream import Position, ahead, stream
from ctxemb.pretraining.team import Team
from ctxemb.pretraining.trained import save_objective

STATE = "training.pt"
_EVERY = {"cpu": 1, "cuda": 20, "mps": 20}
"""Steps after which losses are looked at: a look waits for the GPU."""


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
    accumulate
        Parts in which a process works through its share of a step's batch, to save memory.
    seed
        Of weights, order, masks and samples.
    save_minutes
        Time between checkpoints.
    valid_every
        Words between validations.
    dtype
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
    accumulate: int = 1
    seed: int = 0
    save_minutes: float = 5.0
    valid_every: int = 250_000
    dtype: Literal["float32", "bfloat16"] = "float32"

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
    team: Team | None = None,
    progress: Callable[[int, dict[str, float]], None] = lambda words, losses: None,
) -> bool:
    """Train until `plan.max_words`, or pause after `max_minutes`; continue where a checkpoint left off.

    Everything random is drawn from the seed and the number of the step, so that an interrupted run, taken up
    again, gives the losses of one that was not interrupted. A step's batch is cut into parts for the
    processes of a team, and for each of them into `plan.accumulate` parts that it works on one after the
    other; every prediction weighs the same, so neither changes the losses but by rounding.

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
    team
        The processes that train together; this one alone, on the CPU, unless given.
    progress
        Called with the words seen so far and the last losses known.

    Returns
    -------
    bool
        Whether the training is complete.
    """
    team = team or Team(0, 1, torch.device("cpu"))
    folder.mkdir(parents=True, exist_ok=True)
    module = objective.module.to(team.device)
    optimizer = torch.optim.AdamW(
        _groups(module, plan.weight_decay), lr=0.0, betas=plan.betas, fused=team.device.type == "cuda"
    )
    state = _restore(folder / STATE, module, optimizer)
    if team.first:
        mend_log(folder)
    held_out = None if valid is None else HeldOut.of(objective, valid)
    started = saved = time.monotonic()
    paused = False
    batches = stream(objective, corpus, plan.seed, plan.batch_words, plan.max_words, state.position)
    for batch, position in ahead(batches):
        if paused or state.words >= plan.max_words:
            break
        rate, before = plan.rate(state.words), state.words
        norm, sums = _step(objective, batch, optimizer, plan, state.step, rate, team)
        state = State(state.step + 1, state.words + batch.n_words, position)
        known = state.step % _EVERY[team.device.type] == 1 % _EVERY[team.device.type]
        late = max_minutes is not None and time.monotonic() - started > 60 * max_minutes
        sums = team.add_up(torch.cat([sums, sums.new_tensor([float(late and team.first)])]))
        paused = max_minutes is not None and bool(sums[-1] > 0)
        if known:
            named = dict(zip(objective.weights, sums.tolist(), strict=False))
            entry = mean_losses(objective, named, batch.counts())
            _check(entry["loss"], state.step)
            progress(state.words, entry)
            if state.step % 20 == 1 and team.first:
                counted = {"step": state.step, "words": state.words}
                append_log(folder, {**counted, **entry, "norm": norm.item(), "rate": rate})
        due = state.words // plan.valid_every > before // plan.valid_every or state.words >= plan.max_words
        if held_out is not None and due and team.first:
            append_log(folder, {"step": state.step, "words": state.words, **held_out.losses(team.device)})
        if team.first and (paused or time.monotonic() - saved > 60 * plan.save_minutes):
            _save(folder / STATE, module, optimizer, state)
            saved = time.monotonic()
    if paused and state.words < plan.max_words:
        return False
    if team.first:
        _save(folder / STATE, module, optimizer, state)
        save_objective(objective, folder)
    return True


@dataclass(frozen=True, slots=True)
class State:
    """How far a training is.

    Parameters
    ----------
    step, words
        Steps taken, words seen.
    position
        Where the next batch comes from.
    """

    step: int = 0
    words: int = 0
    position: Position = field(default_factory=Position)


def _step(
    objective: Objective,
    batch: Batch,
    optimizer: torch.optim.Optimizer,
    plan: TrainingPlan,
    step: int,
    rate: float,
    team: Team,
) -> tuple[Tensor, Tensor]:
    """Return the norm of the gradient, and the sum of each part's loss over this process's predictions."""
    module = objective.module.train()
    counts = batch.counts()
    sums = torch.zeros(len(objective.weights), device=team.device)
    optimizer.zero_grad(set_to_none=True)
    for part in batch.parts(plan.accumulate * team.size)[team.rank :: team.size]:
        torch.manual_seed(hash((plan.seed, step)))
        with torch.autocast(team.device.type, torch.bfloat16, enabled=plan.dtype == "bfloat16"):
            losses = objective.losses(part.to(team.device))
        total_loss(objective, losses, counts).backward()
        sums += torch.stack([losses[name].detach() for name in objective.weights])
    team.add_up_gradients(module.parameters())
    norm = nn.utils.clip_grad_norm_(module.parameters(), plan.clip)
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.step()
    return norm, sums


def _check(loss: float, step: int) -> None:
    if not math.isfinite(loss):
        raise FloatingPointError(f"the loss is {loss} at step {step}: a smaller learning rate may help")


def _groups(module: nn.Module, weight_decay: float) -> list[dict[str, object]]:
    named = list(module.named_parameters())
    matrices = [weight for name, weight in named if weight.ndim >= 2 and not name.endswith("bias")]
    others = [weight for name, weight in named if weight.ndim < 2 or name.endswith("bias")]
    return [{"params": matrices, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}]


def _save(path: Path, module: nn.Module, optimizer: torch.optim.Optimizer, state: State) -> None:
    values = {"module": module.state_dict(), "optimizer": optimizer.state_dict(), "state": asdict(state)}
    write_whole(path, lambda temporary: torch.save(values, temporary))


def _restore(path: Path, module: nn.Module, optimizer: torch.optim.Optimizer) -> State:
    if not path.is_file():
        return State()
    try:
        values = torch.load(path, weights_only=True, map_location="cpu")
        module.load_state_dict(values["module"])
        optimizer.load_state_dict(values["optimizer"])
        state = values["state"]
        return State(state["step"], state["words"], Position(**state["position"]))
    except (EOFError, KeyError, RuntimeError, TypeError, ValueError, pickle.UnpicklingError) as error:
        raise FormatError(f"{path} is damaged or the checkpoint of another model: {error}") from error
