"""Findings to a report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ctxemb.reporting.write import Format, write_findings
from ctxemb.results import Findings, read_findings


def report(
    findings: Findings | str | Path | Sequence[str | Path],
    file: str | Path,
    format: Format | None = None,  # noqa: A002
) -> Path:
    """Write a report.

    Parameters
    ----------
    findings
        What `probe` or `compare` returned; or results folders, or files of results, to be read.
    file
        The file to write.
    format
        ``"html"``, ``"markdown"``, ``"latex"`` or ``"csv"``; None goes by the ending of `file`.

    Returns
    -------
    Path
        `file`.
    """
    if not isinstance(findings, Findings):
        places = [findings] if isinstance(findings, str | Path) else findings
        findings = read_findings([Path(place) for place in places])
    return write_findings(findings, Path(file), format)
