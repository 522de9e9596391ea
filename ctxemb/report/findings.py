"""What a report is made from: results folders, read and checked."""

from __future__ import annotations

import dataclasses
import json
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ctxemb.errors import FormatError, InputError, MissingFileError
from ctxemb.results import Result, read_results

BASELINES = ("majority", "bag-of-words", "word-majority", "first-sense")
_LABELS = {"macro_f1": "macro-F1", "matthews": "Matthews correlation × 100", "chunk_f1": "chunk F1"}
DEV, TEST = "dev", "test"
RANDOM, STATIC = "@random", "@static"


@dataclass(frozen=True, slots=True)
class Findings:
    """All that was read.

    Parameters
    ----------
    results
        Scores.
    mixes, maps, trainings
        Rows of learned layer weights, points of word-sense maps, and held-out losses during training.
    differences, confusions
        Paired comparisons on the test, and counts of gold by predicted labels.
    manifests
        How each folder's results were made.
    tunings
        Tuned models beside their frozen probes.
    """

    results: tuple[Result, ...]
    mixes: tuple[dict[str, Any], ...]
    maps: tuple[dict[str, Any], ...]
    trainings: tuple[dict[str, Any], ...]
    differences: tuple[dict[str, Any], ...]
    confusions: tuple[dict[str, Any], ...]
    manifests: tuple[dict[str, Any], ...]
    tunings: tuple[dict[str, Any], ...] = ()

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
        return [name for name in names if name not in BASELINES and "@" not in name]

    def probe(self, task: str) -> str:
        """Return the leading probe of a task: that of the first result of a model."""
        of_models = (result.probe for result in self.results if result.task == task and result.layer != "-")
        return next(of_models, "logistic")

    def metric(self, task: str) -> str:
        """Return the leading metric of a task: that of its first result."""
        return next(result.metric for result in self.results if result.task == task)

    def metric_label(self, task: str, metric: str = "") -> str:
        """Return a metric, or the leading one of a task, as people write it."""
        named = metric or self.metric(task)
        return _LABELS.get(named, named.replace("_", "-"))

    def unit(self, task: str) -> str:
        """Return what follows a score: `` %``, or nothing after a correlation, which is no share."""
        return "" if self.metric(task) == "matthews" else " %"

    def scores(
        self,
        task: str,
        *,
        model: str | None = None,
        probe: str | None = None,
        metric: str | None = None,
        split: str = TEST,
        pool: str = "mean",
    ) -> list[Result]:
        """Return the results of a task in its leading metric, or in `metric`, that fit what is given.

        Of a probe that was run with several seeds, it is the first.
        """
        wanted = metric or self.metric(task)
        found = [
            result
            for result in self.results
            if result.task == task
            and result.metric == wanted
            and result.split == split
            and result.pool == pool
            and (model is None or result.model == model)
            and (probe is None or result.probe == probe)
        ]
        line = operator.attrgetter("model", "layer", "probe")
        first: dict[Any, int] = {}
        for result in found:
            first[line(result)] = min(result.seed, first.get(line(result), result.seed))
        return [result for result in found if result.seed == first[line(result)]]

    def best(self, task: str, model: str, probe: str | None = None, pool: str = "mean") -> Result | None:
        """Return the test result of the single layer that was best on dev; of equals, the lowest.

        Without results on dev it is the last layer: a layer is never chosen by the test.
        """
        known = probe or self.probe(task)
        tested = self._layers(task, model, known, pool, TEST)
        chosen = self._layers(task, model, known, pool, DEV)
        if not tested:
            return None
        layer = max(chosen, key=lambda number: (chosen[number].value, -number)) if chosen else max(tested)
        return tested.get(layer)

    def same_line(self, result: Result, *, metric: str, split: str) -> Result | None:
        """Return the score of the same probe and layer in another metric, or on a part of the test."""
        wanted = dataclasses.replace(result, metric=metric, split=split)
        same = operator.attrgetter("model", "layer", "task", "split", "probe", "metric", "seed", "pool")
        return next((found for found in self.results if same(found) == same(wanted)), None)

    def _layers(self, task: str, model: str, probe: str, pool: str, split: str) -> dict[int, Result]:
        found = self.scores(task, model=model, probe=probe, split=split, pool=pool)
        return {result.layer: result for result in found if isinstance(result.layer, int)}

    def parts(self, task: str) -> list[str]:
        """Names of the parts of a task's test, in order."""
        splits = dict.fromkeys(result.split for result in self.results if result.task == task)
        return [split.partition(":")[2] for split in splits if split.startswith(f"{TEST}:")]

    def compared(self, task: str, a: str, b: str) -> dict[str, Any] | None:
        """Return the difference of two models on a task, a less b, whichever way it was written down."""
        for row in self.differences:
            if row["task"] == task and (row["a"], row["b"]) == (a, b):
                return row
            if row["task"] == task and (row["a"], row["b"]) == (b, a):
                turned = {"a": a, "b": b, "layer_a": row["layer_b"], "layer_b": row["layer_a"]}
                signed = {"difference": -row["difference"], "low": -row["high"], "high": -row["low"]}
                return {**row, **turned, **signed, "effect": -row["effect"]}
        return None

    def one(self, task: str, model: str, layer: int | str) -> Result | None:
        """Return the score of one layer of a model, or of a baseline, with its main probe."""
        found = [result for result in self.scores(task, model=model) if result.layer == layer]
        return next((one for one in found if one.probe == self.probe(task)), found[0] if found else None)


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
    results: list[Result] = []
    mixes: list[dict[str, Any]] = []
    maps: list[dict[str, Any]] = []
    trainings: list[dict[str, Any]] = []
    differences: list[dict[str, Any]] = []
    confusions: list[dict[str, Any]] = []
    manifests: list[dict[str, Any]] = []
    tunings: list[dict[str, Any]] = []
    for path in paths:
        if path.is_dir():
            results += read_results(path / "results.jsonl")
            mixes += _rows(path / "mixes.jsonl", {"model", "task", "weights"})
            maps += _rows(path / "maps.jsonl", {"task", "word", "model", "layer", "sense", "x", "y", "text"})
            trainings += _rows(path / "trainings.jsonl", {"model", "words", "bits_per_character"})
            differences += _rows(path / "differences.jsonl", _OF_DIFFERENCES)
            confusions += _rows(
                path / "confusions.jsonl", {"task", "model", "layer", "group", "gold", "predicted", "count"}
            )
            manifests += _manifest(path / "run.json")
            tunings += _rows(path / "tunings.jsonl", _OF_TUNINGS)
        elif path.is_file():
            results += read_results(path)
        else:
            raise MissingFileError(f"no results at {path}")
    if not results:
        raise InputError(f"there are no results in {', '.join(map(str, paths))}")
    seen = {(row["model"], row["words"]): row for row in trainings}
    return Findings(
        tuple(dict.fromkeys(results)),
        tuple(mixes),
        tuple(maps),
        tuple(seen.values()),
        tuple(differences),
        tuple(confusions),
        tuple(manifests),
        tuple(tunings),
    )


_OF_DIFFERENCES = {
    "task", "a", "layer_a", "b", "layer_b", "metric", "difference", "low", "high", "p", "p_holm", "effect",
    "n",
}  # fmt: skip


_OF_TUNINGS = {
    "task", "model", "recipe", "metric", "value", "low", "high", "frozen", "frozen_layer", "difference",
    "difference_low", "difference_high", "p", "p_holm", "failed", "seeds", "n",
}  # fmt: skip


def _rows(path: Path, keys: set[str]) -> list[dict[str, Any]]:
    if not path.is_file():
        return []
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise FormatError(f"{path}:{number}: not JSON: {error}") from error
        if not isinstance(row, dict) or not keys <= set(row):
            raise FormatError(f"{path}:{number}: expected the keys {', '.join(sorted(keys))}")
        rows.append(row)
    return rows


def _manifest(path: Path) -> list[dict[str, Any]]:
    if not path.is_file():
        return []
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise FormatError(f"{path}: not JSON: {error}") from error
    if not isinstance(manifest, dict):
        raise FormatError(f"{path}: expected an object")
    return [manifest]
