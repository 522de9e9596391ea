"""Frozen against tuned: tables of what tuning adds to a model."""

from __future__ import annotations

from ctxemb.reporting.sentences import p_text
from ctxemb.reporting.tables import Cell, Row, Table
from ctxemb.results import Findings, Tuning


def tuned_table(findings: Findings, task: str) -> Table:
    """Return each model's tuned scores beside its frozen probe; no rows without any."""
    tunings = [tuning for tuning in findings.tunings if tuning.task == task]
    notes = dict.fromkeys(note for tuning in tunings for note in tuning.notes)
    caption = (
        f"{task}: frozen against tuned, {findings.metric_label(task)}; the mean over seeds, whose intervals "
        "and tests resample seeds and examples. Dev chooses rates, epochs and layers, and nothing "
        "here has learned from it. Grey: not significant."
    )
    return Table(
        " ".join([caption, *(f"{note[:1].upper()}{note[1:]}." for note in notes)]),
        ("model", "frozen", "tuned", "seeds", "difference", "p after Holm"),
        tuple(_row(findings, tuning) for tuning in tunings),
    )


def _row(findings: Findings, tuning: Tuning) -> Row:
    scores = [100 * run.test for run in findings.runs(tuning)]
    spread = f"{min(scores):.1f} to {max(scores):.1f}" if len(scores) > 1 else ""
    failed = findings.failed(tuning)
    at_majority = f"{len(failed)} at majority" if failed else ""
    score = _interval(tuning.low, tuning.high)
    difference = _interval(tuning.difference_low, tuning.difference_high)
    cells = (
        Cell(tuning.model, tuning.recipe, number=False),
        Cell(f"{100 * tuning.frozen:.1f}", f"L{tuning.frozen_layer}"),
        Cell(f"{100 * tuning.value:.1f}", score),
        Cell(str(len(scores)), " ".join(filter(None, (spread, at_majority)))),
        Cell(f"{100 * tuning.difference:+.1f}", difference, best=tuning.is_significant),
        Cell(p_text(tuning.p_holm)),
    )
    return Row(cells, muted=not tuning.is_significant)


def tuning_run_table(findings: Findings, task: str) -> Table:
    """Return every run's rate, best epoch, and scores on dev by epoch; no rows without tuned models."""
    rows = [
        Row(
            (
                Cell(run.model, f"{run.recipe}, seed {run.seed}", number=False),
                Cell("" if run.rate is None else f"{run.rate:g}"),
                Cell("" if run.epoch is None else str(run.epoch)),
                Cell(f"{100 * run.test:.1f}"),
                Cell(" ".join(f"{100 * score:.1f}" for score in run.curve), number=False),
            )
        )
        for run in findings.tuning_runs
        if run.task == task
    ]
    columns = ("model", "learning rate", "best epoch", "test", "dev by epoch")
    return Table(f"{task}: every tuned run", columns, tuple(rows))


def _interval(low: float, high: float) -> str:
    return f"[{100 * low:.1f}, {100 * high:.1f}]"
