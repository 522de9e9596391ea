"""Rows to a table on stdout: for a person, a spreadsheet, a program or a document."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

import rich_click as click

from ctxemb.spreadsheets import harmless

_UNBROKEN = 24
"""Characters of a cell that is never broken into lines."""

FORMATS = ("table", "csv", "json", "markdown")

format_option = click.option(
    "--format",
    "style",
    type=click.Choice(FORMATS),
    default="table",
    show_default=True,
    help="How to print the table.",
)


def print_rows(rows: Sequence[dict[str, Any]], style: str, title: str = "") -> None:
    """Print rows with the same keys, in one of `FORMATS`."""
    if style == "json":
        click.echo(json.dumps(list(rows), ensure_ascii=False, indent=2))
    elif style == "csv":
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(map(harmless, rows[0] if rows else ()))
        writer.writerows(map(harmless, row.values()) for row in rows)
        click.echo(text.getvalue(), nl=False)
    elif style == "markdown":
        click.echo(_markdown(rows))
    else:
        _print_table(rows, title)


def _markdown(rows: Sequence[dict[str, Any]]) -> str:
    header = list(rows[0]) if rows else []
    lines = [header, ["---"] * len(header), *(list(map(_shown, row.values())) for row in rows)]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _print_table(rows: Sequence[dict[str, Any]], title: str) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title or None, box=box.SIMPLE_HEAD, title_justify="left")
    for key in rows[0] if rows else []:
        numeric = all(isinstance(row[key], int | float | None) for row in rows)
        longest = max(len(_shown(row[key])) for row in rows)
        table.add_column(
            key, justify="right" if numeric else "left", overflow="fold", no_wrap=longest <= _UNBROKEN
        )
    for row in rows:
        table.add_row(*(Text(_shown(value)) for value in row.values()))
    console = Console()
    if not console.is_terminal:  # a file or a pipe is as wide as need be
        console = Console(width=10_000)
        console = Console(width=console.measure(table).maximum)
    console.print(table)


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
