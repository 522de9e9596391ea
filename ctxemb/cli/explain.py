"""`ctxemb explain`."""

from __future__ import annotations

import rich_click as click


@click.command("explain")
@click.argument("results", metavar="RESULTS")
@click.argument("row", type=int, metavar="ROW")
def command(results: str, row: int) -> None:
    """Tell how one number was made.

    RESULTS is a folder written by `ctxemb compare`, or a file written by `ctxemb probe -o`; ROW is a line of
    its results.jsonl, from 1.
    """
    from pathlib import Path

    from ctxemb.results import read_findings
    from ctxemb.results.explain import explain

    for line in explain(read_findings([Path(results)]), row):
        click.echo(line)
