"""The steps of a comparison; each returns what it finds, and none needs another."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctxemb.comparison.analyses import ANALYSES
from ctxemb.comparison.cache import Cache
from ctxemb.comparison.judging import leading_probe
from ctxemb.comparison.maps import sense_map
from ctxemb.comparison.outcome import Line, Outcome
from ctxemb.comparison.spec import ComparisonSpec
from ctxemb.comparison.steps import Step
from ctxemb.comparison.vectors import model_key, read_rows, task_vectors
from ctxemb.extraction.layers import resolve_layers
from ctxemb.extraction.pooling import Pool
from ctxemb.models import ContextualModel, load
from ctxemb.models.encoding import NO_WORD
from ctxemb.probes import (
    Features,
    Prediction,
    ProbeRun,
    baselines_for,
    probes_for,
    run_baseline,
    run_mix,
    run_probe,
    scored_results,
)
from ctxemb.results import Result
from ctxemb.tasks import Task
from ctxemb.tasks.base import PAIR_KINDS
from ctxemb.text.sentence import Sentence

Vectors = NDArray[np.float32]
"""(n_layers, n_examples, width), memory-mapped."""

_LAST = 4


class Runner:
    """Knows the steps of a comparison.

    Parameters
    ----------
    spec
        The comparison.
    tasks, models
        Loaded.
    cache
        Where vectors and predictions are kept.
    """

    def __init__(
        self,
        spec: ComparisonSpec,
        tasks: Sequence[Task],
        models: Sequence[ContextualModel],
        cache: Cache,
    ) -> None:
        self.spec = spec
        self.tasks = tasks
        self.models = models
        self.cache = cache

    def steps(self) -> list[Step]:
        """Return all steps."""
        found: list[Step] = []
        wanted = self.spec.baselines
        for task in self.tasks:
            found += [
                Step(f"{task.name}: {name}", partial(self.baseline, name, task), task)
                for name in baselines_for(task)
                if name in wanted
            ]
            for name, model in zip(self.spec.models, self.models, strict=True):
                what = f"{task.name}: {model.name}"
                found.append(Step(what, partial(self.model, model, task), task, model))
                if model.family == "static":
                    continue
                if "static" in wanted:
                    what = f"{task.name}: {model.name}, context-free"
                    found.append(Step(what, partial(self.twin, f"static:{name}", None, task), task, model))
                if "random" in wanted:
                    what = f"{task.name}: {model.name}, random weights"
                    twin = partial(self.twin, name, self.spec.random_seed, task)
                    found.append(Step(what, twin, task, model))
        return found

    def baseline(self, name: str, task: Task) -> Outcome:
        """Run a baseline without a model."""
        key = {"what": name, "task": task.fingerprint}
        return Outcome([self._line(key, task, name, "-", name, "mean", lambda: run_baseline(task, name))])

    def model(self, model: ContextualModel, task: Task) -> Outcome:
        """Run all that is wanted on a model's mean vectors, and a logistic probe on those of other pools."""
        pools = self._pools(task, model)
        vectors, *of_others = task_vectors(model, task, self.cache, pools=pools)
        found = Outcome()
        layers = [int(layer) for layer in resolve_layers(self.spec.layers, model.n_layers)]
        for layer in layers:
            lines = [
                line
                for probe in self.spec.probes
                if probe in probes_for(task.kind)
                for line in self._seeds(model, task, probe, layer, vectors)
            ]
            known = next((line.run for line in lines if line.probe == "logistic"), None)
            for name in self.spec.analyses:
                found.results += self._analysis(name, model, task, layer, vectors, known)
            found.lines += lines
        for pool, others in zip(pools[1:], of_others, strict=True):
            found.lines += [self._probe(model, task, "logistic", i, others, pool=pool) for i in layers]
        self._combine(found, model, task, vectors)
        if self.spec.map is not None and self.spec.map.task == task.name:
            found.maps += sense_map(model, task, self.spec.map, vectors)
        return found

    def twin(self, name: str, seed: int | None, task: Task) -> Outcome:
        """Run the leading probe on a model's random twin, or on its context-free vectors."""
        model = load(name, seed, self.spec.computation)
        (vectors,) = task_vectors(model, task, self.cache)
        layers = self.spec.layers if model.n_layers > 1 else "all"
        chosen = resolve_layers(layers, model.n_layers)
        probe = leading_probe(task, self.spec.probes)
        return Outcome([self._probe(model, task, probe, int(i), vectors) for i in chosen])

    def _pools(self, task: Task, model: ContextualModel) -> Sequence[Pool]:
        """Return the pools that make sense: of words the mean alone, and cls where there is such a piece."""
        if task.kind != "sentence-label":
            return self.spec.pools[:1]
        first_word = int(model.encode([Sentence(("a",))]).words[0])
        return [pool for pool in self.spec.pools if pool != "cls" or first_word == NO_WORD]

    def _combine(self, found: Outcome, model: ContextualModel, task: Task, vectors: Vectors) -> None:
        """Probe what is made of all layers, or of several."""
        if model.n_layers == 1 or task.kind in PAIR_KINDS:
            return
        wanted = self.spec.combinations
        if "concat" in wanted:
            found.lines.append(self._probe(model, task, "logistic", "concat", vectors))
        if "last4" in wanted and model.n_layers > _LAST:
            found.lines.append(self._probe(model, task, "logistic", "last4", vectors))
        if "mix" in wanted:
            found.add(self._mix(model, task, vectors))

    def _seeds(
        self, model: ContextualModel, task: Task, probe: str, layer: int, vectors: Vectors
    ) -> list[Line]:
        """Run a probe; one that starts at random several times."""
        seeds = range(self.spec.seed, self.spec.seed + (self.spec.restarts if probe == "mlp" else 1))
        return [self._probe(model, task, probe, layer, vectors, seed=seed) for seed in seeds]

    def _probe(
        self,
        model: ContextualModel,
        task: Task,
        probe: str,
        layer: int | str,
        vectors: Vectors,
        *,
        pool: str = "mean",
        seed: int | None = None,
    ) -> Line:
        chosen = self.spec.seed if seed is None else seed
        key = {**self._key(model, task, layer, pool), "probe": probe, "seed": chosen}
        features = _features(vectors, layer)
        return self._line(
            key,
            task,
            model.name,
            layer,
            probe,
            pool,
            lambda: run_probe(task, probe, features, seed=chosen),
            seed=chosen,
        )

    def _mix(self, model: ContextualModel, task: Task, vectors: Vectors) -> Outcome:
        restarts, seed = self.spec.restarts, self.spec.seed
        key = {**self._key(model, task, "mix", "mean"), "restarts": restarts, "seed": seed}
        key_of_mixes = {**key, "what": "mixes"}
        mixes: list[dict[str, Any]] = []

        def run() -> ProbeRun:
            found, tried = run_mix(task, vectors, seed=seed, restarts=restarts)
            mixes.extend(dataclasses.asdict(mix) for mix in tried)
            self.cache.rows(
                key_of_mixes, lambda: mixes
            )  # kept before the line is: never one without the other
            return found

        line = self._line(key, task, model.name, "mix", "logistic", "mean", run)
        rows = self.cache.rows(key_of_mixes, lambda: mixes)
        return Outcome([line], mixes=[{"model": model.name, "task": task.name, **row} for row in rows])

    def _analysis(
        self,
        name: str,
        model: ContextualModel,
        task: Task,
        layer: int,
        vectors: Vectors,
        known: ProbeRun | None,
    ) -> list[Result]:
        key = {**self._key(model, task, layer, "mean"), "what": name, "seed": self.spec.seed}
        run = ANALYSES[name]

        def rows() -> list[dict[str, Any]]:
            found = run(task, _features(vectors, layer), known, seed=self.spec.seed)
            return [dataclasses.asdict(result) for result in found]

        return [Result(**{**row, "model": model.name, "layer": layer}) for row in self.cache.rows(key, rows)]

    def _line(
        self,
        key: dict[str, Any],
        task: Task,
        model: str,
        layer: int | str,
        probe: str,
        pool: str,
        make: Callable[[], ProbeRun],
        *,
        seed: int | None = None,
    ) -> Line:
        """Return the line for `key`: predictions from the cache if they are there, and their scores."""
        chosen = self.spec.seed if seed is None else seed
        named = {"model": model, "layer": layer, "probe": probe, "pool": pool}

        def rows() -> list[dict[str, Any]]:
            run = make()
            results = [
                result
                for part in (run.dev, run.test)
                for result in scored_results(task, part.split, part.rows, part.labels, seed=chosen, **named)
            ]
            return [_stored(run), *(dataclasses.asdict(result) for result in results)]

        stored, *scores = self.cache.rows({**key, "interval": self.spec.seed}, rows)
        results = tuple(Result(**{**row, **named}) for row in scores)
        return Line(task, model, layer, probe, pool, _restored(stored), results)

    def _key(self, model: ContextualModel, task: Task, layer: int | str, pool: str) -> dict[str, Any]:
        return {
            "what": "probe",
            **model_key(model),
            "task": task.fingerprint,
            "layer": layer,
            "pool": pool,
        }


def _features(vectors: Vectors, layer: int | str) -> Features:
    """Return the function that reads the vectors of some examples, and no others, from disk."""
    if isinstance(layer, int):
        return lambda rows: read_rows(vectors, [layer], rows)
    layers = range(len(vectors)) if layer == "concat" else range(len(vectors) - _LAST, len(vectors))
    return lambda rows: read_rows(vectors, layers, rows)


def _stored(run: ProbeRun) -> dict[str, Any]:
    names, codes = np.unique(np.concatenate([run.dev.labels, run.test.labels]), return_inverse=True)
    return {
        "names": names.tolist(),
        "setting": run.setting,
        "dev": [run.dev.rows.tolist(), codes[: len(run.dev.rows)].tolist()],
        "test": [run.test.rows.tolist(), codes[len(run.dev.rows) :].tolist()],
    }


def _restored(stored: dict[str, Any]) -> ProbeRun:
    names = np.array(stored["names"], dtype=np.str_)
    dev, test = (
        Prediction(split, np.array(rows, dtype=np.int64), names[np.array(codes, dtype=np.int64)])
        for split, (rows, codes) in ((split, stored[split]) for split in ("dev", "test"))
    )
    return ProbeRun(dev, test, stored["setting"])
