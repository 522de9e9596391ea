"""`ctxemb tasks`."""

from __future__ import annotations

import rich_click as click

from ctxemb.cli.options import data_option
from ctxemb.cli.tables import format_option, print_rows


@click.command("tasks")
@data_option
@format_option
def command(data: str | None, style: str) -> None:
    """List the tasks that ctxemb can probe, and whether their data is at hand."""
    from pathlib import Path

    from ctxemb.tasks import all_data_sets, task_names
    from ctxemb.tasks.storage import is_present

    folder = Path(data) if data else None
    rows = [
        {
            "name": name,
            "data": all_data_sets()[name].public,
            "present": is_present(all_data_sets()[name], folder),
        }
        for name in task_names()
    ]
    print_rows(rows, style, "Tasks; of those not present, see `ctxemb data`. Your own files work, too")
