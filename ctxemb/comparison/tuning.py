"""Fine-tuning on a task, scored beside the frozen probe of the same model."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ctxemb.comparison.judging import chosen_lines, leading_probe
from ctxemb.comparison.run import evaluate
from ctxemb.comparison.seed_scores import less_frozen, mean_score, sorted_labels
from ctxemb.comparison.spec import make_spec
from ctxemb.errors import InputError
from ctxemb.finetuning.items import items_of, targets_of
from ctxemb.finetuning.labels import Labels
from ctxemb.finetuning.loop import Entry
from ctxemb.finetuning.recipe import Shape
from ctxemb.finetuning.tune import Material, Source, plan_of, tune
from ctxemb.finetuning.tuned import Tuned
from ctxemb.models.computation import check_device
from ctxemb.pretraining.team import Team, join_team
from ctxemb.probes import Prediction
from ctxemb.probes.rounds import DEV, TEST, Round, rounds_of
from ctxemb.probes.scoring import score_of
from ctxemb.statistics import Difference, Interval
from ctxemb.tasks import SkippedRows, Task, load_task

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
        The test predictions of the frozen probe at its best layer, and its score; None if it was not asked
        for.
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
    difference: Difference | None = None
    notes: tuple[str, ...] = field(default=())

    @property
    def failed(self) -> list[int]:
        """The seeds whose run is not above the majority on the test: BERT's known instability."""
        return [run.seed for run in self.runs if run.test_score <= self.majority]

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each seed, the mean, and the frozen probe."""
        named = {"model": self.model, "recipe": self.recipe, "task": self.task.name}
        rows: list[dict[str, Any]] = [
            {**named, "seed": str(run.seed), "rate": _rate(run), "epoch": _only(run, "best_epoch"),
             "dev": run.dev_score, "test": run.test_score, "low": None, "high": None}
            for run in self.runs
        ]  # fmt: skip
        blank = {"rate": None, "epoch": None}
        dev = float(np.mean([run.dev_score for run in self.runs]))
        rows.append({**named, "seed": "mean", **blank, "dev": dev, "test": self.score.value,
                     "low": self.score.low, "high": self.score.high})  # fmt: skip
        if self.frozen is not None:
            score = self.frozen[1]
            rows.append({**named, "recipe": "frozen", "seed": "-", **blank, "dev": None,
                         "test": score.value, "low": score.low, "high": score.high})  # fmt: skip
        return rows


def _rate(run: TunedRun) -> str | None:
    """Return the learning rate that was chosen, written briefly."""
    rate = _only(run, "rate")
    return None if rate is None else f"{rate:g}"


def _only(run: TunedRun, name: str) -> float | None:
    """Return what was chosen, where there is a single classifier."""
    about = run.tuned[0].about
    return getattr(about, name) if len(run.tuned) == 1 else None


def finetune(
    model: str,
    task: str | Task,
    recipe: str | None = None,
    *,
    seeds: int | Sequence[int] = 1,
    folder: str | Path | None = None,
    frozen: bool = True,
    data: Path | None = None,
    cache: Path | None = None,
    device: str = "cpu",
    skipped: SkippedRows | None = None,
    report: Report = lambda what, entry: None,
    **changes: Any,
) -> TuningOutcome:
    """Tune a model on a task, and score it on the test beside the frozen probe of the same model.

    The first seed chooses the learning rate, where a recipe has several; dev decides. The others take the
    same. The model never learns from dev.

    Parameters
    ----------
    model
        Name or folder of an ELMo, GPT or BERT.
    task
        Name of a task, a file of one's own, or a task.
    recipe
        ``"bert"``, ``"bert-stable"``, ``"gpt"``, ``"ulmfit"``, ``"features"``, ``"mix-tuned"`` or
        ``"scratch"``, perhaps with changes as in ``"ulmfit:lm_epochs=0"``; by default that of the family.
    seeds
        How many, from 0, or which.
    folder
        Where each seed's tuned model goes, in ``seed-N`` (``seed-N/fold-K`` where the task has folds). The
        same call goes on where it was stopped. Unless given, nothing is written.
    frozen
        Whether the frozen probe is run, too.
    data, cache, skipped
        As for `ctxemb.comparison.evaluate`.
    device
        Where to compute; several processes started by `accelerate launch` share every step.
    report
        Called with an entry for each epoch.
    **changes
        Other numbers of the recipe: fields of `ctxemb.finetuning.plan.Plan`.

    Raises
    ------
    CtxembError
        If model, task or recipe do not exist, or there is nothing to learn.
    """
    check_device(device)
    loaded = task if isinstance(task, Task) else load_task(task, data, skipped)
    numbers = list(range(seeds)) if isinstance(seeds, int) else list(seeds)
    if not numbers:
        raise InputError("fine-tuning needs at least one seed")
    source = Source.of(model)
    team = join_team(device)
    tuner = _Tuner(source, loaded, recipe, changes, None if folder is None else Path(folder), team, report)
    runs = tuple(tuner.runs(numbers))
    team.leave()
    outcome = TuningOutcome(loaded, source.name, tuner.recipe_name, runs, _mean(loaded, runs),
                            tuner.majority(), notes=tuple(tuner.notes))  # fmt: skip
    if not frozen or not team.first:
        return outcome
    return _beside_frozen(outcome, model, task if isinstance(task, str) else None, data, cache)


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
        self.rounds = rounds_of(self.task)
        self.notes: dict[str, None] = {}

    def runs(self, seeds: Sequence[int]) -> Iterator[TunedRun]:
        rates: dict[int, float] = {}
        for seed in seeds:
            parts = []
            for number, turn in enumerate(self.rounds):
                plan = self.plan.changed({"learning_rate": rates[number]} if number in rates else {})
                parts.append(self._run(seed, number, turn, plan))
                about = parts[-1][0].about
                assert about is not None
                rates[number] = about.rate
            yield self._joined(seed, parts)

    def _run(self, seed: int, number: int, turn: Round, plan: Any) -> tuple[Tuned, Prediction, Prediction]:
        place = f"seed-{seed}" + (f"/fold-{number}" if len(self.rounds) > 1 else "")
        folder = None if self.folder is None else self.folder / place
        material = self._material(turn)
        tuned = tune(self.source, material, self.chosen, plan, seed, folder=folder, team=self.team,
                     report=lambda entry: self.report(place, entry))  # fmt: skip
        test = items_of(self.task, turn.test)
        dev, found = tuned.predict(material.dev), tuned.predict(test)
        self._note(tuned, material, test)
        return tuned, Prediction(DEV, dev.rows, dev.labels), Prediction(TEST, found.rows, found.labels)

    def _material(self, turn: Round) -> Material:
        task = self.task
        train, dev = items_of(task, turn.train), items_of(task, turn.dev)
        what = f"task '{task.name}'"
        labels = Labels.of(targets_of(train), task.fallback, what)
        if not len(turn.dev):
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
            Prediction(
                split, np.concatenate([p.rows for p in some]), np.concatenate([p.labels for p in some])
            )
            for split, some in ((DEV, devs), (TEST, tests))
        )
        scores = [score_of(self.task, part.rows, part.labels) for part in (dev, test)]
        return TunedRun(seed, tuple(tuned), dev, test, *scores)

    def majority(self) -> float:
        """Return what the most frequent label of each group in training scores on the test."""
        rows, labels = [], []
        for turn in self.rounds:
            counts: dict[str, Counter[str]] = {}
            for row in turn.train.tolist():
                example = self.task.examples[row]
                counts.setdefault(example.group, Counter())[example.label] += 1
            most = {group: min(c, key=lambda x: (-c[x], x)) for group, c in counts.items()}
            groups = self.task.example_groups[turn.test].tolist()
            labels += [most.get(group, self.task.fallback.get(group, "")) for group in groups]
            rows.append(turn.test)
        return score_of(self.task, np.concatenate(rows), np.array(labels))


def _mean(task: Task, runs: Sequence[TunedRun]) -> Interval:
    return mean_score(task, np.sort(runs[0].test.rows), [sorted_labels(run.test) for run in runs])


def _beside_frozen(
    outcome: TuningOutcome, model: str, task: str | None, data: Path | None, cache: Path | None
) -> TuningOutcome:
    """Return the outcome with the frozen probe of the same model."""
    if task is None:
        return outcome
    values = {
        "models": (model,),
        "tasks": (task,),
        "probes": ("logistic",),
        "combinations": (),
        "baselines": (),
    }
    lines = evaluate(make_spec(values, "fine-tuning"), data=data, cache=cache).lines
    loaded, runs = outcome.task, [sorted_labels(run.test) for run in outcome.runs]
    (line,) = chosen_lines(lines, leading_probe(loaded, ("logistic",))).values()
    rows, of_probe = np.sort(line.run.test.rows), sorted_labels(line.run.test)
    score = mean_score(loaded, rows, [of_probe])
    difference = less_frozen(loaded, rows, runs, of_probe)
    return dataclasses.replace(outcome, frozen=(line.run.test, score), difference=difference)
