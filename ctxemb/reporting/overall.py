"""What holds over all tasks of a report: each task is a family of tests, and many families are many tests."""

from __future__ import annotations

from ctxemb.reporting.sentences import Sentence
from ctxemb.results import Findings
from ctxemb.results.names import WORD
from ctxemb.results.records import LEVEL
from ctxemb.scoring.statistics import holm


def over_all_tasks(findings: Findings) -> list[Sentence]:
    """Return what is left of the significant differences after Holm's correction over all tasks together.

    Nothing is said of one task alone, whose own correction is that of the report.
    """
    rows = [row for row in findings.differences if row.context == WORD]
    n_tasks = len({row.task for row in rows})
    claims = [row.is_significant for row in rows]
    if n_tasks < 2:
        return []
    corrected = holm([row.p for row in rows])
    lost = [row for row, p, claim in zip(rows, corrected, claims, strict=True) if claim and p >= LEVEL]
    begin = f"Over all {n_tasks} tasks, {len(rows)} differences were tested"
    if not any(claims):
        return [Sentence(f"{begin}; none is significant within its task.", holds=False)]
    kept = sum(claims) - len(lost)
    text = f"{begin}; {sum(claims)} are significant within their task, and {kept} after Holm's correction"
    said = [Sentence(f"{text} over all of them, too.")]
    if lost:
        named = "; ".join(f"{row.a} and {row.b} on {row.task}" for row in lost)
        said.append(Sentence(f"Within their task alone: {named}.", holds=False))
    return said
