"""From a comparison to its results."""

from __future__ import annotations

import datetime
import time
from pathlib import Path

from ctxemb.comparison.cache import Cache
from ctxemb.comparison.checks import check_comparison, located
from ctxemb.comparison.judging import judge
from ctxemb.comparison.outcome import Outcome, Row
from ctxemb.comparison.provenance import describe_model, describe_task, installed_versions, training_rows
from ctxemb.comparison.runner import Runner
from ctxemb.comparison.spec import ComparisonSpec
from ctxemb.comparison.steps import Progress, run_steps
from ctxemb.models import load
from ctxemb.tasks import SkippedRows, load_task


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
    if spec.recipes:
        outcome.tunings = _tunings(runner, outcome, progress)
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


def _tunings(runner: Runner, outcome: Outcome, progress: Progress) -> list[Row]:
    """Tune models, one after another, and judge them beside the frozen probes."""
    from ctxemb.comparison.tunings import judge_tunings, tuning_steps

    steps = tuning_steps(runner.spec, runner.tasks, runner.models, runner.cache)
    lines = []
    for number, step in enumerate(steps):
        progress(number, len(steps), step.what)
        lines.append(step.run())
    return judge_tunings(lines, outcome.lines, runner.spec)


def make_runner(
    spec: ComparisonSpec,
    *,
    data: Path | None = None,
    cache: Path | None = None,
    skipped: SkippedRows | None = None,
) -> Runner:
    """Load what a comparison needs, and check that all of it can be run; see `evaluate`."""
    with located(spec, "tasks"):
        tasks = [load_task(name, data, skipped) for name in spec.tasks]
    with located(spec, "models"):
        models = [load(name, computation=spec.computation) for name in spec.models]
    check_comparison(spec, tasks, models)
    return Runner(spec, tasks, models, Cache(cache))
