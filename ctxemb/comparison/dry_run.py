"""What a comparison would do: what is known already, what will run, and about how long it takes."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from ctxemb.comparison.cache import Cache, NotCachedError
from ctxemb.comparison.compare import make_runner
from ctxemb.comparison.scheduler import Step
from ctxemb.comparison.spec import ComparisonSpec
from ctxemb.comparison.steps import Runner
from ctxemb.comparison.tuning_steps import tuning_steps
from ctxemb.comparison.tuning_times import tuning_seconds
from ctxemb.extraction import embed
from ctxemb.models import ContextualModel
from ctxemb.tasks import Task
from ctxemb.text.sentence import count_words

_SAMPLE = 80
"""Sentences that are embedded to measure a model's rate: half of them before it is measured, since the first
choose kernels and meet the most frequent words."""

_FIT = 2e-8
"""Seconds to fit probes of all strengths, for each example, label and number of a vector."""

_MOST_LABELS = 20
"""Labels that count: of tasks with more, examples are divided into groups."""


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """A step of a comparison.

    Parameters
    ----------
    what
        In a few words.
    known
        Whether all of it is in the cache.
    seconds
        About how long it takes; 0 if it is known.
    """

    what: str
    known: bool
    seconds: float


def plan_comparison(
    spec: ComparisonSpec, *, data: Path | None = None, cache: Path | None = None
) -> list[PlannedStep]:
    """Return the steps of a comparison without running them; see `evaluate`.

    A model's rate is measured on a few sentences of each task; nothing is written.
    """
    runner = make_runner(spec, data=data, cache=cache)
    runner.cache = Cache(cache, frozen=True)
    return [_planned(step, runner) for step in runner.steps()] + _tunings(spec, runner)


def _tunings(spec: ComparisonSpec, runner: Runner) -> list[PlannedStep]:
    """Return the steps that tune."""
    planned = []
    for step in tuning_steps(spec, runner.tasks, runner.models, runner.cache):
        try:
            step.run()
        except NotCachedError:
            planned.append(PlannedStep(step.what, known=False, seconds=tuning_seconds(step, spec.seeds)))
        else:
            planned.append(PlannedStep(step.what, known=True, seconds=0.0))
    return planned


def _planned(step: Step, runner: Runner) -> PlannedStep:
    try:
        step.run()
    except NotCachedError:
        return PlannedStep(step.what, known=False, seconds=_seconds(step, runner))
    return PlannedStep(step.what, known=True, seconds=0.0)


def _seconds(step: Step, runner: Runner) -> float:
    model, task = step.model, step.task
    if model is None or task is None:
        return 1.0
    n_labels = min(len(task.labels), _MOST_LABELS)
    size = len(task.examples) * n_labels * model.width * len(task.examples[0].spans)
    return _embedding(model, task) + _FIT * size * model.n_layers * (1 + len(runner.spec.probes))


def _embedding(model: ContextualModel, task: Task) -> float:
    sample = task.sentences[:: max(1, len(task.sentences) // _SAMPLE)]
    embed(model, sample[::2])
    wanted = sample[1::2] or sample
    started = time.perf_counter()
    embed(model, wanted)
    return (time.perf_counter() - started) / count_words(wanted) * count_words(task.sentences)
