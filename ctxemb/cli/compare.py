"""`ctxemb compare`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import rich_click as click

from ctxemb.cli.options import DTYPES, cache_option, data_option, lenient_option
from ctxemb.cli.tables import print_rows
from ctxemb.cli.terminal import Terminal, pass_terminal

if TYPE_CHECKING:
    from ctxemb.comparison.dry_run import PlannedStep


@click.command("compare")
@click.argument("spec", metavar="SPEC.toml")
@click.option(
    "-o",
    "--output",
    metavar="FOLDER",
    help="Where results and report go.  [default: a folder named after the comparison]",
)
@click.option("--device", metavar="DEVICE", help="Where models compute, whatever SPEC.toml says.")
@click.option("--dtype", type=click.Choice(DTYPES), help="In what numbers, whatever SPEC.toml says.")
@click.option(
    "--space", metavar="NAME", help="Space of the vectors, whatever SPEC.toml says; see `ctxemb probe`."
)
@click.option("--dry-run", is_flag=True, help="Only show what is known already, and what would run.")
@lenient_option
@data_option
@cache_option
@pass_terminal
def command(
    terminal: Terminal,
    spec: str,
    output: str | None,
    device: str | None,
    dtype: str | None,
    space: str | None,
    dry_run: bool,
    lenient: bool,
    data: str | None,
    cached: bool,
) -> None:
    """Run every model × task × probe × layer of SPEC.toml and write results and a report.

    `quick` and `real` are the names of the comparisons that ship with ctxemb. What has been computed before,
    for the same model, text and settings, is not computed again.
    """
    from pathlib import Path

    from ctxemb.api.judge import compare
    from ctxemb.api.reporting import report
    from ctxemb.comparison import find_spec, read_spec
    from ctxemb.comparison.cache import default_cache
    from ctxemb.comparison.dry_run import plan_comparison
    from ctxemb.comparison.spec import check_space
    from ctxemb.tasks import SkippedRows

    asked = {"device": device, "dtype": dtype, "space": space}
    comparison = read_spec(find_spec(spec)).model_copy(
        update={name: value for name, value in asked.items() if value is not None}
    )
    check_space(comparison.space, comparison.analyses)
    if dry_run:
        cache = default_cache() if cached else None
        _print_plan(plan_comparison(comparison, data=Path(data) if data else None, cache=cache))
        return
    folder = Path(output) if output else Path(comparison.name)
    skipped = SkippedRows() if lenient else None
    with terminal.steps() as progress:
        findings = compare(
            comparison,
            data=data,
            cache=cached,
            command=f"ctxemb compare {spec}",
            skipped=skipped,
            progress=progress,
        )
    terminal.skipped(skipped)
    findings.save(folder)
    terminal.note(f"results in {folder}")
    click.echo(report(findings, folder / "report.html"))


def _print_plan(steps: list[PlannedStep]) -> None:
    rows = [
        {"step": step.what, "known": "yes" if step.known else "no", "about": _duration(step.seconds)}
        for step in steps
    ]
    waiting = [step for step in steps if not step.known]
    total = _duration(sum(step.seconds for step in waiting))
    title = f"{len(waiting)} of {len(steps)} steps would run, one after the other in about {total}"
    print_rows(rows, "table", title)


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s" if seconds >= 1 or not seconds else "1 s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
