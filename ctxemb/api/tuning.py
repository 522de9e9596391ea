"""Fine-tuning on a task, beside the frozen probe of the same model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ctxemb.api.own import TaskLike
from ctxemb.comparison import make_spec
from ctxemb.comparison.cache import default_cache
from ctxemb.comparison.frozen import beside_frozen
from ctxemb.comparison.own import Own
from ctxemb.comparison.tuner import Report, TuningOutcome, tune_on_task
from ctxemb.pretraining.team import is_first
from ctxemb.tasks import SkippedRows, Task, load_task


def finetune(
    model: str | Path,
    task: TaskLike,
    recipe: str | None = None,
    *,
    seeds: int | Sequence[int] = 1,
    folder: str | Path | None = None,
    frozen: bool = True,
    device: str = "cpu",
    data: str | Path | None = None,
    cache: bool = True,
    skipped: SkippedRows | None = None,
    report: Report = lambda what, entry: None,
    **changes: Any,
) -> TuningOutcome:
    """Tune a model on a task, and score it on the test beside the frozen probe of the same model.

    The first seed chooses the learning rate, where a recipe has several; dev decides. The others take the
    same. The model never learns from dev.

    Parameters
    ----------
    model
        Name or folder of an ELMo, GPT or BERT.
    task
        Name of a task, a file of the caller's own, or a `Task`.
    recipe
        ``"bert"``, ``"bert-stable"``, ``"gpt"``, ``"ulmfit"``, ``"features"``, ``"mix-tuned"`` or
        ``"scratch"``, perhaps with changes as in ``"ulmfit:lm_epochs=0"``; by default that of the family.
    seeds
        How many, from 0, or which.
    folder
        Where each seed's tuned model goes, in ``seed-N`` (``seed-N/fold-K`` where the task has folds). The
        same call continues where it was stopped. Unless given, nothing is written.
    frozen
        Whether the frozen probe is run, too.
    device
        Where to compute; several processes started by `accelerate launch` share every step.
    data, cache, skipped
        As for `ctxemb.probe`.
    report
        Called with what is done and an entry for each epoch.
    **changes
        Other numbers of the recipe: fields of `ctxemb.finetuning.plan.Plan`.

    Returns
    -------
    TuningOutcome
        The runs, their mean score with its interval, and the difference to the frozen probe.

    Raises
    ------
    CtxembError
        If model, task or recipe do not exist, or there is nothing to learn.
    """
    place = None if data is None else Path(data)
    loaded = task if isinstance(task, Task) else load_task(str(task), place, skipped)
    outcome = tune_on_task(
        str(model),
        loaded,
        recipe,
        list(range(seeds)) if isinstance(seeds, int) else list(seeds),
        folder=None if folder is None else Path(folder),
        device=device,
        report=report,
        changes=changes,
    )
    if not frozen or not is_first():
        return outcome
    values: Mapping[str, object] = {
        "models": (str(model),),
        "tasks": ("senses",),
        "probes": ("logistic",),
        "combinations": (),
        "baselines": (),
        "device": device,
    }
    spec = make_spec(values, "fine-tuning").model_copy(update={"tasks": (loaded.name,)})
    own = Own(tasks={loaded.name: loaded})
    (judged,) = beside_frozen([outcome], spec, cache=default_cache() if cache else None, own=own)
    return judged
