"""The steps of a comparison; each returns its own output, and none needs another."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctxemb.analysis import Layer, analyses_for
from ctxemb.comparison.cache import Cache
from ctxemb.comparison.contexts import OTHERS
from ctxemb.comparison.line import Line, StepOutput, restore_run, store_run
from ctxemb.comparison.maps import sense_map
from ctxemb.comparison.own import NOTHING, Own
from ctxemb.comparison.scheduler import Step
from ctxemb.comparison.spaced import spaced
from ctxemb.comparison.spec import ComparisonSpec
from ctxemb.comparison.vectors import LAST, SUM_LAST, features_of, model_key, task_vectors
from ctxemb.extraction.layers import resolve_layers
from ctxemb.extraction.pooling import Pool
from ctxemb.models import ContextualModel, load
from ctxemb.models.encoding import NO_WORD
from ctxemb.models.static import StaticModel
from ctxemb.probes import (
    LOGISTIC,
    ProbeRun,
    baselines_for,
    run_baseline,
    run_mix,
    run_probe,
    scored_results,
)
from ctxemb.probes.splits import splits_of_task
from ctxemb.results import Mix, Result
from ctxemb.results.names import CONTEXT_MEAN, NO_LAYER, STATIC, WORD
from ctxemb.tasks import Task
from ctxemb.tasks.base import PAIR_KINDS, WORD_KINDS
from ctxemb.text.sentence import Sentence

Vectors = NDArray[np.float32]
"""(n_layers, n_examples, width), memory-mapped."""


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
    own
        The caller's own objects; a model of theirs has no twin with random weights.
    """

    def __init__(
        self,
        spec: ComparisonSpec,
        tasks: Sequence[Task],
        models: Sequence[ContextualModel],
        cache: Cache,
        own: Own = NOTHING,
    ) -> None:
        self.spec = spec
        self.tasks = tasks
        self.models = models
        self.cache = cache
        self.own = own

    def steps(self) -> list[Step]:
        """Return all steps."""
        steps: list[Step] = []
        wanted = self.spec.baselines
        for task in self.tasks:
            steps += [
                Step(f"{task.name}: {name}", partial(self.baseline, name, task), task)
                for name in baselines_for(task)
                if name in wanted
            ]
            for name, model in zip(self.spec.models, self.models, strict=True):
                what = f"{task.name}: {model.name}"
                steps.append(Step(what, partial(self.model, model, task), task, model))
                if model.family == "static":
                    continue
                if "static" in wanted:
                    what = f"{task.name}: {model.name}, context-free"
                    steps.append(
                        Step(what, partial(self.twin, partial(self._static, name), task), task, model)
                    )
                if CONTEXT_MEAN.removeprefix("@") in wanted and task.kind == "word-sense":
                    what = f"{task.name}: {model.name}, mean of the other words"
                    steps.append(Step(what, partial(self.context_mean, name, task), task, model))
                if "random" in wanted and name not in self.own.models:
                    for number in range(self.spec.twins):
                        what = f"{task.name}: {model.name}, random weights" + f" {number + 1}" * (number > 0)
                        twin = partial(self.twin, partial(self._random, name, number), task, number)
                        steps.append(Step(what, twin, task, model))
        return steps

    def on_equal_terms(self, line: Line) -> Line:
        """Return a model's line as it is without learning from dev, from which tuned models never learn."""
        if all(split.final is split.train for split in splits_of_task(line.task)):
            return line
        model = next(model for model in self.models if model.name == line.model)
        (vectors,) = task_vectors(model, line.task, self.cache)
        return self._probe(model, line.task, line.probe, line.layer, vectors, learn_dev=False)

    def baseline(self, name: str, task: Task) -> StepOutput:
        """Run a baseline without a model."""
        key = {"what": name, "task": task.fingerprint}
        line = self._line(key, task, name, NO_LAYER, name, "mean", lambda: run_baseline(task, name))
        return StepOutput((line,))

    def model(self, model: ContextualModel, task: Task) -> StepOutput:
        """Run all that is wanted on a model's mean vectors, and a probe on other pools and contexts."""
        pools = self._pools(task, model)
        contexts = self.spec.contexts[1:] if task.kind in WORD_KINDS else ()
        vectors, *of_others = task_vectors(model, task, self.cache, pools=pools, contexts=contexts)
        of_pools, of_contexts = of_others[: len(pools) - 1], of_others[len(pools) - 1 :]
        lines: list[Line] = []
        measures: list[Result] = []
        layers = [int(layer) for layer in resolve_layers(self.spec.layers, model.n_layers)]
        known_probes, analyses = self.own.probes_for(task.kind), analyses_for(task.kind)
        for layer in layers:
            of_layer = [
                line
                for probe in self.spec.probes
                if probe in known_probes
                for line in self._seeds(model, task, probe, layer, vectors)
            ]
            known = next((line.run for line in of_layer if line.probe == LOGISTIC.name), None)
            for name in (name for name in self.spec.analyses if name in analyses):
                measures += self._analysis(name, model, task, layer, vectors, known)
            lines += of_layer
        for pool, others in zip(pools[1:], of_pools, strict=True):
            lines += [self._probe(model, task, LOGISTIC.name, i, others, pool=pool) for i in layers]
        lead = self.own.leading_probe(task, self.spec.probes)
        for context, others in zip(contexts, of_contexts, strict=True):
            lines += [self._probe(model, task, lead, i, others, context=context) for i in layers]
        output = StepOutput(tuple(lines), tuple(measures)) + self._combined(model, task, vectors)
        wanted = self.spec.map.task if self.spec.map is not None else None
        if self.spec.map is not None and any(
            one is task and name == wanted for name, one in zip(self.spec.tasks, self.tasks, strict=True)
        ):
            output += StepOutput(maps=tuple(sense_map(model, task, self.spec.map, vectors)))
        return output

    def _static(self, name: str) -> ContextualModel:
        own = self.own.models.get(name)
        return StaticModel(own) if own else load(f"static:{name}", computation=self.spec.computation)

    def _random(self, name: str, number: int) -> ContextualModel:
        return load(name, self.spec.random_seed + number, self.spec.computation)

    def twin(self, make: Callable[[], ContextualModel], task: Task, number: int = 0) -> StepOutput:
        """Run the leading probe on one of a model's random twins, or on its context-free vectors."""
        seed = self.spec.seed + number
        model = make()
        (vectors,) = task_vectors(model, task, self.cache)
        layers = self.spec.layers if model.n_layers > 1 else "all"
        chosen = resolve_layers(layers, model.n_layers)
        probe = self.own.leading_probe(task, self.spec.probes)
        return StepOutput(tuple(self._probe(model, task, probe, int(i), vectors, seed=seed) for i in chosen))

    def context_mean(self, name: str, task: Task) -> StepOutput:
        """Run the leading probe on the mean of the other words' context-free vectors."""
        model = self._static(name)
        (vectors,) = task_vectors(model, task, self.cache, pools=(), contexts=(OTHERS,))
        probe = self.own.leading_probe(task, self.spec.probes)
        line = self._probe(model, task, probe, 0, vectors, context=OTHERS)
        return StepOutput((line.called(model.name.removesuffix(STATIC) + CONTEXT_MEAN),))

    def _pools(self, task: Task, model: ContextualModel) -> Sequence[Pool]:
        """Return the pools that make sense: of words the mean alone, and cls where there is such a piece."""
        if task.kind != "sentence-label":
            return self.spec.pools[:1]
        first_word = int(model.encode([Sentence(("a",))]).words[0])
        return [pool for pool in self.spec.pools if pool != "cls" or first_word == NO_WORD]

    def _combined(self, model: ContextualModel, task: Task, vectors: Vectors) -> StepOutput:
        """Probe what is made of all layers, or of several."""
        output = StepOutput()
        wanted = self.spec.combinations
        if SUM_LAST in wanted and model.n_layers > LAST:
            known = self.own.probes_for(task.kind)
            output += StepOutput(
                tuple(
                    line
                    for probe in self.spec.probes
                    if probe in known
                    for line in self._seeds(model, task, probe, SUM_LAST, vectors)
                )
            )
        if model.n_layers == 1 or task.kind in PAIR_KINDS:
            return output
        if "concat" in wanted:
            output += StepOutput((self._probe(model, task, LOGISTIC.name, "concat", vectors),))
        if "last4" in wanted and model.n_layers > LAST:
            output += StepOutput((self._probe(model, task, LOGISTIC.name, "last4", vectors),))
        if "mix" in wanted:
            output += self._mix(model, task, vectors)
        return output

    def _seeds(
        self, model: ContextualModel, task: Task, probe: str, layer: int | str, vectors: Vectors
    ) -> list[Line]:
        """Run a probe; one that starts at random several times."""
        is_random = self.own.probes_for(task.kind)[probe].is_random
        seeds = range(self.spec.seed, self.spec.seed + (self.spec.restarts if is_random else 1))
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
        context: str = WORD,
        seed: int | None = None,
        learn_dev: bool = True,
    ) -> Line:
        chosen = self.spec.seed if seed is None else seed
        key = {**self._key(model, task, layer, pool), "probe": probe, "seed": chosen}
        if context != WORD:
            key["context"] = context
        if not learn_dev:
            key["learn_dev"] = False
        if self.spec.space != "raw":
            key["space"] = self.spec.space
        features = spaced(task, features_of(vectors, layer), self.spec.space)
        return self._line(
            key,
            task,
            model.name,
            layer,
            probe,
            pool,
            lambda: run_probe(
                task, self.own.probes.get(probe, probe), features, seed=chosen, learn_dev=learn_dev
            ),
            context=context,
            seed=chosen,
            cache=Cache(None) if probe in self.own.probes else self.cache,
        )

    def _mix(self, model: ContextualModel, task: Task, vectors: Vectors) -> StepOutput:
        restarts, seed = self.spec.restarts, self.spec.seed
        key = {**self._key(model, task, "mix", "mean"), "restarts": restarts, "seed": seed}
        key_of_mixes = {**key, "what": "mixes"}
        mixes: list[dict[str, Any]] = []

        def probe() -> ProbeRun:
            run, tried = run_mix(task, vectors, seed=seed, restarts=restarts)
            mixes.extend(map(_nameless, tried))
            self.cache.rows(key_of_mixes, lambda: mixes)  # before the line: never one without the other
            return run

        line = self._line(key, task, model.name, "mix", LOGISTIC.name, "mean", probe)
        rows = self.cache.rows(key_of_mixes, lambda: mixes)
        named = {"model": model.name, "task": task.name}
        mixes_read = (Mix(**{**row, **named, "weights": tuple(row["weights"])}) for row in rows)
        return StepOutput((line,), mixes=tuple(mixes_read))

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

        def rows() -> list[dict[str, Any]]:
            given = Layer(task, features_of(vectors, layer), known, self.spec.seed)
            results = analyses_for(task.kind)[name].results(given)
            return list(map(_nameless, results))

        named = {"model": model.name, "layer": layer, "task": task.name}
        return [Result(**{**row, **named}) for row in self.cache.rows(key, rows)]

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
        context: str = WORD,
        seed: int | None = None,
        cache: Cache | None = None,
    ) -> Line:
        """Return the line for `key`: predictions from the cache if they are there, and their scores."""
        chosen = self.spec.seed if seed is None else seed
        named = {"model": model, "layer": layer, "probe": probe, "pool": pool, "context": context}

        def rows() -> list[dict[str, Any]]:
            run = make()
            results = [
                result
                for part in (run.dev, run.test)
                for result in scored_results(task, part.split, part.rows, part.labels, seed=chosen, **named)
            ]
            return [store_run(run), *map(_nameless, results)]

        stored, *scores = (cache or self.cache).rows({**key, "interval": self.spec.seed}, rows)
        # Names are those of today, not those of the day when the scores were cached.
        run = restore_run(stored)
        known = {**named, "task": task.name, "setting": run.setting or None}
        results = tuple(Result(**{**row, **known}) for row in scores)
        return Line(task, model, layer, probe, pool, run, results, context)

    def _key(self, model: ContextualModel, task: Task, layer: int | str, pool: str) -> dict[str, Any]:
        return {
            "what": "probe",
            **model_key(model),
            "task": task.fingerprint,
            "layer": layer,
            "pool": pool,
        }


def _nameless(record: Result | Mix) -> dict[str, Any]:
    """Return a record as the cache keeps it: without the names that model and task have today."""
    return {key: value for key, value in dataclasses.asdict(record).items() if key not in ("model", "task")}
