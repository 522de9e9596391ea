"""The training loop: the same for every objective, the same words for every family, resumable."""

from __future__ import annotations

import math
import pickle
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ctxemb.atomic import write_whole
from ctxemb.errors import FormatError
from ctxemb.pretraining.corpus import Corpus
from ctxemb.pretraining.heldout import HeldOut
from ctxemb.pretraining.log import append_log, mend_log
from ctxemb.pretraining.objective import Batch, Objective, mean_losses, total_loss
from ctxemb.pretraining.optimizers import make_optimizers
from ctxemb.pretraining.plan import TrainingPlan
from ctxemb.pretraining.prepared import Prepared
from ctxemb.pretraining.stream import Position, Source, stream
from ctxemb.pretraining.team import Team
from ctxemb.pretraining.trained import save_objective

STATE = "training.pt"
_EVERY = {"cpu": 1, "cuda": 20, "mps": 20}
"""Steps after which losses are looked at: a look waits for the GPU."""


def train(
    objective: Objective,
    corpus: Prepared,
    folder: Path,
    plan: TrainingPlan,
    *,
    valid: Sequence[Corpus] = (),
    max_minutes: float | None = None,
    team: Team | None = None,
    workers: int = 0,
    measure: Callable[[Objective], dict[str, float]] = lambda objective: {},
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
        Held-out texts; their loss is logged.
    max_minutes
        Pause with a checkpoint after so much time.
    team
        The processes that train together; this one alone, on the CPU, unless given.
    workers
        Processes that make batches ahead; a thread, if 0.
    measure
        What else to log with the held-out losses.
    progress
        Called with the words seen so far and the last losses known.

    Returns
    -------
    bool
        Whether the training is complete.
    """
    team = team or Team(0, 1, torch.device("cpu"))
    folder.mkdir(parents=True, exist_ok=True)
    objective.module.to(team.device)
    training = Training.of(objective, plan)
    state = _restore(folder / STATE, training)
    if team.first:
        mend_log(folder)
    held_out = HeldOut.of(objective, valid) if valid else None
    started = saved = time.monotonic()
    paused = False
    with _asked_to_stop() as requests:
        for batch, position in stream(Source(objective, corpus, plan), state.position, workers=workers):
            if paused or state.words >= plan.max_words:
                break
            rate, before = plan.rate(state.words), state.words
            norm, sums = _step(training, batch, state.step, rate, team)
            state = State(state.step + 1, state.words + batch.n_words, position)
            known = state.step % _EVERY[team.device.type] == 1 % _EVERY[team.device.type]
            late = bool(requests) or (
                max_minutes is not None and time.monotonic() - started > 60 * max_minutes
            )
            paused = late
            if team.size > 1:  # the first one decides
                sums = team.add_up(torch.cat([sums, sums.new_tensor([float(late and team.first)])]))
                paused = bool(sums[-1] > 0)
            if known:
                named = dict(zip(objective.weights, sums.tolist(), strict=False))
                entry = mean_losses(objective, named, batch.counts())
                _check(entry["loss"], state.step)
                progress(state.words, entry)
                if state.step % 20 == 1 and team.first:
                    counted = {"step": state.step, "words": state.words}
                    append_log(folder, {**counted, **entry, "norm": norm.item(), "rate": rate})
            due = (
                state.words // plan.valid_every > before // plan.valid_every or state.words >= plan.max_words
            )
            if held_out is not None and due and team.first:
                with training.averaged():
                    look = {**held_out.losses(team.device), **measure(objective)}
                append_log(folder, {"step": state.step, "words": state.words, **look})
            if team.first and (paused or time.monotonic() - saved > 60 * plan.save_minutes):
                _save(folder / STATE, training, state)
                saved = time.monotonic()
    if paused and state.words < plan.max_words:
        return False
    if team.first:
        _save(folder / STATE, training, state)
        with training.averaged():
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

    @classmethod
    def read(cls, values: dict[str, Any]) -> State:
        """Return the state that `asdict` turned into plain values."""
        return cls(values["step"], values["words"], Position(**values["position"]))


@dataclass(frozen=True, slots=True, eq=False)
class Training:
    """What is trained, and what trains it.

    Parameters
    ----------
    objective, plan
        What is trained, and how.
    optimizers
        Of all weights.
    average
        The moving average of the weights, in their order; empty if there is none.
    """

    objective: Objective
    plan: TrainingPlan
    optimizers: list[torch.optim.Optimizer]
    average: list[Tensor]

    @classmethod
    def of(cls, objective: Objective, plan: TrainingPlan) -> Training:
        """Return the training of an objective that lies where it is to be trained."""
        module = objective.module
        optimizers = make_optimizers(
            module,
            objective.inner(),
            muon=plan.optimizer == "muon",
            weight_decay=plan.weight_decay,
            betas=plan.betas,
        )
        average = [w.detach().clone() for w in module.parameters()] if plan.average else []
        return cls(objective, plan, optimizers, average)

    def update(self, rate: float, step: int) -> Tensor:
        """Take the optimizers' step; return the norm of the gradient."""
        weights = list(self.objective.module.parameters())
        norm = nn.utils.clip_grad_norm_(weights, self.plan.clip)
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate
            optimizer.step()
        if self.average:
            # At first the mean of all steps: the weights of the beginning are forgotten sooner.
            factor = max(1 - self.plan.average, 1 / (step + 2))
            torch._foreach_lerp_(self.average, [weight.detach() for weight in weights], factor)
        return norm

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Put the average of the weights, if there is one, in their place for a while."""
        weights = [weight.data for weight in self.objective.module.parameters()]
        kept = [weight.clone() for weight in weights] if self.average else []
        for weight, mean in zip(weights, self.average, strict=False):
            weight.copy_(mean)
        try:
            yield
        finally:
            for weight, value in zip(weights, kept, strict=False):
                weight.copy_(value)


def _step(training: Training, batch: Batch, step: int, rate: float, team: Team) -> tuple[Tensor, Tensor]:
    """Return the norm of the gradient, and the sum of each part's loss over this process's predictions."""
    objective, plan = training.objective, training.plan
    module = objective.module.train()
    counts = batch.counts()
    sums = torch.zeros(len(objective.weights), device=team.device)
    module.zero_grad(set_to_none=True)
    for part in batch.parts(plan.accumulate * team.size)[team.rank :: team.size]:
        torch.manual_seed(hash((plan.seed, step)))
        with torch.autocast(team.device.type, torch.bfloat16, enabled=plan.dtype == "bfloat16"):
            losses = objective.losses(part.to(team.device))
        total_loss(objective, losses, counts).backward()
        sums += torch.stack([losses[name].detach() for name in objective.weights])
    team.add_up_gradients(module.parameters())
    return training.update(rate, step), sums


@contextmanager
def _asked_to_stop() -> Iterator[list[int]]:
    """Let a request to end this process (SIGTERM) pause the training; give the requests so far."""
    requests: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield requests
        return
    before = signal.signal(signal.SIGTERM, lambda number, _: requests.append(number))
    try:
        yield requests
    finally:
        signal.signal(signal.SIGTERM, before)


def _check(loss: float, step: int) -> None:
    if not math.isfinite(loss):
        raise FloatingPointError(f"the loss is {loss} at step {step}: a smaller learning rate may help")


def _save(path: Path, training: Training, state: State) -> None:
    values = {
        "module": training.objective.module.state_dict(),
        "optimizers": [optimizer.state_dict() for optimizer in training.optimizers],
        "average": training.average,
        "state": asdict(state),
    }
    write_whole(path, lambda temporary: torch.save(values, temporary))


def _restore(path: Path, training: Training) -> State:
    if not path.is_file():
        return State()
    try:
        values = torch.load(path, weights_only=True, map_location="cpu")
        training.objective.module.load_state_dict(values["module"])
        for optimizer, kept in zip(training.optimizers, values["optimizers"], strict=True):
            optimizer.load_state_dict(kept)
        for mean, kept in zip(training.average, values["average"], strict=True):
            mean.copy_(kept)
        return State.read(values["state"])
    except (EOFError, KeyError, RuntimeError, TypeError, ValueError, pickle.UnpicklingError) as error:
        raise FormatError(f"{path} is damaged or the checkpoint of another model: {error}") from error


def words_seen(folder: Path) -> int:
    """Return the words that the checkpoint in `folder` has seen; 0 if there is none."""
    path = folder / STATE
    if not path.is_file():
        return 0
    values = torch.load(path, weights_only=True, map_location="cpu", mmap=True)
    return State.read(values["state"]).words
