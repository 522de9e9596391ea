"""Published numbers beside ours."""

from __future__ import annotations

from collections.abc import Sequence

from ctxemb.reporting.published import Published, PublishedEntry, shipped_numbers
from ctxemb.reporting.tables import MISSING, Cell, Row, Table, score_cell
from ctxemb.results import Findings, Result
from ctxemb.results.names import BASELINES, TEST

NO_MODEL = "no model"


def published_table(findings: Findings, task: str, published: Published | None = None) -> Table:
    """Return published numbers of a task, each beside ours by the probe that asks the same question.

    Parts of the test are shown where ours are known, too. Where no probe asks the same, ours are of the
    leading probe, and the row is muted.
    """
    known = published or shipped_numbers()
    entries = [entry for entry in known.entry if entry.task == task]
    models = findings.models(task)
    rows: list[tuple[bool, Row]] = []
    for entry in entries:
        paper = known.papers[entry.paper]
        for split, score in entry.scores.items():
            ours = _ours(findings, entry, split, models)
            if split != TEST and not any(ours):
                continue
            cells = (
                Cell(entry.model, entry.protocol, number=False),
                Cell(split.partition(":")[2] or "all", number=False),
                Cell(findings.metric_label(task, entry.metric), number=False),
                Cell(f"{score:.1f}"),
                *(score_cell(result, None) for result in ours),
                Cell(entry.likeness, number=False),
                Cell(paper.short, f"{paper.venue}, {entry.where}", number=False),
            )
            rows.append((split != TEST, Row(cells, muted=not (entry.probe or entry.recipe))))
    rows.sort(key=lambda row: row[0])  # all of the test first
    columns = ("published model", "part", "measure", "published", *models, NO_MODEL, "likeness", "source")
    caption = (
        f"{task}: published numbers beside ours, in %. = measured in the same way; ≈ much alike; ≠ not to be "
        "compared, ours by the leading probe"
    )
    useless = {"part": "all", NO_MODEL: MISSING}
    kept = [
        i
        for i, column in enumerate(columns)
        if any(row.cells[i].text != useless.get(column) for _, row in rows)
    ]
    lines = tuple(Row(tuple(row.cells[i] for i in kept), row.muted) for _, row in rows)
    return Table(caption, tuple(columns[i] for i in kept), lines)


def _ours(
    findings: Findings, entry: PublishedEntry, split: str, models: Sequence[str]
) -> list[Result | None]:
    """Return our results, one for each model, and last that of the baseline."""
    if entry.recipe:
        return [*(_tuned(findings, entry, model, split) for model in models), None]
    if entry.probe in BASELINES:
        scores = findings.scores(entry.task, model=entry.probe, metric=entry.metric, split=split)
        return [*(None for _ in models), scores[0] if scores else None]
    probe = entry.probe or findings.probe(entry.task)
    chosen = [findings.chosen(entry.task, model, probe, entry.pool) for model in models]
    return [
        *(
            None if best is None else findings.same_line(best, metric=entry.metric, split=split)
            for best in chosen
        ),
        None,
    ]


def _tuned(findings: Findings, entry: PublishedEntry, model: str, split: str) -> Result | None:
    """Return a model's mean score over seeds, tuned by an entry's recipe, as a result."""
    for tuning in findings.tunings if split == TEST else ():
        same = (tuning.task, tuning.model, tuning.metric) == (entry.task, model, entry.metric)
        if same and tuning.recipe.partition(":")[0] == entry.recipe:
            return Result(
                model,
                "tuned",
                entry.task,
                split,
                entry.recipe,
                entry.metric,
                value=tuning.value,
                low=tuning.low,
                high=tuning.high,
                n=tuning.n,
                seed=0,
            )
    return None
