"""Tables of what goes beyond scores: differences, analyses, parts of the test, and pooling."""

from __future__ import annotations

from statistics import mean, stdev

from ctxemb.analysis import analysis_metrics
from ctxemb.reporting.published_table import published_table
from ctxemb.reporting.sentences import p_text
from ctxemb.reporting.tables import MISSING, Cell, Row, Table, score_cell
from ctxemb.reporting.tuned_tables import tuned_table, tuning_run_table
from ctxemb.results import Difference, Findings
from ctxemb.results.names import BAG_OF_WORDS, FIRST_SENSE, MAJORITY, TEST, WORD, part_split
from ctxemb.scoring.metric import Metric


def difference_table(findings: Findings, task: str) -> Table:
    """Return the paired comparisons of a task; those that are not significant are muted."""
    rows = []
    for difference in findings.differences:
        if difference.task == task:
            interval = f"[{100 * difference.low:.1f}, {100 * difference.high:.1f}]"
            cells = (
                _named(_in_context(difference.a, difference), difference.layer_a),
                _named(_less(difference), difference.layer_b),
                Cell(f"{100 * difference.difference:+.1f}", interval, best=difference.is_significant),
                Cell(p_text(difference.p)),
                Cell(p_text(difference.p_holm)),
                Cell(f"{difference.effect:+.2f}"),
                Cell(MISSING if difference.smallest is None else f"{100 * difference.smallest:.1f}"),
                Cell(MISSING if difference.superiority is None else f"{difference.superiority:.3f}"),
            )
            rows.append(Row(cells, muted=not difference.is_significant))
    tests = dict.fromkeys(row.test for row in findings.differences if row.task == task)
    caption = (
        f"{task}: paired differences in points of {findings.metric_label(task)} on the same test "
        f"examples, at the layers chosen on dev; {' and '.join(tests)} test, Holm's correction over this "
        "table (each context by itself), "
        "Cohen's g. Found from: the smallest difference that would have been found with 80 % power after the "
        "correction. Superiority: how probable it is that the first is right on an example and the other is "
        "not, ties counting half. Grey: not significant."
    )
    columns = (
        *("model", "less", "difference", "p", "p after Holm", "g"),
        *("found from", "superiority"),
    )
    return Table(caption, columns, tuple(rows))


def rank_table(findings: Findings, task: str) -> Table:
    """Return how often each model takes each rank when the test is resampled."""
    ranks = [row for row in findings.ranks if row.task == task]
    n_ranks = max((len(row.shares) for row in ranks), default=0)
    rows = tuple(
        Row((Cell(row.model, number=False), *(Cell(f"{100 * share:.1f}") for share in row.shares)))
        for row in ranks
    )
    caption = (
        f"{task}: how stable ranks are, in % of 1,000 resamples of the test in which a model takes each rank"
    )
    return Table(caption, ("model", *(f"rank {i + 1}" for i in range(n_ranks))), rows)


def _less(difference: Difference) -> str:
    """Return what is subtracted: another model in the same context, or the same model's words alone."""
    alone = difference.a == difference.b
    return f"{difference.b}, word" if alone else _in_context(difference.b, difference)


def _in_context(model: str, difference: Difference) -> str:
    return model if difference.context == WORD else f"{model}, word and {difference.context}"


def _named(model: str, layer: int | str) -> Cell:
    return Cell(model, f"L{layer}" if isinstance(layer, int) else "", number=False)


def analysis_table(findings: Findings, task: str) -> Table:
    """Return what analyses found by model and layer; no rows without any."""
    metrics = analysis_metrics()
    values = {
        (result.model, result.layer, result.metric): result.value
        for result in findings.results
        if result.task == task and isinstance(result.layer, int) and result.metric in metrics
    }
    present = {metric for _, _, metric in values}
    shown = [metric for name, metric in metrics.items() if name in present]
    rows = tuple(
        Row(
            (
                Cell(model, number=False),
                Cell(str(layer)),
                *(_value(values.get((model, layer, metric.name)), metric) for metric in shown),
            )
        )
        for model, layer in dict.fromkeys((model, layer) for model, layer, _ in values)
    )
    columns = ("model", "layer", *(metric.label for metric in shown))
    return Table(f"{task}: what else the layers show", columns, rows)


def _value(value: float | None, metric: Metric) -> Cell:
    return Cell(MISSING if value is None else metric.shown(value))


def part_table(findings: Findings, task: str) -> Table:
    """Return the scores of the parts of a test, such as its words, at the layers chosen on dev."""
    models = findings.models(task)
    extra = (MAJORITY, FIRST_SENSE, BAG_OF_WORDS)
    shown = [*models, *(name for name in extra if findings.one(task, name))]
    rows = []
    for part in findings.parts(task):
        scores = {result.model: result for result in findings.scores(task, split=part_split(part))}
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
    by_line: dict[tuple[str, str, int | str], list[float]] = {}
    for result in findings.results:
        known = (result.task, result.split, result.metric, result.pool, result.context)
        if known == (task, TEST, metric, "mean", WORD):
            by_line.setdefault((result.probe, result.model, result.layer), []).append(100 * result.value)
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
        for (probe, model, layer), scores in by_line.items()
        if len(scores) > 1
    )
    caption = (
        f"{task}: {findings.metric_label(task)} over the seeds of a probe that starts at random, and over "
        "random twins, with its standard deviation; everywhere else, it is the first seed's"
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
        if any(scores := [findings.chosen(task, model, pool=pool) for model in models])
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
            if (row.task, row.model) == (task, model) and row.gold != row.predicted
        ]
        for row in sorted(wrong, key=lambda row: -row.count)[:_MOST_CONFUSIONS]:
            words = [
                Cell(str(getattr(row, key)), number=False) for key in ("model", "group", "gold", "predicted")
            ]
            rows.append(Row((*words, Cell(f"{row.count:,}"))))
    columns = ("model", "word", "gold", "predicted", "times")
    return Table(f"{task}: what is confused most, at the layer chosen on dev", columns, tuple(rows))


_MOST_CONFUSIONS = 15


def confusion_matrices(findings: Findings, task: str) -> list[Table]:
    """Return what each model takes each label for, a table for each word of the task, or one for all.

    The cells of a row are shaded by their share.
    """
    counts: dict[str, dict[tuple[str, str], dict[str, int]]] = {}
    for row in findings.confusions:
        if row.task == task:
            of_group = counts.setdefault(row.group, {})
            of_gold = of_group.setdefault((row.model, row.gold), {})
            of_gold[row.predicted] = row.count
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


def detail_tables(findings: Findings, task: str) -> list[Table]:
    """Return the tables of a task that have rows."""
    makers = (
        published_table,
        tuned_table,
        tuning_run_table,
        difference_table,
        rank_table,
        part_table,
        seed_table,
        analysis_table,
        pool_table,
        confusion_table,
    )
    return [table for make in makers if (table := make(findings, task)).rows]
