"""Tuned models in a comparison: runs that are kept, and how they stand beside frozen probes."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctxemb.comparison.cache import Cache, digest
from ctxemb.comparison.line import Line
from ctxemb.comparison.seed_scores import less_frozen, mean_score, sorted_labels
from ctxemb.comparison.spec import ComparisonSpec
from ctxemb.comparison.tuner import TuningOutcome, tune_on_task
from ctxemb.finetuning.tune import Source, plan_of
from ctxemb.models import ContextualModel
from ctxemb.probes import score_of
from ctxemb.results import Findings, Tuning, TuningRun
from ctxemb.scoring.statistics import holm
from ctxemb.tasks import Task

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class TunedLine:
    """A model tuned on a task by a recipe, with what every seed predicted.

    Parameters
    ----------
    task, model, recipe
        What was tuned, on what, and how.
    runs
        One for each seed.
    rows
        (n_test,) numbers of the test examples, rising.
    predictions
        For each seed, (n_test,) labels.
    majority
        What the most frequent labels of training score.
    notes
        What a reader should know.
    """

    task: Task
    model: str
    recipe: str
    runs: tuple[TuningRun, ...]
    rows: NDArray[np.int64]
    predictions: tuple[NDArray[np.str_], ...]
    majority: float
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class TuningStep:
    """A step that tunes one model on one task by one recipe.

    Parameters
    ----------
    what
        In a few words.
    run
        Does it, or reads it from the cache.
    task, model, recipe
        What is tuned, on what, and how.
    """

    what: str
    run: Callable[[], TunedLine]
    task: Task
    model: str
    recipe: str


def tuning_steps(
    spec: ComparisonSpec, tasks: Sequence[Task], models: Sequence[ContextualModel], cache: Cache
) -> list[TuningStep]:
    """Return the steps that tune; they run one after another, since they share torch's random state."""
    return [
        TuningStep(
            f"{task.name}: {model.name} tuned by {recipe}",
            partial(_tuned, spec, task, name, recipe, cache),
            task,
            name,
            recipe,
        )
        for task in tasks
        for name, model in zip(spec.models, models, strict=True)
        for recipe in spec.recipes
        if model.family != "static"
    ]


def _tuned(spec: ComparisonSpec, task: Task, model: str, recipe: str, cache: Cache) -> TunedLine:
    source = Source.of(model)
    chosen, plan = plan_of(source, recipe, {})
    key: Row = {"what": "tuned", "model": source.fingerprint, "task": task.fingerprint, "recipe": chosen.name,
                "plan": asdict(plan),
                "seeds": [spec.seed, spec.seeds]}  # fmt: skip
    folder = None if cache.folder is None else cache.folder / "tuned" / digest(key)[:24]
    made = partial(_made, spec, task, model, recipe, folder)
    about, *stored = cache.rows(key, made)
    names = np.array(about["names"], dtype=np.str_)
    predictions = tuple(names[np.array(row.pop("labels"), dtype=np.int64)] for row in stored)
    # Names are those of today, not those of the day when the runs were cached.
    named = {"task": task.name, "model": source.name, "recipe": recipe}
    runs = tuple(TuningRun(**{**row, **named, "curve": tuple(row["curve"])}) for row in stored)
    rows = np.array(about["rows"], dtype=np.int64)
    return TunedLine(
        task, source.name, recipe, runs, rows, predictions, about["majority"], tuple(about["notes"])
    )


def _made(spec: ComparisonSpec, task: Task, model: str, recipe: str, folder: Path | None) -> list[Row]:
    """Tune, and return what is kept; runs that were stopped go on from their folder, removed at the end."""
    seeds = range(spec.seed, spec.seed + spec.seeds)
    rows = _stored(tune_on_task(model, task, recipe, seeds, folder=folder, device=spec.device))
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)
    return rows


def _stored(outcome: TuningOutcome) -> list[Row]:
    order = np.argsort(outcome.runs[0].test.rows, kind="stable")
    labels = [run.test.labels[order] for run in outcome.runs]
    names, codes = np.unique(np.concatenate(labels), return_inverse=True)
    about = {
        "names": names.tolist(),
        "rows": outcome.runs[0].test.rows[order].tolist(),
        "majority": outcome.majority,
        "notes": list(outcome.notes),
    }
    rows = [
        {
            "seed": run.seed,
            "rate": run.rate,
            "epoch": run.epoch,
            "dev": run.dev_score,
            "test": run.test_score,
            "curve": list(run.curve),
            "labels": of_run.tolist(),
        }
        for run, of_run in zip(outcome.runs, np.split(codes, len(labels)), strict=True)
    ]
    return [about, *rows]


def judge_tunings(tuned: Sequence[TunedLine], frozen: Sequence[Line], seed: int) -> Findings:
    """Return each tuned line's mean over seeds, its difference to the frozen probe, and its runs.

    Intervals and tests resample seeds and examples; p-values are corrected over the lines of a task (Holm).

    Parameters
    ----------
    tuned, frozen
        Tuned models, and for each the probe of the same model on the same task.
    seed
        Seed of resampling.
    """
    tunings = [_judged(line, probe, seed) for line, probe in zip(tuned, frozen, strict=True)]
    for task in {tuning.task for tuning in tunings}:
        places = [place for place, tuning in enumerate(tunings) if tuning.task == task]
        for place, p in zip(places, holm([tunings[place].p for place in places]), strict=True):
            tunings[place] = replace(tunings[place], p_holm=round(p, 6))
    return Findings(tunings=tuple(tunings), tuning_runs=tuple(run for line in tuned for run in line.runs))


def _judged(line: TunedLine, frozen: Line, seed: int) -> Tuning:
    task, rows = line.task, line.rows
    mean = mean_score(task, rows, line.predictions, seed)
    labels = sorted_labels(frozen.run.test)
    less = less_frozen(task, rows, line.predictions, labels, seed)
    numbers = {
        "value": mean.value,
        "low": mean.low,
        "high": mean.high,
        "frozen": score_of(task, rows, labels),
        "difference": less.value,
        "difference_low": less.low,
        "difference_high": less.high,
        "p": less.p,
        "p_holm": 1.0,
        "effect": less.effect,
        "majority": line.majority,
    }
    return Tuning(
        task=task.name,
        model=line.model,
        recipe=line.recipe,
        metric=task.metrics[0],
        frozen_layer=frozen.layer,
        n=len(rows),
        notes=line.notes,
        **{name: round(float(value), 6) for name, value in numbers.items()},
    )
