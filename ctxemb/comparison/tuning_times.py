"""About how long tuning takes, from one step of it."""

from __future__ import annotations

import math
import time

import torch

from ctxemb.comparison.tuning_steps import TuningStep
from ctxemb.finetuning.items import items_of, targets_of
from ctxemb.finetuning.labels import Labels
from ctxemb.finetuning.optimizer import make_optimizer
from ctxemb.finetuning.recipe import Shape
from ctxemb.finetuning.tune import Source, plan_of
from ctxemb.probes.splits import splits_of_task


def tuning_seconds(step: TuningStep, n_seeds: int) -> float:
    """Return about how many seconds all seeds of a step take; one batch is worked through to find out.

    The first seed tries every learning rate; the language model's tuning counts as much as the classifier's
    for each of its epochs.
    """
    task, source = step.task, Source.of(step.model)
    recipe, plan = plan_of(source, step.recipe, {})
    split, *others = splits_of_task(task)
    items = items_of(task, split.train)
    labels = Labels.of(targets_of(items), task.fallback, task.name)
    with torch.random.fork_rng():
        classifier = recipe.build(source.network(), Shape(task.kind, task.symmetric, labels), plan)
        optimizer = make_optimizer(classifier.layers(), plan)
        chosen = items[:: max(1, len(items) // plan.batch_size)][: plan.batch_size]
        started = time.perf_counter()
        classifier.train().losses(classifier.collate(chosen), plan.lm_weight)["task"].backward()
        optimizer.step()
        seconds = time.perf_counter() - started
    n_steps = math.ceil(len(items) / plan.batch_size) * (1 + len(others))
    runs = len(plan.learning_rates) + n_seeds - 1
    return seconds * n_steps * (runs * plan.epochs + n_seeds * plan.lm_epochs)
