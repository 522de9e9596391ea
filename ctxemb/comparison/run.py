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
from ctxemb.comparison.provenance import describe_model, describe_task, installed_versions, training_rows
from ctxemb.comparison.spec import ComparisonSpec, MapSpec
from ctxemb.comparison.steps import Progress, Step, run_steps
from ctxemb.comparison.vectors import task_vectors
from ctxemb.extraction.layers import resolve_layers
from ctxemb.files import write_text
from ctxemb.models import ContextualModel, load
from ctxemb.probes import run_bag_of_words, run_majority, run_mix, run_probe
from ctxemb.registry import unknown_name
from ctxemb.results import Result, write_results
from ctxemb.tasks import Task, load_task


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
    trainings
        Held-out losses of the models while they were trained: rows of model, words, bits per character.
    manifest
        How all this was made: spec, versions, models, tasks.
    """

    results: list[Result] = field(default_factory=list)
    mixes: list[dict[str, Any]] = field(default_factory=list)
    maps: list[dict[str, Any]] = field(default_factory=list)
    trainings: list[dict[str, Any]] = field(default_factory=list)
    manifest: dict[str, Any] = field(default_factory=dict)

    def add(self, part: Outcome) -> None:
        """Append what a part of the comparison found."""
        self.results += part.results
        self.mixes += part.mixes
        self.maps += part.maps

    def write(self, folder: Path) -> None:
        """Write all of it into `folder`: ``results.jsonl`` and the like, and ``run.json``."""
        write_results(self.results, folder / "results.jsonl")
        tables = (("mixes", self.mixes), ("maps", self.maps), ("trainings", self.trainings))
        for name, rows in tables:
            text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
            write_text(folder / f"{name}.jsonl", text)
        manifest = json.dumps(self.manifest, indent=2, ensure_ascii=False) + "\n"
        write_text(folder / "run.json", manifest)


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
        Called as steps begin and end.

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
    if spec.map is not None:
        _check_map(spec.map, tasks, models)
    runner = _Runner(spec, Cache(cache))
    outcome = Outcome()
    for part in run_steps(list(runner.steps(tasks, models)), progress):
        outcome.add(part)
    outcome.trainings = [row for name in spec.models for row in training_rows(name)]
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


def _check_map(wanted: MapSpec, tasks: list[Task], models: list[ContextualModel]) -> None:
    task = next(task for task in tasks if task.name == wanted.task)
    if wanted.word not in task.groups:
        raise unknown_name(f"word of {task.name}", wanted.word, task.groups)
    for model in models:
        resolve_layers([wanted.layer], model.n_layers)


class _Runner:
    """Knows the steps of a comparison; each returns what it finds, and none needs another."""

    def __init__(self, spec: ComparisonSpec, cache: Cache) -> None:
        self.spec = spec
        self.cache = cache

    def steps(self, tasks: list[Task], models: list[ContextualModel]) -> Iterator[Step]:
        """Yield all steps."""
        baselines = self.spec.baselines
        for task in tasks:
            for name in ("majority", "bag-of-words"):
                if name in baselines:
                    yield Step(f"{task.name}: {name}", partial(self.baseline, name, task))
            for name, model in zip(self.spec.models, models, strict=True):
                yield Step(f"{task.name}: {model.name}", partial(self.model, model, task))
                if model.family == "static":
                    continue
                if "static" in baselines:
                    what = f"{task.name}: {model.name}, context-free"
                    yield Step(what, partial(self.twin, f"static:{name}", None, task))
                if "random" in baselines:
                    what = f"{task.name}: {model.name}, random weights"
                    yield Step(what, partial(self.twin, name, self.spec.random_seed, task))

    def baseline(self, name: str, task: Task) -> Outcome:
        """Score a baseline without a model."""
        run = {"majority": run_majority, "bag-of-words": run_bag_of_words}[name]
        key = {"what": name, "task": task.fingerprint, "seed": self.spec.seed}
        return Outcome(self._results(key, lambda: run(task, seed=self.spec.seed)))

    def model(self, model: ContextualModel, task: Task) -> Outcome:
        """Run all probes on a model, and draw its map if one of this task is wanted."""
        vectors = task_vectors(model, task, self.cache)  # (n_layers, n_examples, width)
        found = Outcome()
        for layer in resolve_layers(self.spec.layers, model.n_layers):
            for probe in self.spec.probes:
                found.results += self._probe(model, task, probe, layer, vectors)
        if model.n_layers > 1 and "concat" in self.spec.combinations:
            found.results += self._probe(model, task, "logistic", "concat", vectors)
        if model.n_layers > 1 and "mix" in self.spec.combinations:
            found.add(self._mix(model, task, vectors))
        if self.spec.map is not None and self.spec.map.task == task.name:
            found.maps += sense_map(model, task, self.spec.map, vectors)
        return found

    def twin(self, name: str, seed: int | None, task: Task) -> Outcome:
        """Run the logistic probe on a model's random twin, or on its context-free vectors."""
        model = load(name, seed)
        vectors = task_vectors(model, task, self.cache)
        layers = self.spec.layers if model.n_layers > 1 else "all"
        found = Outcome()
        for layer in resolve_layers(layers, model.n_layers):
            found.results += self._probe(model, task, "logistic", layer, vectors)
        return found

    def _probe(
        self,
        model: ContextualModel,
        task: Task,
        probe: str,
        layer: int | str,
        vectors: NDArray[np.float32],
    ) -> list[Result]:
        def run() -> list[Result]:
            X = (
                np.concatenate(list(vectors), axis=1)
                if layer == "concat"
                else np.asarray(vectors[int(layer)])
            )
            return run_probe(task, probe, X, model=model.name, layer=layer, seed=self.spec.seed)

        found = self._results(self._key(model, task, probe, layer), run)
        return [dataclasses.replace(result, model=model.name) for result in found]

    def _mix(self, model: ContextualModel, task: Task, vectors: NDArray[np.float32]) -> Outcome:
        def run() -> list[dict[str, Any]]:
            X = np.ascontiguousarray(np.swapaxes(vectors, 0, 1))  # (n_examples, n_layers, width)
            results, mix = run_mix(task, X, model=model.name, seed=self.spec.seed)
            return [dataclasses.asdict(mix), *(dataclasses.asdict(result) for result in results)]

        mix, *rows = self.cache.rows(self._key(model, task, "logistic", "mix"), run)
        results = [Result(**{**row, "model": model.name}) for row in rows]
        return Outcome(results, [{**mix, "model": model.name}])

    def _results(self, key: dict[str, Any], make: Callable[[], list[Result]]) -> list[Result]:
        rows = self.cache.rows(key, lambda: [dataclasses.asdict(result) for result in make()])
        return [Result(**row) for row in rows]

    def _key(self, model: ContextualModel, task: Task, probe: str, layer: int | str) -> dict[str, Any]:
        return {
            "what": "probe",
            "model": model.fingerprint,
            "task": task.fingerprint,
            "probe": probe,
            "layer": layer,
            "seed": self.spec.seed,
        }
