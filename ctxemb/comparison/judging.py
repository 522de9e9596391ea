"""Which differences hold: models are compared on the same test examples, at the layers chosen on dev."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctxemb.analysis import rank_shares, smallest_found, superiority
from ctxemb.comparison.line import Line
from ctxemb.probes import scored_labels, scored_results
from ctxemb.probes.splits import Rows
from ctxemb.results import Confusion, Difference, Findings, Ranks, Result
from ctxemb.results.names import CONTEXT_MEAN, NO_LAYER, RANDOM, STATIC, WORD, part_split
from ctxemb.scoring.folds import compare_folds
from ctxemb.scoring.seeds import compare_runs, resampled_scores
from ctxemb.scoring.statistics import PairedDifference, compare_paired, holm
from ctxemb.tasks import Task

Labels = NDArray[np.str_]


def judge(
    tasks: Sequence[Task], models: Sequence[str], lines: Sequence[Line], findings: Findings, seed: int
) -> Findings:
    """Compare models on each task, at the layer that dev chose for each.

    Parameters
    ----------
    tasks, models
        What was compared; names of models without their twins.
    lines
        All probes.
    findings
        The scores of the lines; they decide which layers are compared.
    seed
        Seed of resampling and permutations.

    Returns
    -------
    Findings
        Scores of the parts of the test, differences with their tests, ranks, and confusions. Each context
        is a family of its own for Holm's correction: models against each other, and against themselves
        without it.
    """
    parts: list[Result] = []
    differences: list[Difference] = []
    confusions: list[Confusion] = []
    ranks: list[Ranks] = []
    for task in tasks:
        of_task = [line for line in lines if line.task is task]
        chosen = chosen_lines(of_task, findings)
        twins = {model + RANDOM: _twins(of_task, findings, task.name, model) for model in models}
        for line in chosen.values():
            parts += _parts(line, seed)
            confusions += _confusions(line) if line.model in models else []
        differences += _differences(task, list(_pairs(chosen, models)), seed, twins)
        ranks += _ranks(task, [chosen[name] for name in models if name in chosen], seed)
        for context in findings.contexts(task.name)[1:]:
            beside = chosen_lines(of_task, findings, context)
            pairs = [(beside[a], beside[b]) for a, b in combinations(models, 2) if {a, b} <= set(beside)]
            pairs += [(line, chosen[name]) for name, line in beside.items()]
            differences += _differences(task, pairs, seed, {})
    return Findings(
        tuple(parts), differences=tuple(differences), confusions=tuple(confusions), ranks=tuple(ranks)
    )


def chosen_lines(lines: Sequence[Line], findings: Findings, context: str = WORD) -> dict[str, Line]:
    """Return, for each model and baseline of one task, the line in a context that `findings` chose."""
    chosen: dict[str, Line] = {}
    for model in dict.fromkeys(line.model for line in lines):
        result = findings.chosen(lines[0].task.name, model, context=context)
        if result is not None and result.context == context:
            chosen[model] = next(line for line in lines if line.model == model and line.holds(result))
    return chosen


def _twins(lines: Sequence[Line], findings: Findings, task: str, model: str) -> list[Line]:
    """Return the line of each random twin of a model, at the layer that dev chose for it."""
    found = findings.twins(task, model)
    return [line for result in found for line in lines if line.model == result.model and line.holds(result)]


def _pairs(chosen: dict[str, Line], models: Sequence[str]) -> Iterator[tuple[Line, Line]]:
    """Yield models against each other, and each against its twins and the baselines without a model."""
    present = [name for name in models if name in chosen]
    for a, b in combinations(present, 2):
        yield chosen[a], chosen[b]
    for name in present:
        for other, line in chosen.items():
            if other in (name + RANDOM, name + STATIC, name + CONTEXT_MEAN) or line.layer == NO_LAYER:
                yield chosen[name], line


def _differences(
    task: Task, pairs: list[tuple[Line, Line]], seed: int, twins: dict[str, list[Line]]
) -> list[Difference]:
    rows: list[Difference] = []
    for a, b in pairs:
        numbers = a.run.test.rows
        gold, of_a = scored_labels(task, numbers, a.run.test.labels)
        runs = [scored_labels(task, numbers, line.run.test.labels)[1] for line in twins.get(b.model) or [b]]
        right_a = np.asarray(of_a == gold, dtype=float)
        superior = np.mean([superiority(right_a, np.asarray(of_b == gold, dtype=float)) for of_b in runs])
        paired, test = _compared(task, numbers, gold, of_a, runs, seed)
        rows.append(
            Difference(
                task=task.name,
                split=a.run.test.split,
                probe=a.probe,
                metric=task.metrics[0],
                pool=a.pool,
                context=a.context,
                a=a.model,
                layer_a=a.layer,
                b=b.model,
                layer_b=b.layer,
                difference=round(paired.value, 6),
                low=round(paired.low, 6),
                high=round(paired.high, 6),
                p=round(paired.p, 6),
                p_holm=1.0,
                effect=round(paired.effect, 6),
                n=len(numbers),
                test=test,
                smallest=_smallest(paired, len(pairs)),
                superiority=round(float(superior), 6),
            )
        )
    corrected = holm([row.p for row in rows])
    return [replace(row, p_holm=round(p, 6)) for row, p in zip(rows, corrected, strict=True)]


def _compared(
    task: Task, numbers: Rows, gold: Labels, a: Labels, runs: list[Labels], seed: int
) -> tuple[PairedDifference, str]:
    """Return the difference of a prediction less another, or less the mean of several, and its test."""
    metric, groups = task.metrics[0], task.example_groups[numbers]
    about: dict[str, Any] = {"labels": task.tested_labels, "positions": task.example_positions[numbers]}
    clusters = task.example_clusters[numbers]
    if len(runs) > 1:
        found = compare_runs(metric, gold, [a], runs, groups, clusters=clusters, seed=seed, **about)
        return found, "bootstrap of twins"
    paired = compare_paired(metric, gold, a, runs[0], groups, clusters=clusters, seed=seed, **about)
    if task.folds is None:
        return paired, "permutation"
    folds = task.folds[numbers]
    return compare_folds(paired, metric, gold, (a, runs[0]), groups, folds, **about), "corrected resampled t"


def _smallest(paired: PairedDifference, n_tests: int) -> float | None:
    found = smallest_found(paired.error, paired.n_units, n_tests)
    return round(found, 6) if found > 0 else None


def _ranks(task: Task, lines: Sequence[Line], seed: int) -> list[Ranks]:
    """Return how often each model takes each rank; nothing of one model alone."""
    if len(lines) < 2:
        return []
    rows = lines[0].run.test.rows
    scored = [scored_labels(task, rows, line.run.test.labels) for line in lines]
    scores = resampled_scores(
        task.metrics[0],
        scored[0][0],
        [predicted for _, predicted in scored],
        task.example_groups[rows],
        labels=task.tested_labels,
        clusters=task.example_clusters[rows],
        positions=task.example_positions[rows],
        seed=seed,
    )
    shares = rank_shares(scores.T).round(4).tolist()
    return [Ranks(task.name, line.model, tuple(share)) for line, share in zip(lines, shares, strict=True)]


def _parts(line: Line, seed: int) -> list[Result]:
    test = line.run.test
    results: list[Result] = []
    for name, numbers in line.task.parts.items():
        kept = np.isin(test.rows, numbers)
        if kept.any():
            named = {"model": line.model, "layer": line.layer, "probe": line.probe, "pool": line.pool}
            results += scored_results(
                line.task, part_split(name), test.rows[kept], test.labels[kept], seed=seed, **named
            )
    return results


def _confusions(line: Line) -> list[Confusion]:
    """Return counts of gold by predicted label; none for tasks of very many groups or labels."""
    task, test = line.task, line.run.test
    if len(task.groups) > _MOST_GROUPS or len(task.labels) > _MOST_LABELS:
        return []
    groups: NDArray[np.str_] = task.example_groups[test.rows]
    gold, predicted = scored_labels(task, test.rows, test.labels)
    counts = Counter(zip(groups.tolist(), gold.tolist(), predicted.tolist(), strict=True))
    return [
        Confusion(
            task=task.name,
            model=line.model,
            layer=line.layer,
            probe=line.probe,
            group=group,
            gold=right,
            predicted=answer,
            count=count,
        )
        for (group, right, answer), count in sorted(counts.items())
    ]


_MOST_GROUPS, _MOST_LABELS = 100, 300
