"""`ctxemb compare`."""

from __future__ import annotations

import rich_click as click

from ctxemb.cli.options import cache_option, data_option
from ctxemb.cli.terminal import Terminal, pass_terminal


@click.command("compare")
@click.argument("spec", metavar="SPEC.toml")
@click.option(
    "-o",
    "--output",
    metavar="FOLDER",
    help="Where results and report go.  [default: a folder named after the comparison]",
)
@data_option
@cache_option
@pass_terminal
def command(terminal: Terminal, spec: str, output: str | None, data: str | None, cached: bool) -> None:
    """Run every model × task × probe × layer of SPEC.toml and write results and a report.

    `quick` and `real` are the names of the comparisons that ship with ctxemb. What has been computed before,
    for the same model, text and settings, is not computed again.
    """
    from pathlib import Path

    from ctxemb.comparison import find_spec, read_spec, run_comparison
    from ctxemb.comparison.cache import default_cache
    from ctxemb.report import write_report

    comparison = read_spec(find_spec(spec))
    folder = Path(output) if output else Path(comparison.name)
    with terminal.steps() as progress:
        run_comparison(
            comparison,
            folder,
            data=Path(data) if data else None,
            cache=default_cache() if cached else None,
            command=f"ctxemb compare {spec}",
            progress=progress,
        )
    report = write_report([folder], folder / "report.html", "html")
    terminal.note(f"results in {folder}")
    click.echo(report)
