"""`ctxemb report`."""

from __future__ import annotations

import rich_click as click

from ctxemb.cli.terminal import Terminal, pass_terminal

_FORMATS = ("html", "markdown", "latex", "csv")


@click.command("report")
@click.argument("results", nargs=-1, required=True, metavar="RESULTS...")
@click.option(
    "-o", "--output", metavar="FILE", help="The report to write.  [default: report.html, .md, .tex or .csv]"
)
@click.option(
    "--format",
    "style",
    type=click.Choice(_FORMATS),
    default="html",
    show_default=True,
    help="What to write.",
)
@click.option("--figures", metavar="FOLDER", help="Also write the curves of each task here, as SVG and PNG.")
@pass_terminal
def command(
    terminal: Terminal, results: tuple[str, ...], output: str | None, style: str, figures: str | None
) -> None:
    """Write a report of RESULTS: folders written by `ctxemb compare`, or files written by `ctxemb probe -o`.

    The HTML report is one file that needs nothing else.
    """
    from pathlib import Path

    from ctxemb.api.reporting import report
    from ctxemb.reporting import write_figures
    from ctxemb.reporting.write import ENDINGS

    folders = [Path(result) for result in results]
    path = report(
        folders,
        Path(output or f"report{ENDINGS[style]}"),  # type: ignore[index]
        style,  # type: ignore[arg-type]
    )
    click.echo(path)
    if figures:
        for picture in write_figures(folders, Path(figures)):
            terminal.note(f"wrote {picture}")
