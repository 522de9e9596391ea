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
from ctxemb.extraction.layers import resolve_layers
from ctxemb.models import ContextualModel
from ctxemb.tasks import Task
from ctxemb.text.sentence import count_words

_SAMPLE = 80
"""Sentences that are embedded to measure a model's rate: half of them before it is measured, since the first
choose kernels and meet the most frequent words."""

_FIT = 1.7e-7
"""Seconds to fit logistic probes of all strengths on one layer, for each example, label and number of a
vector."""

_MOST_LABELS = 20
"""Labels that count: of tasks with more, examples are divided into groups."""

_LOGISTIC = 1.0
_PROBES = {"logistic": _LOGISTIC, "1-nn": 0.1, "k-nn": 0.2, "centroid": 0.05, "cosine": 0.05}
_OTHER_PROBE = 3.0
"""Work of probes on one layer, in logistic ones; probes that start at random are fitted several times."""

_ANALYSES = {"control": 1.0, "description-length": 1.5, "clusters": 0.5}
_OTHER_ANALYSIS = 0.5
_MIX = 1.5
"""Work of analyses, and of a restart of a scalar mix, for each layer, in logistic probes."""


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
    runner = make_runner(spec, data=data)
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
    return _embedding(model, task) * _passes(step) + _FIT * size * _fits(step, runner) * _rounds(task)


def _is_twin(step: Step) -> bool:
    """Return whether a step is that of a twin or of context-free vectors."""
    return step.what.endswith((", context-free", ", random weights"))


def _passes(step: Step) -> float:
    """Return how often a step reads the text, in readings of its model: a word alone is read once."""
    return 0.2 if step.what.endswith(", context-free") else 1.0


def _rounds(task: Task) -> int:
    """Return how often a probe is trained anew: once for each fold."""
    return 1 if task.folds is None else len(set(task.folds.tolist()))


def _fits(step: Step, runner: Runner) -> float:
    """Return the work of a step, in logistic probes on one layer."""
    model, task, spec = step.model, step.task, runner.spec
    assert model is not None
    assert task is not None
    known = runner.own.probes_for(task.kind)
    works = {
        name: _PROBES.get(name, _OTHER_PROBE) * (spec.restarts if known[name].is_random else 1)
        for name in spec.probes
        if name in known
    }
    if step.what.endswith(", context-free"):
        return next(iter(works.values()))
    n_layers = len(resolve_layers(spec.layers, model.n_layers))
    if _is_twin(step):
        return next(iter(works.values())) * n_layers
    analyses = [_ANALYSES.get(name, _OTHER_ANALYSIS) for name in spec.analyses]
    pools = len(spec.pools) - 1 if task.kind == "sentence-label" else 0
    work = n_layers * (sum(works.values()) + sum(analyses) + pools * _LOGISTIC)
    if model.n_layers > 1 and task.kind != "pair":
        more = {"concat": model.n_layers, "last4": 4, "mix": _MIX * spec.restarts * model.n_layers}
        work += sum(more[name] for name in spec.combinations)
    return work


def _embedding(model: ContextualModel, task: Task) -> float:
    sample = task.sentences[:: max(1, len(task.sentences) // _SAMPLE)]
    embed(model, sample[::2])
    wanted = sample[1::2] or sample
    started = time.perf_counter()
    embed(model, wanted)
    return (time.perf_counter() - started) / count_words(wanted) * count_words(task.sentences)
