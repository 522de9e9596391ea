"""What holds: each model's layer is chosen on dev, and models are compared on the same test examples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from ctxemb.comparison.outcome import Line, Outcome, Row
from ctxemb.probes import probes_for, scored_labels, scored_results
from ctxemb.statistics import compare_paired, holm
from ctxemb.tasks import Task


def judge(
    tasks: Sequence[Task],
    models: Sequence[str],
    lines: Sequence[Line],
    seed: int,
    probes: Sequence[str] = ("logistic",),
) -> Outcome:
    """Compare models on each task, at the layer that dev chose for each.

    Parameters
    ----------
    tasks, models
        What was compared; names of models without their twins.
    lines
        All probes.
    seed
        Of resampling and permutations.
    probes
        By which models are compared: the first that is for the task.

    Returns
    -------
    Outcome
        Scores of the parts of the test, differences with their tests, and confusions.
    """
    found = Outcome()
    for task in tasks:
        of_task = [line for line in lines if line.task is task]
        chosen = chosen_lines(of_task, leading_probe(task, probes))
        for line in chosen.values():
            found.results += _parts(line, seed)
            found.confusions += _confusions(line) if line.model in models else []
        found.differences += _differences(task, list(_pairs(chosen, models)), seed)
    return found


def chosen_lines(lines: Sequence[Line], probe: str = "logistic") -> dict[str, Line]:
    """Return, for each model and baseline of a task, the line with the highest score on dev.

    Of a model's lines, those of single layers with `probe` and its first seed take part; of equals, the
    lowest layer is taken.
    """
    chosen: dict[str, Line] = {}
    seed = min((line.seed for line in lines if line.probe == probe), default=0)
    for line in lines:
        named = (line.probe, line.pool, line.seed)
        single = isinstance(line.layer, int) and named == (probe, "mean", seed)
        if not single and line.layer != "-":
            continue
        if line.model not in chosen or line.dev_score > chosen[line.model].dev_score:
            chosen[line.model] = line
    return chosen


def leading_probe(task: Task, probes: Sequence[str]) -> str:
    """Return the first of `probes` that is for a task."""
    known = probes_for(task.kind)
    return next(probe for probe in probes if probe in known)


def _pairs(chosen: dict[str, Line], models: Sequence[str]) -> Iterator[tuple[Line, Line]]:
    """Yield models against each other, and each against its twins and the baselines without a model."""
    present = [name for name in models if name in chosen]
    for a, b in combinations(present, 2):
        yield chosen[a], chosen[b]
    for name in present:
        for other, line in chosen.items():
            if other in (f"{name}@random", f"{name}@static") or line.layer == "-":
                yield chosen[name], line


def _differences(task: Task, pairs: list[tuple[Line, Line]], seed: int) -> list[Row]:
    rows: list[Row] = []
    for a, b in pairs:
        numbers = a.run.test.rows
        gold, of_a = scored_labels(task, numbers, a.run.test.labels)
        _, of_b = scored_labels(task, numbers, b.run.test.labels)
        found = compare_paired(
            task.metrics[0],
            gold,
            of_a,
            of_b,
            task.example_groups[numbers],
            labels=task.group_labels,
            clusters=task.example_clusters[numbers],
            positions=task.example_positions[numbers],
            seed=seed,
        )
        rows.append(
            {
                "task": task.name,
                "split": a.run.test.split,
                "probe": a.probe,
                "metric": task.metrics[0],
                "pool": a.pool,
                "a": a.model,
                "layer_a": a.layer,
                "b": b.model,
                "layer_b": b.layer,
                "difference": round(found.value, 6),
                "low": round(found.low, 6),
                "high": round(found.high, 6),
                "p": round(found.p, 6),
                "p_holm": 0.0,
                "effect": round(found.effect, 6),
                "n": len(numbers),
            }
        )
    for row, corrected in zip(rows, holm([row["p"] for row in rows]), strict=True):
        row["p_holm"] = round(float(corrected), 6)
    return rows


def _parts(line: Line, seed: int) -> list:  # type: ignore[type-arg]
    test = line.run.test
    results = []
    for name, numbers in line.task.parts.items():
        kept = np.isin(test.rows, numbers)
        if kept.any():
            named = {"model": line.model, "layer": line.layer, "probe": line.probe, "pool": line.pool}
            results += scored_results(
                line.task, f"{test.split}:{name}", test.rows[kept], test.labels[kept], seed=seed, **named
            )
    return results


def _confusions(line: Line) -> list[Row]:
    """Return counts of gold by predicted label; none for tasks of very many groups or labels."""
    task, test = line.task, line.run.test
    if len(task.groups) > _MOST_GROUPS or len(task.labels) > _MOST_LABELS:
        return []
    groups: NDArray[np.str_] = task.example_groups[test.rows]
    gold, predicted = scored_labels(task, test.rows, test.labels)
    counts = Counter(zip(groups.tolist(), gold.tolist(), predicted.tolist(), strict=True))
    named = {"task": task.name, "model": line.model, "layer": line.layer, "probe": line.probe}
    return [
        {**named, "group": group, "gold": right, "predicted": answer, "count": count}
        for (group, right, answer), count in sorted(counts.items())
    ]


_MOST_GROUPS, _MOST_LABELS = 100, 300
