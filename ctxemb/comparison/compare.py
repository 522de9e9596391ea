"""From a comparison to its results."""

from __future__ import annotations

import datetime
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ctxemb.comparison.cache import Cache
from ctxemb.comparison.checks import check_comparison, located
from ctxemb.comparison.choices import with_choices
from ctxemb.comparison.judging import chosen_lines, judge
from ctxemb.comparison.line import Line, gathered
from ctxemb.comparison.own import NOTHING, Own
from ctxemb.comparison.provenance import describe_model, describe_task, installed_versions, trainings
from ctxemb.comparison.scheduler import Progress, run_steps
from ctxemb.comparison.spec import ComparisonSpec
from ctxemb.comparison.steps import Runner
from ctxemb.comparison.tuning_steps import judge_tunings, tuning_steps
from ctxemb.models import load
from ctxemb.results import Findings
from ctxemb.tasks import SkippedRows, load_task


def evaluate(
    spec: ComparisonSpec,
    *,
    data: Path | None = None,
    cache: Path | None = None,
    command: str = "",
    skipped: SkippedRows | None = None,
    own: Own = NOTHING,
    progress: Progress = lambda done, total, what: None,
) -> Findings:
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
    own
        The caller's own models, tasks and probes.
    progress
        Called as steps begin and end.

    Raises
    ------
    CtxembError
        If a model or a task cannot be loaded, a layer does not exist, or a probe fits none of the tasks;
        before anything is computed.
    """
    started = time.monotonic()
    runner = make_runner(spec, data=data, cache=cache, skipped=skipped, own=own)
    lines, findings = gathered(run_steps(runner.steps(), progress))
    names = [model.name for model in runner.models]
    findings += judge(runner.tasks, names, lines, findings, spec.seed)
    findings += _tuned(runner, lines, findings, progress)
    manifest = {
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
    curves = tuple(training for name in spec.models if name not in own.models for training in trainings(name))
    return with_choices(replace(findings, trainings=curves, manifests=(manifest,)))


def _tuned(runner: Runner, lines: Sequence[Line], findings: Findings, progress: Progress) -> Findings:
    """Tune models, one after another, and judge them beside the frozen probes."""
    steps = tuning_steps(runner.spec, runner.tasks, runner.models, runner.cache)
    tuned, frozen = [], []
    known: dict[tuple[str, str], Line] = {}
    for number, step in enumerate(steps):
        progress(number, len(steps), step.what)
        line = step.run()
        tuned.append(line)
        place = (line.task.name, line.model)
        if place not in known:
            chosen = chosen_lines([other for other in lines if other.task is line.task], findings)
            known[place] = runner.on_equal_terms(chosen[line.model])
        frozen.append(known[place])
    return judge_tunings(tuned, frozen, runner.spec.seed)


def make_runner(
    spec: ComparisonSpec,
    *,
    data: Path | None = None,
    cache: Path | None = None,
    skipped: SkippedRows | None = None,
    own: Own = NOTHING,
) -> Runner:
    """Load what a comparison needs, and check that all of it can be run; see `evaluate`."""
    with located(spec, "tasks"):
        tasks = [own.tasks.get(name) or load_task(name, data, skipped) for name in spec.tasks]
    with located(spec, "models"):
        models = [own.models.get(name) or load(name, computation=spec.computation) for name in spec.models]
    check_comparison(spec, tasks, models, own)
    return Runner(spec, tasks, models, Cache(cache), own)
