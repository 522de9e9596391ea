"""Tuned models in a comparison: runs that are kept, and how they stand beside frozen probes."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctxemb.comparison.cache import Cache, digest
from ctxemb.comparison.judging import chosen_lines, leading_probe
from ctxemb.comparison.outcome import Line
from ctxemb.comparison.seed_scores import less_frozen, mean_score, sorted_labels
from ctxemb.comparison.spec import ComparisonSpec
from ctxemb.comparison.tuning import TuningOutcome, finetune
from ctxemb.finetuning.tune import Source, plan_of
from ctxemb.models import ContextualModel
from ctxemb.statistics import holm
from ctxemb.tasks import Task

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class TunedLine:
    """A model tuned on a task by a recipe, with what every seed predicted.

    Parameters
    ----------
    task, model, recipe
        What was tuned, on what, and how.
    seeds
        A row for each seed: seed, rate, epoch, dev, test, and the curve of dev by epoch.
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
    seeds: tuple[Row, ...]
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
                "plan": {name: getattr(plan, name) for name in plan.__dataclass_fields__},
                "seeds": [spec.seed, spec.seeds]}  # fmt: skip
    folder = None if cache.folder is None else cache.folder / "tuned" / digest(key)[:24]
    made = partial(_made, spec, task, model, recipe, folder)
    about, *seeds = cache.rows(key, made)
    labels = [seed.pop("labels") for seed in seeds]
    names = np.array(about["names"], dtype=np.str_)
    return TunedLine(task, source.name, recipe, tuple(seeds), np.array(about["rows"], dtype=np.int64),
                     tuple(names[np.array(codes, dtype=np.int64)] for codes in labels), about["majority"],
                     tuple(about["notes"]))  # fmt: skip


def _made(spec: ComparisonSpec, task: Task, model: str, recipe: str, folder: Path | None) -> list[Row]:
    """Tune, and return what is kept; runs that were stopped go on from their folder, removed at the end."""
    seeds = range(spec.seed, spec.seed + spec.seeds)
    outcome = finetune(model, task, recipe, seeds=seeds, folder=folder, frozen=False, device=spec.device)
    rows = _stored(outcome)
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)
    return rows


def _stored(outcome: TuningOutcome) -> list[Row]:
    order = np.argsort(outcome.runs[0].test.rows, kind="stable")
    labels = [run.test.labels[order] for run in outcome.runs]
    names, codes = np.unique(np.concatenate(labels), return_inverse=True)
    about = {"names": names.tolist(), "rows": outcome.runs[0].test.rows[order].tolist(),
             "majority": outcome.majority, "notes": list(outcome.notes)}  # fmt: skip
    seeds = []
    for run, row, part in zip(outcome.runs, outcome.rows(), np.split(codes, len(labels)), strict=False):
        tuned = run.tuned[0]
        chosen = tuned.about.rate if tuned.about is not None else None
        curve = [
            entry["dev_score"] for entry in tuned.log if entry.get("rate") == chosen and "dev_score" in entry
        ]
        kept = {name: row[name] for name in ("rate", "epoch", "dev", "test")}
        seeds.append({"seed": run.seed, **kept, "curve": curve, "labels": part.tolist()})
    return [about, *seeds]


def judge_tunings(tuned: Sequence[TunedLine], lines: Sequence[Line], spec: ComparisonSpec) -> list[Row]:
    """Return a row for each tuned line: its mean over seeds, and its difference to the frozen probe.

    Intervals and tests resample seeds and examples; p-values are corrected over the lines of a task (Holm).
    """
    rows: list[Row] = []
    for task in dict.fromkeys(line.task for line in tuned):
        of_task = [line for line in lines if line.task is task]
        frozen = chosen_lines(of_task, leading_probe(task, spec.probes))
        found = [_judged(line, frozen[line.model], spec.seed) for line in tuned if line.task is task]
        for row, corrected in zip(found, holm([row["p"] for row in found]), strict=True):
            row["p_holm"] = round(float(corrected), 6)
        rows += found
    return rows


def _judged(line: TunedLine, frozen: Line, seed: int) -> Row:
    task, rows = line.task, line.rows
    mean = mean_score(task, rows, line.predictions, seed)
    less = less_frozen(task, rows, line.predictions, sorted_labels(frozen.run.test), seed)
    numbers = {"value": mean.value, "low": mean.low, "high": mean.high, "difference": less.value,
               "difference_low": less.low, "difference_high": less.high, "p": less.p, "p_holm": 0.0,
               "effect": less.effect, "majority": line.majority, "frozen": frozen.score("test")}  # fmt: skip
    return {
        "task": task.name,
        "model": line.model,
        "recipe": line.recipe,
        "metric": task.metrics[0],
        "n": len(rows),
        "frozen_layer": frozen.layer,
        **{name: round(float(value), 6) for name, value in numbers.items()},
        "failed": [row["seed"] for row in line.seeds if row["test"] <= line.majority],
        "seeds": list(line.seeds),
        "notes": list(line.notes),
    }
