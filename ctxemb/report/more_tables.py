"""Tables of what goes beyond scores: differences, analyses, parts of the test, and pooling."""

from __future__ import annotations

from statistics import mean, stdev
from typing import Any

from ctxemb.report.beside import published_table
from ctxemb.report.findings import TEST, Findings
from ctxemb.report.sentences import holds, p_text
from ctxemb.report.tables import MISSING, Cell, Row, Table, score_cell
from ctxemb.report.tuned import seed_curves_table, tuned_table

ANALYSES = (
    ("control_accuracy", "control task", 100.0, 1),
    ("selectivity", "selectivity", 100.0, 1),
    ("codelength", "bits an example", 1.0, 3),
    ("compression", "compression", 1.0, 2),
    ("v_measure", "V-measure", 100.0, 1),
    ("adjusted_rand", "adjusted Rand", 100.0, 1),
    ("silhouette", "silhouette", 1.0, 3),
)
"""Metric, how people write it, what it is multiplied by, and its decimals."""


def difference_table(findings: Findings, task: str) -> Table:
    """Return the paired comparisons of a task; those that do not hold are muted."""
    rows = []
    for found in findings.differences:
        if found["task"] == task:
            interval = f"[{100 * found['low']:.1f}, {100 * found['high']:.1f}]"
            cells = (
                _named(found, "a"),
                _named(found, "b"),
                Cell(f"{100 * found['difference']:+.1f}", interval, best=holds(found)),
                Cell(p_text(found["p"])),
                Cell(p_text(found["p_holm"])),
                Cell(f"{found['effect']:+.2f}"),
            )
            rows.append(Row(cells, muted=not holds(found)))
    caption = (
        f"{task}: paired differences in points of {findings.metric_label(task)} on the same test "
        "examples, at the layers chosen on dev; permutation test, Holm's correction over this table, "
        "Cohen's g. Grey: not shown."
    )
    return Table(caption, ("model", "less", "difference", "p", "p after Holm", "g"), tuple(rows))


def _named(row: dict[str, Any], side: str) -> Cell:
    layer = row[f"layer_{side}"]
    return Cell(str(row[side]), f"L{layer}" if isinstance(layer, int) else "", number=False)


def analysis_table(findings: Findings, task: str) -> Table:
    """Return control tasks, description lengths and clusters by model and layer; no rows without any."""
    found = {
        (result.model, result.layer, result.metric): result.value
        for result in findings.results
        if result.task == task and isinstance(result.layer, int)
    }
    kept = [known for known in ANALYSES if any(metric == known[0] for _, _, metric in found)]
    lines = dict.fromkeys((model, layer) for model, layer, metric in found if metric in {k[0] for k in kept})
    rows = tuple(
        Row(
            (
                Cell(model, number=False),
                Cell(str(layer)),
                *(
                    _value(found.get((model, layer, metric)), times, digits)
                    for metric, _, times, digits in kept
                ),
            )
        )
        for model, layer in lines
    )
    columns = ("model", "layer", *(known[1] for known in kept))
    return Table(f"{task}: what else the layers show", columns, rows)


def _value(value: float | None, times: float, digits: int) -> Cell:
    return Cell(MISSING if value is None else f"{times * value:.{digits}f}")


def part_table(findings: Findings, task: str) -> Table:
    """Return the scores of the parts of a test, such as its words, at the layers chosen on dev."""
    models = findings.models(task)
    extra = ("majority", "first-sense", "bag-of-words")
    shown = [*models, *(name for name in extra if findings.one(task, name, "-"))]
    rows = []
    for part in findings.parts(task):
        scores = {result.model: result for result in findings.scores(task, split=f"test:{part}")}
        if not scores:
            continue
        leader = max((scores[model].value for model in models if model in scores), default=None)
        cells = [
            score_cell(scores.get(model), leader if model in models else None, layer=False) for model in shown
        ]
        n = next(iter(scores.values())).n
        rows.append(Row((Cell(part, f"{n:,}", number=False), *cells)))
    caption = f"{task}: {findings.metric_label(task)} by part of the test, with the number of examples"
    return Table(caption, ("part", *shown), tuple(rows))


