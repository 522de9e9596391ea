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

    from ctxemb.errors import CtxembError
    from ctxemb.tasks import load_task, task_names

    rows = []
    for name in task_names():
        try:
            task = load_task(name, Path(data) if data else None)
        except CtxembError:
            task = None
        rows.append(
            {
                "name": name,
                "kind": task.kind if task else None,
                "train": len(task.splits["train"]) if task else None,
                "test": len(task.splits["test"]) if task else None,
                "labels": len(task.labels) if task else None,
                "metric": task.metrics[0] if task else None,
                "present": task is not None,
            }
        )
    print_rows(rows, style, "Tasks; those not present need --data FOLDER or CTXEMB_DATA")
