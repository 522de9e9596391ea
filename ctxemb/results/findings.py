"""Findings: all that a comparison found, in memory and as a folder on disk, judged once."""

from __future__ import annotations

import dataclasses
import json
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ctxemb.atomic import write_text
from ctxemb.errors import FormatError, InputError, MissingFileError
from ctxemb.results.json_lines import read_records, write_records
from ctxemb.results.names import BASELINES, DEV, NO_LAYER, RANDOM, TEST, WORD, is_twin
from ctxemb.results.records import (
    Confusion,
    Difference,
    MapPoint,
    Mix,
    Ranks,
    Result,
    Training,
    Tuning,
    TuningRun,
)
from ctxemb.scoring.metric import Metric
from ctxemb.scoring.metrics import METRICS

if TYPE_CHECKING:
    import altair
    import pandas as pd

RESULTS, MANIFEST = "results.jsonl", "run.json"


@dataclass(frozen=True, slots=True)
class Findings:
    """All that one comparison found, or several.

    Tables, charts and sentences take from here what is decided: each model's chosen layer (`chosen`), the
    leading probe and metric of a task, and which differences are significant.

    Parameters
    ----------
    results
        Scores.
    mixes
        Learned layer weights.
    maps
        Points of word-sense maps.
    differences
        Paired differences on the test, each with its test.
    confusions
        Counts of gold by predicted label on the test.
    trainings
        Held-out losses of the models while they were trained.
    tunings, tuning_runs
        Tuned models beside their frozen probes, and each seed's run.
    manifests
        How the results of each comparison were made: spec, versions, models, tasks.
    ranks
        How often each model takes each rank when the test is resampled.
    """

    results: tuple[Result, ...] = ()
    mixes: tuple[Mix, ...] = ()
    maps: tuple[MapPoint, ...] = ()
    differences: tuple[Difference, ...] = ()
    confusions: tuple[Confusion, ...] = ()
    trainings: tuple[Training, ...] = ()
    tunings: tuple[Tuning, ...] = ()
    tuning_runs: tuple[TuningRun, ...] = ()
    manifests: tuple[dict[str, Any], ...] = ()
    ranks: tuple[Ranks, ...] = ()

    def __add__(self, other: Findings) -> Findings:
        """Return the findings of both, each record once."""
        joined = {
            field.name: getattr(self, field.name) + getattr(other, field.name)
            for field in dataclasses.fields(self)
        }
        for name in ("results", "trainings"):
            joined[name] = tuple(dict.fromkeys(joined[name]))
        return Findings(**joined)

    @property
    def title(self) -> str:
        """The title of the first comparison."""
        titles = [str(manifest["title"]) for manifest in self.manifests if manifest.get("title")]
        return titles[0] if titles else "Contextual embeddings compared"

    @property
    def tasks(self) -> list[str]:
        """Names of the tasks, in the order of the results."""
        return list(dict.fromkeys(result.task for result in self.results))

    def models(self, task: str) -> list[str]:
        """Names of the models of a task, twins and baselines left out."""
        names = dict.fromkeys(result.model for result in self.results if result.task == task)
        return [name for name in names if name not in BASELINES and not is_twin(name)]

    def probe(self, task: str) -> str:
        """Return the leading probe of a task: that of the first result of a model."""
        of_models = (result.probe for result in self.results if result.task == task and result.layer != "-")
        return next(of_models, "logistic")

    def probes(self, task: str) -> list[str]:
        """Return the probes on single layers of a task, the leading one first."""
        of_layers = (result.probe for result in self.scores(task) if isinstance(result.layer, int))
        return list(dict.fromkeys([self.probe(task), *of_layers]))

    def metric(self, task: str) -> str:
        """Return the leading metric of a task: that of its first result."""
        return next(result.metric for result in self.results if result.task == task)

    def metric_label(self, task: str, metric: str = "") -> str:
        """Return a metric, or the leading one of a task, as people write it."""
        return _metric(metric or self.metric(task)).label

    def unit(self, task: str) -> str:
        """Return what follows a score: `` %``, or nothing after a correlation, which is no share."""
        return _metric(self.metric(task)).unit

    def scores(
        self,
        task: str,
        *,
        model: str | None = None,
        probe: str | None = None,
        metric: str | None = None,
        split: str = TEST,
        pool: str = "mean",
        context: str = WORD,
    ) -> list[Result]:
        """Return the results of a task in its leading metric, or in `metric`, that fit what is given.

        A probe that was run with several seeds gives the results of the first.
        """
        wanted = metric or self.metric(task)
        fitting = [
            result
            for result in self.results
            if result.task == task
            and result.metric == wanted
            and result.split == split
            and result.pool == pool
            and result.context == context
            and (model is None or result.model == model)
            and (probe is None or result.probe == probe)
        ]
        line = operator.attrgetter("model", "layer", "probe")
        first: dict[Any, int] = {}
        for result in fitting:
            first[line(result)] = min(result.seed, first.get(line(result), result.seed))
        return [result for result in fitting if result.seed == first[line(result)]]

    def chosen(
        self, task: str, model: str, probe: str | None = None, pool: str = "mean", context: str = WORD
    ) -> Result | None:
        """Return the test result of the single layer that was best on dev; ties go to the lowest layer.

        Without results on dev it is the last layer: a layer is never chosen by the test. A baseline without
        a model has one result.
        """
        if model in BASELINES:
            return next((result for result in self.scores(task, model=model, pool=pool)), None)
        known = probe or self.probe(task)
        tested = self._layers(task, model, known, pool, context, TEST)
        on_dev = self._layers(task, model, known, pool, context, DEV)
        if not tested:
            return None
        layer = max(on_dev, key=lambda number: (on_dev[number].value, -number)) if on_dev else max(tested)
        return tested.get(layer)

    def twins(self, task: str, model: str) -> list[Result]:
        """Return the test result of each random twin of a model, at the layer that was best on dev."""
        name = model + RANDOM
        own = [result for result in self.results if (result.task, result.model) == (task, name)]
        others = [result for result in self.results if result.task == task and result.model != name]
        found = (
            Findings((*others, *(result for result in own if result.seed == seed))).chosen(task, name)
            for seed in sorted({result.seed for result in own})
        )
        return [result for result in found if result is not None]

    def same_line(self, result: Result, *, metric: str, split: str) -> Result | None:
        """Return the score of the same probe and layer in another metric, or on a part of the test."""
        wanted = dataclasses.replace(result, metric=metric, split=split)
        same = operator.attrgetter(
            "model", "layer", "task", "split", "probe", "metric", "seed", "pool", "context"
        )
        return next((other for other in self.results if same(other) == same(wanted)), None)

    def _layers(
        self, task: str, model: str, probe: str, pool: str, context: str, split: str
    ) -> dict[int, Result]:
        scores = self.scores(task, model=model, probe=probe, split=split, pool=pool, context=context)
        return {result.layer: result for result in scores if isinstance(result.layer, int)}

    def contexts(self, task: str) -> list[str]:
        """Return the contexts of the vectors of a task, that of the word alone first."""
        found = dict.fromkeys(result.context for result in self.results if result.task == task)
        return [WORD, *(context for context in found if context != WORD)]

    def parts(self, task: str) -> list[str]:
        """Names of the parts of a task's test, in order."""
        splits = dict.fromkeys(result.split for result in self.results if result.task == task)
        return [split.partition(":")[2] for split in splits if split.startswith(f"{TEST}:")]

    def compared(self, task: str, a: str, b: str) -> Difference | None:
        """Return the difference of two models on a task, a less b, whichever way it was written down.

        It is of the vectors of words alone.
        """
        for row in self.differences:
            if (row.task, row.context) != (task, WORD):
                continue
            if (row.a, row.b) == (a, b):
                return row
            if (row.a, row.b) == (b, a):
                return row.turned()
        return None

    def runs(self, tuning: Tuning) -> list[TuningRun]:
        """Return the runs of a tuning, one for each seed."""
        named = operator.attrgetter("task", "model", "recipe")
        return [run for run in self.tuning_runs if named(run) == named(tuning)]

    def failed(self, tuning: Tuning) -> list[TuningRun]:
        """Return the runs that are not above the majority on the test: BERT's known instability."""
        return [run for run in self.runs(tuning) if run.test <= tuning.majority]

    def one(self, task: str, model: str, layer: int | str = NO_LAYER) -> Result | None:
        """Return the score of one layer of a model, or of a baseline, with its main probe."""
        scores = [result for result in self.scores(task, model=model) if result.layer == layer]
        lead = self.probe(task)
        return next((result for result in scores if result.probe == lead), scores[0] if scores else None)

    def save(self, folder: str | Path) -> Path:
        """Write the findings into `folder`, a file of JSON Lines per kind of record, and ``run.json``."""
        place = Path(folder)
        write_records(self.results, place / RESULTS)
        for name in _OPTIONAL:
            write_records(getattr(self, name), place / f"{name}.jsonl")
        manifests: Any = self.manifests[0] if len(self.manifests) == 1 else list(self.manifests)
        write_text(place / MANIFEST, json.dumps(manifests, indent=2, ensure_ascii=False) + "\n")
        return place

    def to_frame(self) -> pd.DataFrame:
        """Return the results as a tidy pandas table: a score per row, a column per field of `Result`."""
        import pandas as pd

        names = [field.name for field in dataclasses.fields(Result)]
        return pd.DataFrame([result.as_row() for result in self.results], columns=names)

    def chart(self, task: str = "") -> altair.TopLevelMixin:
        """Return the curves of a task (the first unless named): score by layer, a line per model."""
        from ctxemb.reporting.figures import score_curves

        if not self.results:
            raise InputError("there are no results to draw")
        return score_curves(self, task or self.tasks[0])

    def report(self, file: str | Path) -> Path:
        """Write a report; the ending of `file` (.html, .md, .tex or .csv) says in which format."""
        from ctxemb.reporting.write import write_findings

        return write_findings(self, Path(file))

    def _repr_html_(self) -> str:
        from ctxemb.reporting.notebook import render_summary

        return render_summary(self)


