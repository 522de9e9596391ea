"""From a comparison to its results."""

from __future__ import annotations

import datetime
import time
from collections.abc import Sequence
from pathlib import Path

from ctxemb.comparison.cache import Cache
from ctxemb.comparison.judging import judge
from ctxemb.comparison.outcome import Outcome
from ctxemb.comparison.provenance import describe_model, describe_task, installed_versions, training_rows
from ctxemb.comparison.runner import Runner
from ctxemb.comparison.spec import ComparisonSpec, MapSpec
from ctxemb.comparison.steps import Progress, run_steps
from ctxemb.errors import InputError
from ctxemb.extraction.layers import resolve_layers
from ctxemb.models import ContextualModel, load
from ctxemb.probes import probes_for
from ctxemb.registry import unknown_name
from ctxemb.tasks import SkippedRows, Task, load_task


def run_comparison(
    spec: ComparisonSpec,
    output: Path,
    *,
    data: Path | None = None,
    cache: Path | None = None,
    command: str = "",
    skipped: SkippedRows | None = None,
    progress: Progress = lambda done, total, what: None,
) -> Path:
    """Run a comparison and write its results folder; see `evaluate`."""
    outcome = evaluate(spec, data=data, cache=cache, command=command, skipped=skipped, progress=progress)
    outcome.write(output)
    return output


def evaluate(
    spec: ComparisonSpec,
    *,
    data: Path | None = None,
    cache: Path | None = None,
    command: str = "",
    skipped: SkippedRows | None = None,
    progress: Progress = lambda done, total, what: None,
) -> Outcome:
    """Run every model × task × layer × probe of `spec`, and the baselines, and judge the differences.

    Parameters
    ----------
    spec
        What to compare.
    data
        Folder of the data sets that do not ship with ctxemb.
    cache
        Folder where vectors and predictions are kept and found again; None to keep nothing.
    command
        The command line, for the record.
    skipped
        Takes the rows of the user's own files that are wrong, which then are errors no more.
    progress
        Called as steps begin and end.

    Raises
    ------
    CtxembError
        If a model or a task cannot be loaded, a layer does not exist, or a probe fits none of the tasks;
        before anything is computed.
    """
    started = time.monotonic()
    runner = make_runner(spec, data=data, cache=cache, skipped=skipped)
    outcome = Outcome()
    for part in run_steps(runner.steps(), progress):
        outcome.add(part)
    names = [model.name for model in runner.models]
    outcome.results[:0] = [result for line in outcome.lines for result in line.results]
    outcome.add(judge(runner.tasks, names, outcome.lines, spec.seed, spec.probes))
    outcome.trainings = [row for name in spec.models for row in training_rows(name)]
    outcome.manifest = {
        "name": spec.name,
        "title": spec.title,
        "spec": spec.model_dump(mode="json"),
        "versions": installed_versions(),
        "models": {model.name: describe_model(model) for model in runner.models},
        "tasks": {task.name: describe_task(task) for task in runner.tasks},
        "seconds": round(time.monotonic() - started, 1),
        "command": command,
        "created": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
    }
    return outcome


def make_runner(
    spec: ComparisonSpec,
    *,
    data: Path | None = None,
    cache: Path | None = None,
    skipped: SkippedRows | None = None,
) -> Runner:
    """Load what a comparison needs, and check that all of it can be run; see `evaluate`."""
    tasks = [load_task(name, data, skipped) for name in spec.tasks]
    models = [load(name, computation=spec.computation) for name in spec.models]
    for model in models:
        resolve_layers(spec.layers, model.n_layers)
    _check_probes(spec, tasks)
    if spec.map is not None:
        _check_map(spec.map, tasks, models)
    return Runner(spec, tasks, models, Cache(cache))


def _check_probes(spec: ComparisonSpec, tasks: Sequence[Task]) -> None:
    kinds = {task.kind for task in tasks}
    for probe in spec.probes:
        if not any(probe in probes_for(kind) for kind in kinds):
            raise InputError(f"the probe {probe} is for none of the tasks {', '.join(spec.tasks)}")
    for task in tasks:
        if not set(spec.probes) & set(probes_for(task.kind)):
            known = ", ".join(probes_for(task.kind))
            raise InputError(f"none of the probes asked for is for the task {task.name}; there are {known}")


def _check_map(wanted: MapSpec, tasks: Sequence[Task], models: Sequence[ContextualModel]) -> None:
    task = next(task for task in tasks if task.name == wanted.task)
    if wanted.word not in task.groups:
        raise unknown_name(f"word of {task.name}", wanted.word, task.groups)
    for model in models:
        resolve_layers([wanted.layer], model.n_layers)
