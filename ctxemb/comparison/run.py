"""From a comparison to its results."""

from __future__ import annotations

import dataclasses
import datetime
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctxemb.comparison.cache import Cache
from ctxemb.comparison.maps import sense_map
from ctxemb.comparison.provenance import describe_model, describe_task, installed_versions
from ctxemb.comparison.spec import ComparisonSpec
from ctxemb.comparison.vectors import task_vectors
from ctxemb.extraction.layers import resolve_layers
from ctxemb.models import ContextualModel, load
from ctxemb.probes import run_bag_of_words, run_majority, run_mix, run_probe
from ctxemb.results import Result, write_results
from ctxemb.tasks import Task, load_task

Progress = Callable[[int, int, str], None]
"""Called with the steps done, all steps, and what comes next."""


@dataclass(slots=True)
class Outcome:
    """What a comparison found.

    Parameters
    ----------
    results
        Scores.
    mixes
        Learned layer weights: rows of model, task, seed, weights, gamma.
    maps
        Points of word-sense maps.
    manifest
        How all this was made: spec, versions, models, tasks.
    """

    results: list[Result] = field(default_factory=list)
    mixes: list[dict[str, Any]] = field(default_factory=list)
    maps: list[dict[str, Any]] = field(default_factory=list)
    manifest: dict[str, Any] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Write ``results.jsonl``, ``mixes.jsonl``, ``maps.jsonl`` and ``run.json`` into `folder`."""
        write_results(self.results, folder / "results.jsonl")
        for name, rows in (("mixes", self.mixes), ("maps", self.maps)):
            text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
            (folder / f"{name}.jsonl").write_text(text, encoding="utf-8", newline="\n")
        manifest = json.dumps(self.manifest, indent=2, ensure_ascii=False) + "\n"
        (folder / "run.json").write_text(manifest, encoding="utf-8", newline="\n")


def run_comparison(
    spec: ComparisonSpec,
    output: Path,
    *,
    data: Path | None = None,
    cache: Path | None = None,
    command: str = "",
    progress: Progress = lambda done, total, what: None,
) -> Path:
    """Run a comparison and write its results folder; see `evaluate`."""
    outcome = evaluate(spec, data=data, cache=cache, command=command, progress=progress)
    outcome.write(output)
    return output


def evaluate(
    spec: ComparisonSpec,
    *,
    data: Path | None = None,
    cache: Path | None = None,
    command: str = "",
    progress: Progress = lambda done, total, what: None,
) -> Outcome:
    """Run every model × task × layer × probe of `spec`, and the baselines.

    Parameters
    ----------
    spec
        What to compare.
    data
        Folder of the data sets that do not ship with ctxemb.
    cache
        Folder where vectors and scores are kept and found again; None to keep nothing.
    command
        The command line, for the record.
    progress
        Called before each step.

    Raises
    ------
    CtxembError
        If a model or a task cannot be loaded, or a layer does not exist; before anything is computed.
    """
    started = time.monotonic()
    tasks = [load_task(name, data) for name in spec.tasks]
    models = [load(name) for name in spec.models]
    for model in models:
        resolve_layers(spec.layers, model.n_layers)
    store = Cache(cache)
    outcome = Outcome()
    steps = list(_steps(spec, tasks, models, store, outcome))
    for number, (what, step) in enumerate(steps):
        progress(number, len(steps), what)
        step()
    progress(len(steps), len(steps), "done")
    outcome.manifest = {
        "name": spec.name,
        "title": spec.title,
        "spec": spec.model_dump(mode="json"),
        "versions": installed_versions(),
        "models": {model.name: describe_model(model) for model in models},
        "tasks": {task.name: describe_task(task) for task in tasks},
        "seconds": round(time.monotonic() - started, 1),
        "command": command,
        "created": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
    }
    return outcome


def _steps(
    spec: ComparisonSpec, tasks: list[Task], models: list[ContextualModel], cache: Cache, outcome: Outcome
) -> Iterator[tuple[str, Callable[[], None]]]:
    for task in tasks:
        if "majority" in spec.baselines:
            yield f"{task.name}: majority", partial(_baseline, "majority", task, spec, cache, outcome)
        if "bag-of-words" in spec.baselines:
            yield f"{task.name}: bag of words", partial(_baseline, "bag-of-words", task, spec, cache, outcome)
        for name, model in zip(spec.models, models, strict=True):
            yield f"{task.name}: {model.name}", partial(_model, model, task, spec, cache, outcome)
            if "static" in spec.baselines and not name.startswith("static"):
                yield (
                    f"{task.name}: {model.name}, context-free",
                    partial(_twin, f"static:{name}", None, task, spec, cache, outcome),
                )
            if "random" in spec.baselines and not name.startswith("static"):
                yield (
                    f"{task.name}: {model.name}, random weights",
                    partial(_twin, name, spec.random_seed, task, spec, cache, outcome),
                )
    if spec.map is not None:
        task = next((task for task in tasks if task.name == spec.map.task), None) or load_task(spec.map.task)
        for model in models:
            yield (
                f"map of {spec.map.word}: {model.name}",
                partial(_map, model, task, spec, cache, outcome),
            )


def _baseline(name: str, task: Task, spec: ComparisonSpec, cache: Cache, outcome: Outcome) -> None:
    run = {"majority": run_majority, "bag-of-words": run_bag_of_words}[name]
    key = {"what": name, "task": task.fingerprint, "seed": spec.seed}
    outcome.results += _results(cache, key, lambda: run(task, seed=spec.seed))


def _model(model: ContextualModel, task: Task, spec: ComparisonSpec, cache: Cache, outcome: Outcome) -> None:
    vectors = task_vectors(model, task, cache)  # (n_layers, n_examples, width)
    for layer in resolve_layers(spec.layers, model.n_layers):
        for probe in spec.probes:
            outcome.results += _probed(model, task, probe, layer, vectors, spec, cache)
    if model.n_layers > 1 and "concat" in spec.combinations:
        outcome.results += _probed(model, task, "logistic", "concat", vectors, spec, cache)
    if model.n_layers > 1 and "mix" in spec.combinations:
        key = _key(model, task, "logistic", "mix", spec)
        made = cache.rows(key, lambda: _mix_rows(model, task, vectors, spec))
        outcome.mixes += [{**made[0], "model": model.name}]
        outcome.results += [Result(**{**row, "model": model.name}) for row in made[1:]]


def _twin(
    name: str, seed: int | None, task: Task, spec: ComparisonSpec, cache: Cache, outcome: Outcome
) -> None:
    """Run the logistic probe on every layer of a model's random twin, or on its context-free vectors."""
    model = load(name, seed)
    layers = resolve_layers(spec.layers if model.n_layers > 1 else "all", model.n_layers)
    vectors = task_vectors(model, task, cache)
    for layer in layers:
        outcome.results += _probed(model, task, "logistic", layer, vectors, spec, cache)