def read_findings(paths: Sequence[Path]) -> Findings:
    """Read results folders, or files of results alone.

    Raises
    ------
    MissingFileError
        If there is nothing at a path.
    FormatError
        If a file is not what it should be.
    InputError
        If there are no results at all.
    """
    findings = Findings()
    for path in paths:
        if path.is_dir():
            findings += _read_folder(path)
        elif path.is_file():
            findings += Findings(results=tuple(read_records(path, Result)))
        else:
            raise MissingFileError(f"no results at {path}")
    if not findings.results:
        raise InputError(f"there are no results in {', '.join(map(str, paths))}")
    seen = {(row.model, row.words): row for row in findings.trainings}
    return dataclasses.replace(findings, trainings=tuple(seen.values()))


_OPTIONAL: dict[str, type] = {
    "mixes": Mix,
    "maps": MapPoint,
    "differences": Difference,
    "ranks": Ranks,
    "confusions": Confusion,
    "trainings": Training,
    "tunings": Tuning,
    "tuning_runs": TuningRun,
}
"""Files of a results folder besides the results, and the records in them."""


def _read_folder(folder: Path) -> Findings:
    records: dict[str, Any] = {
        name: tuple(read_records(path, kind))
        for name, kind in _OPTIONAL.items()
        if (path := folder / f"{name}.jsonl").is_file()
    }
    results = tuple(read_records(folder / RESULTS, Result))
    return Findings(results, **records, manifests=_read_manifests(folder / MANIFEST))


def _read_manifests(path: Path) -> tuple[dict[str, Any], ...]:
    if not path.is_file():
        return ()
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise FormatError(f"{path}: not JSON: {error}") from error
    manifests = read if isinstance(read, list) else [read]
    if not all(isinstance(manifest, dict) for manifest in manifests):
        raise FormatError(f"{path}: expected an object")
    return tuple(manifests)


def _metric(name: str) -> Metric:
    return METRICS.get(name) or Metric(name, name.replace("_", "-"))
