"""Frozen against tuned: tables of what tuning adds to a model."""

from __future__ import annotations

from ctxemb.report.findings import Findings
from ctxemb.report.sentences import holds, p_text
from ctxemb.report.tables import Cell, Row, Table


def tuned_table(findings: Findings, task: str) -> Table:
    """Return each model's tuned scores beside its frozen probe; no rows without any."""
    rows = []
    for found in findings.tunings:
        if found["task"] != task:
            continue
        scores = [100 * seed["test"] for seed in found["seeds"]]
        spread = f"{min(scores):.1f} to {max(scores):.1f}" if len(scores) > 1 else ""
        failed = f"{len(found['failed'])} at majority" if found["failed"] else ""
        cells = (
            Cell(str(found["model"]), str(found["recipe"]), number=False),
            Cell(f"{100 * found['frozen']:.1f}", f"L{found['frozen_layer']}"),
            Cell(f"{100 * found['value']:.1f}", _interval(found, "")),
            Cell(str(len(scores)), " ".join(filter(None, (spread, failed)))),
            Cell(f"{100 * found['difference']:+.1f}", _interval(found, "difference_"), best=holds(found)),
            Cell(p_text(found["p_holm"])),
        )
        rows.append(Row(cells, muted=not holds(found)))
    caption = (
        f"{task}: frozen against tuned, {findings.metric_label(task)}; the mean over seeds, whose intervals "
        "and tests resample seeds and examples. Rates and epochs were chosen on dev. Grey: not significant."
    )
    return Table(caption, ("model", "frozen", "tuned", "seeds", "difference", "p after Holm"), tuple(rows))


def seed_curves_table(findings: Findings, task: str) -> Table:
    """Return every seed's rate, best epoch, and scores on dev by epoch; no rows without tuned models."""
    rows = [
        Row(
            (
                Cell(str(found["model"]), f"{found['recipe']}, seed {seed['seed']}", number=False),
                Cell(str(seed["rate"] or "")),
                Cell("" if seed["epoch"] is None else f"{seed['epoch']:.0f}"),
                Cell(f"{100 * seed['test']:.1f}"),
                Cell(" ".join(f"{100 * score:.1f}" for score in seed["curve"]), number=False),
            )
        )
        for found in findings.tunings
        if found["task"] == task
        for seed in found["seeds"]
    ]
    columns = ("model", "learning rate", "best epoch", "test", "dev by epoch")
    return Table(f"{task}: every tuned run", columns, tuple(rows))


def _interval(row: dict[str, object], prefix: str) -> str:
    low, high = (float(str(row[f"{prefix}{end}"])) for end in ("low", "high"))
    return f"[{100 * low:.1f}, {100 * high:.1f}]"