def seed_table(findings: Findings, task: str) -> Table:
    """Return how far the test scores of probes that start at random lie apart, by model and layer."""
    metric = findings.metric(task)
    found: dict[tuple[str, str, int | str], list[float]] = {}
    for result in findings.results:
        if (result.task, result.split, result.metric, result.pool) == (task, TEST, metric, "mean"):
            found.setdefault((result.probe, result.model, result.layer), []).append(100 * result.value)
    rows = tuple(
        Row(
            (
                Cell(probe, number=False),
                Cell(model, number=False),
                Cell(str(layer)),
                Cell(str(len(scores))),
                *(
                    Cell(f"{number:.1f}")
                    for number in (mean(scores), stdev(scores), min(scores), max(scores))
                ),
            )
        )
        for (probe, model, layer), scores in found.items()
        if len(scores) > 1
    )
    caption = (
        f"{task}: {findings.metric_label(task)} over the seeds of a probe that starts at random, with its "
        "standard deviation; everywhere else, it is the first seed's"
    )
    return Table(
        caption, ("probe", "model", "layer", "seeds", "mean", "deviation", "lowest", "highest"), rows
    )


def pool_table(findings: Findings, task: str) -> Table:
    """Return the scores of sentence vectors by how pieces were pooled, at the layers chosen on dev."""
    pools = list(dict.fromkeys(result.pool for result in findings.results if result.task == task))
    models = findings.models(task)
    rows = tuple(
        Row((Cell(pool, number=False), *(score_cell(score, None) for score in scores)))
        for pool in pools
        if any(scores := [findings.best(task, model, pool=pool) for model in models])
    )
    return Table(
        f"{task}: {findings.probe(task)} probe by pooling", ("pool", *models), rows if len(pools) > 1 else ()
    )


def confusion_table(findings: Findings, task: str) -> Table:
    """Return the most frequent confusions of each model on the test."""
    rows = []
    for model in findings.models(task):
        wrong = [
            row
            for row in findings.confusions
            if (row["task"], row["model"]) == (task, model) and row["gold"] != row["predicted"]
        ]
        for row in sorted(wrong, key=lambda row: -row["count"])[:_MOST_CONFUSIONS]:
            words = [Cell(str(row[key]), number=False) for key in ("model", "group", "gold", "predicted")]
            rows.append(Row((*words, Cell(f"{row['count']:,}"))))
    columns = ("model", "word", "gold", "predicted", "times")
    return Table(f"{task}: what is confused most, at the layer chosen on dev", columns, tuple(rows))


_MOST_CONFUSIONS = 15


def confusion_matrices(findings: Findings, task: str) -> list[Table]:
    """Return what each model takes each label for, a table for each word of the task, or one for all.

    The cells of a row are shaded by their share.
    """
    counts: dict[str, dict[tuple[str, str], dict[str, int]]] = {}
    for row in findings.confusions:
        if row["task"] == task:
            of_group = counts.setdefault(str(row["group"]), {})
            of_gold = of_group.setdefault((str(row["model"]), str(row["gold"])), {})
            of_gold[str(row["predicted"])] = int(row["count"])
    return [_matrix(task, group, rows) for group, rows in counts.items()]


def _matrix(task: str, group: str, counts: dict[tuple[str, str], dict[str, int]]) -> Table:
    labels = sorted({gold for _, gold in counts} | {name for row in counts.values() for name in row})
    rows = []
    for (model, gold), row in counts.items():
        n = sum(row.values())
        cells = (
            Cell(f"{row.get(label, 0):,}", best=label == gold, shade=row.get(label, 0) / n)
            for label in labels
        )
        right = Cell(f"{100 * row.get(gold, 0) / n:.1f}")
        rows.append(Row((Cell(model, number=False), Cell(short(gold, group), number=False), *cells, right)))
    caption = f"{task}: {group or 'all'}, gold labels by predicted ones, at the layer chosen on dev"
    return Table(
        caption, ("model", "gold", *(short(label, group) for label in labels), "right, %"), tuple(rows)
    )


def short(label: str, group: str) -> str:
    """Return a sense without the word it is of, where its name begins with it.

    Examples
    --------
    >>> short("seal_seal_(emblem)", "seal"), short("seal_pinniped", "seal"), short("T", "")
    ('emblem', 'pinniped', 'T')
    """
    plain = label.removeprefix(f"{group}_") if group else label
    inner = plain.removeprefix(f"{group}_") if group else plain
    return inner.strip("()") if inner.startswith("(") else plain


def more_tables(findings: Findings, task: str) -> list[Table]:
    """Return the tables of a task that have rows."""
    makers = (
        published_table,
        tuned_table,
        seed_curves_table,
        difference_table,
        part_table,
        seed_table,
        analysis_table,
        pool_table,
        confusion_table,
    )
    return [table for make in makers if (table := make(findings, task)).rows]