def _probed(
    model: ContextualModel,
    task: Task,
    probe: str,
    layer: int | str,
    vectors: NDArray[np.float32],
    spec: ComparisonSpec,
    cache: Cache,
) -> list[Result]:
    def run() -> list[Result]:
        if layer == "concat":
            X = np.concatenate(list(vectors), axis=1)  # (n_examples, n_layers * width)
        else:
            X = np.asarray(vectors[layer])
        return run_probe(task, probe, X, model=model.name, layer=layer, seed=spec.seed)

    found = _results(cache, _key(model, task, probe, layer, spec), run)
    return [dataclasses.replace(result, model=model.name) for result in found]


def _mix_rows(
    model: ContextualModel, task: Task, vectors: NDArray[np.float32], spec: ComparisonSpec
) -> list[dict[str, Any]]:
    X = np.ascontiguousarray(np.swapaxes(vectors, 0, 1))  # (n_examples, n_layers, width)
    results, mix = run_mix(task, X, model=model.name, seed=spec.seed)
    return [dataclasses.asdict(mix), *(dataclasses.asdict(result) for result in results)]


def _map(model: ContextualModel, task: Task, spec: ComparisonSpec, cache: Cache, outcome: Outcome) -> None:
    assert spec.map is not None
    outcome.maps += sense_map(model, task, spec.map, cache)


def _results(cache: Cache, key: dict[str, Any], make: Callable[[], list[Result]]) -> list[Result]:
    rows = cache.rows(key, lambda: [dataclasses.asdict(result) for result in make()])
    return [Result(**row) for row in rows]


def _key(
    model: ContextualModel, task: Task, probe: str, layer: int | str, spec: ComparisonSpec
) -> dict[str, Any]:
    return {
        "what": "probe",
        "model": model.fingerprint,
        "task": task.fingerprint,
        "probe": probe,
        "layer": layer,
        "seed": spec.seed,
    }
