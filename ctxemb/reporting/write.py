"""The report's files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from ctxemb.atomic import write_text
from ctxemb.reporting.plain import render_csv, render_latex, render_markdown
from ctxemb.results import Findings, read_findings
from ctxemb.suggest import unknown_name

Format = Literal["html", "markdown", "latex", "csv"]

ENDINGS: dict[Format, str] = {"html": ".html", "markdown": ".md", "latex": ".tex", "csv": ".csv"}
"""Formats of a report, and the endings of their files."""


def write_report(folders: Sequence[Path], output: Path, format: Format = "html") -> Path:  # noqa: A002
    """Write a report of results.

    Parameters
    ----------
    folders
        Results folders of `ctxemb compare`, or files of results of `ctxemb probe`.
    output
        The file to write.
    format
        ``"html"``: one page that needs nothing else; ``"markdown"``, ``"latex"``: summaries and tables;
        ``"csv"``: all results.

    Returns
    -------
    Path
        `output`.

    Raises
    ------
    CtxembError
        If results are missing or damaged.
    """
    if format not in ENDINGS:
        raise unknown_name("format", format, ENDINGS)
    return write_findings(read_findings(folders), output, format)


def write_findings(findings: Findings, output: Path, format: Format | None = None) -> Path:  # noqa: A002
    """Write a report of findings to the file `output`; unless given, its ending tells the format.

    Raises
    ------
    UnknownNameError
        If there is no such format.
    """
    if format is None:
        by_ending = {ending: name for name, ending in ENDINGS.items()}
        if output.suffix not in by_ending:
            raise unknown_name("ending of a report", output.suffix, by_ending)
        format = by_ending[output.suffix]  # noqa: A001
    write_text(output, _render(findings, format))
    return output


def write_figures(
    folders: Sequence[Path], output: Path, kinds: Sequence[Literal["svg", "png"]] = ("svg", "png")
) -> list[Path]:
    """Write the curves of each task to files ``curves-TASK.svg`` and so on in the folder `output`."""
    from ctxemb.reporting.figures import score_curves, styled
    from ctxemb.reporting.svg import write_picture

    findings = read_findings(folders)
    output.mkdir(parents=True, exist_ok=True)
    written = []
    for task in findings.tasks:
        for kind in kinds:
            path = output / f"curves-{task}.{kind}"
            write_picture(styled(score_curves(findings, task)), path, kind)
            written.append(path)
    return written


def _render(findings: Findings, format: Format) -> str:  # noqa: A002
    if format == "html":
        from ctxemb.reporting.page import render_page

        return render_page(findings)
    render = {"markdown": render_markdown, "latex": render_latex, "csv": render_csv}
    return render[format](findings)
