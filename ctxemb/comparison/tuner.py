"""Fine-tuning on a task with several seeds, scored on its test."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ctxemb.comparison.seed_scores import mean_score, sorted_labels
from ctxemb.errors import InputError
from ctxemb.finetuning.items import items_of, targets_of
from ctxemb.finetuning.labels import Labels
from ctxemb.finetuning.loop import Entry
from ctxemb.finetuning.recipe import Shape
from ctxemb.finetuning.tune import Material, Source, plan_of, tune
from ctxemb.finetuning.tuned import Tuned
from ctxemb.models.computation import check_device
from ctxemb.pretraining.team import Team, join_team
from ctxemb.probes import Prediction, score_of
from ctxemb.probes.splits import Split, splits_of_task
from ctxemb.results.names import DEV, TEST
from ctxemb.scoring.statistics import Interval, PairedDifference
from ctxemb.tasks import Task

Report = Callable[[str, Entry], None]
"""Called with what is done and the entry of an epoch."""


@dataclass(frozen=True, slots=True, eq=False)
class TunedRun:
    """One seed's run, over all folds of the task if it has folds.

    Parameters
    ----------
    seed
        Of all that was random.
    tuned
        The classifiers, one for each fold.
    dev, test
        What they predicted.
    dev_score, test_score
        The task's leading score.
    """

    seed: int
    tuned: tuple[Tuned, ...]
    dev: Prediction
    test: Prediction
    dev_score: float
    test_score: float

    @property
    def rate(self) -> float | None:
        """The learning rate that dev chose; None with folds, which choose one each."""
        about = self.tuned[0].about
        return about.rate if about is not None and len(self.tuned) == 1 else None

    @property
    def epoch(self) -> int | None:
        """The epoch that dev chose; None with folds."""
        about = self.tuned[0].about
        return about.best_epoch if about is not None and len(self.tuned) == 1 else None

    @property
    def curve(self) -> tuple[float, ...]:
        """The scores on dev by epoch, at the chosen rate; with folds, those of the first."""
        tuned = self.tuned[0]
        rate = None if tuned.about is None else tuned.about.rate
        return tuple(e["dev_score"] for e in tuned.log if e.get("rate") == rate and "dev_score" in e)


@dataclass(frozen=True, slots=True, eq=False)
class TuningOutcome:
    """A model tuned on a task by a recipe, with several seeds.

    Parameters
    ----------
    task, model, recipe
        What was tuned, on what, and how.
    runs
        One for each seed.
    score
        Mean over seeds on the test, with an interval that resamples seeds and examples.
    majority
        What the most frequent labels of training score on the test.
    frozen
        The test predictions of the frozen probe at the layer that dev chose, and its score; it has learned
        from the same examples. None if it was not asked for.
    difference
        The tuned runs less the frozen probe.
    notes
        What a reader should know: texts that were cut, labels that training has not seen.
    """

    task: Task
    model: str
    recipe: str
    runs: tuple[TunedRun, ...]
    score: Interval
    majority: float
    frozen: tuple[Prediction, Interval] | None = None
    difference: PairedDifference | None = None
    notes: tuple[str, ...] = field(default=())

    @property
    def failed(self) -> list[int]:
        """The seeds whose run is not above the majority on the test: BERT's known instability."""
        return [run.seed for run in self.runs if run.test_score <= self.majority]

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each seed, the mean, and the frozen probe."""
        columns = ("seed", "rate", "epoch", "dev", "test", "low", "high")
        blank: dict[str, Any] = dict.fromkeys(columns)
        named = {"model": self.model, "recipe": self.recipe, "task": self.task.name, **blank}
        rows: list[dict[str, Any]] = [
            {
                **named,
                "seed": str(run.seed),
                "rate": None if run.rate is None else f"{run.rate:g}",
                "epoch": run.epoch,
                "dev": run.dev_score,
                "test": run.test_score,
            }
            for run in self.runs
        ]
        dev = float(np.mean([run.dev_score for run in self.runs]))
        rows.append({**named, "seed": "mean", "dev": dev, **_numbers(self.score)})
        if self.frozen is not None:
            rows.append({**named, "recipe": "frozen", "seed": "-", **_numbers(self.frozen[1])})
        return rows


def _numbers(score: Interval) -> dict[str, float]:
    return {"test": score.value, "low": score.low, "high": score.high}


def tune_on_task(
    model: str,
    task: Task,
    recipe: str | None,
    seeds: Sequence[int],
    *,
    folder: Path | None = None,
    device: str = "cpu",
    report: Report = lambda what, entry: None,
    changes: Mapping[str, Any] | None = None,
) -> TuningOutcome:
    """Tune a model on a task with several seeds, and score it on the test.

    The first seed chooses the learning rate, where a recipe has several; dev decides. The others take the
    same. The model never learns from dev.

    Parameters
    ----------
    model
        Name or folder of an ELMo, GPT or BERT.
    task
        The task.
    recipe
        Name of a recipe, perhaps with settings; None for that of the family.
    seeds
        Which.
    folder
        Where each seed's tuned model goes; None to write nothing.
    device
        Where to compute; several processes started by `accelerate launch` share every step.
    report
        Called with an entry for each epoch.
    changes
        Other numbers of the recipe.
    """
    check_device(device)
    if not seeds:
        raise InputError("fine-tuning needs at least one seed")
    source = Source.of(model)
    team = join_team(device)
    tuner = _Tuner(source, task, recipe, changes or {}, folder, team, report)
    runs = tuple(tuner.runs(seeds))
    team.leave()
    mean = mean_score(task, np.sort(runs[0].test.rows), [sorted_labels(run.test) for run in runs])
    return TuningOutcome(
        task, source.name, tuner.recipe_name, runs, mean, tuner.majority(), notes=tuple(tuner.notes)
    )


@dataclass(eq=False)
class _Tuner:
    source: Source
    task: Task
    recipe: str | None
    changes: Mapping[str, Any]
    folder: Path | None
    team: Team
    report: Report

    def __post_init__(self) -> None:
        self.chosen, self.plan = plan_of(self.source, self.recipe, self.changes)
        self.recipe_name = self.recipe or self.chosen.name
        self.splits = splits_of_task(self.task)
        self.notes: dict[str, None] = {}

    def runs(self, seeds: Sequence[int]) -> Iterator[TunedRun]:
        rates: dict[int, float] = {}
        for seed in seeds:
            parts = []
            for number, split in enumerate(self.splits):
                plan = self.plan.changed({"learning_rate": rates[number]} if number in rates else {})
                parts.append(self._run(seed, number, split, plan))
                about = parts[-1][0].about
                assert about is not None
                rates[number] = about.rate
            yield self._joined(seed, parts)

    def _run(self, seed: int, number: int, split: Split, plan: Any) -> tuple[Tuned, Prediction, Prediction]:
        place = f"seed-{seed}" + (f"/fold-{number}" if len(self.splits) > 1 else "")
        folder = None if self.folder is None else self.folder / place
        material = self._material(split)
        tuned = tune(self.source, material, self.chosen, plan, seed, folder=folder, team=self.team,
                     report=lambda entry: self.report(place, entry))  # fmt: skip
        test = items_of(self.task, split.test)
        dev, found = tuned.predict(material.dev), tuned.predict(test)
        self._note(tuned, material, test)
        return tuned, Prediction(DEV, dev.rows, dev.labels), Prediction(TEST, found.rows, found.labels)

    def _material(self, split: Split) -> Material:
        task = self.task
        train, dev = items_of(task, split.train), items_of(task, split.dev)
        what = f"task '{task.name}'"
        labels = Labels.of(targets_of(train), task.fallback, what)
        if not len(split.dev):
            raise InputError(f"{what}: there is no dev example to choose by")
        shape = Shape(task.kind, task.symmetric, labels)
        return Material(task.name, task.fingerprint, shape, train, dev,
                        lambda rows, found: score_of(task, rows, found))  # fmt: skip

    def _note(self, tuned: Tuned, material: Material, test: Sequence[Any]) -> None:
        if tuned.cut:
            self.notes[f"{len(tuned.cut):,} texts were cut to the window of {self.source.name}"] = None
        if unseen := material.shape.labels.unseen(targets_of([*material.dev, *test])):
            shown = ", ".join(unseen[:5]) + (" …" if len(unseen) > 5 else "")
            self.notes[f"labels that training has not seen count as wrong: {shown}"] = None
        about = tuned.about
        for rate in about.diverged if about is not None else ():
            self.notes[f"the learning rate {rate:g} failed: its loss was not a number"] = None

    def _joined(self, seed: int, parts: Sequence[tuple[Tuned, Prediction, Prediction]]) -> TunedRun:
        tuned, devs, tests = zip(*parts, strict=True)
        dev, test = (
            Prediction(name, np.concatenate([p.rows for p in some]), np.concatenate([p.labels for p in some]))
            for name, some in ((DEV, devs), (TEST, tests))
        )
        scores = [score_of(self.task, part.rows, part.labels) for part in (dev, test)]
        return TunedRun(seed, tuple(tuned), dev, test, *scores)

    def majority(self) -> float:
        """Return what the most frequent label of each group in training scores on the test."""
        rows, labels = [], []
        for split in self.splits:
            counts: dict[str, Counter[str]] = {}
            for row in split.train.tolist():
                example = self.task.examples[row]
                counts.setdefault(example.group, Counter())[example.label] += 1
            most = {group: min(c, key=lambda x: (-c[x], x)) for group, c in counts.items()}
            groups = self.task.example_groups[split.test].tolist()
            labels += [most.get(group, self.task.fallback.get(group, "")) for group in groups]
            rows.append(split.test)
        return score_of(self.task, np.concatenate(rows), np.array(labels))
