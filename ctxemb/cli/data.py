"""`ctxemb data`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import rich_click as click

from ctxemb.cli.options import data_option
from ctxemb.cli.tables import format_option, print_rows
from ctxemb.cli.terminal import Terminal, pass_terminal

if TYPE_CHECKING:
    from ctxemb.tasks import DataSet

_MOST_ADDRESSES = 12


@click.group("data")
def command() -> None:
    """Find, fetch and check the published data sets."""


def _published() -> dict[str, DataSet]:
    """Return the data sets that do not ship, by name."""
    from ctxemb.tasks import all_data_sets

    return {name: data_set for name, data_set in all_data_sets().items() if not data_set.ships}


@command.command("list")
@data_option
@format_option
def list_command(data: str | None, style: str) -> None:
    """List the data sets, and whether they are at hand."""
    from pathlib import Path

    from ctxemb.tasks.storage import data_folder, is_present

    folder = Path(data) if data else None
    rows = [
        {
            "task": data_set.name,
            "folder": data_set.folder,
            "present": is_present(data_set, folder),
            "examples": sum(data_set.counts.values()),
            "licence": data_set.licence,
            "public": data_set.public,
        }
        for data_set in _published().values()
    ]
    print_rows(rows, style, f"Data sets in {data_folder(folder)}")


@command.command("info")
@click.argument("name")
@data_option
@format_option
def info_command(name: str, data: str | None, style: str) -> None:
    """Show what a data set holds, its licence and its paper."""
    from pathlib import Path

    from ctxemb.tasks import load_task
    from ctxemb.tasks.storage import is_present

    folder = Path(data) if data else None
    known = _published().get(name)
    if known is not None and not is_present(known, folder):
        print_rows(
            [
                {"what": "task", "value": name},
                {"what": "present", "value": False},
                {"what": "paper", "value": known.paper},
                {"what": "licence", "value": known.licence},
                {"what": "public", "value": known.public},
                *_origin(known),
                *({"what": split, "value": count} for split, count in known.counts.items()),
            ],
            style,
        )
        return
    task = load_task(name, folder)
    rows: list[dict[str, object]] = [
        {"what": "task", "value": task.name},
        {"what": "kind", "value": task.kind},
        {"what": "description", "value": task.description},
        {"what": "paper", "value": task.source},
        {"what": "licence", "value": task.licence},
        {"what": "sentences", "value": len(task.sentences)},
        *({"what": split, "value": len(numbers)} for split, numbers in sorted(task.splits.items())),
        *([] if task.folds is None else [{"what": "folds", "value": int(task.folds.max()) + 1}]),
        {"what": "labels", "value": len(task.labels)},
        {"what": "groups", "value": len(task.groups)},
        {"what": "metrics", "value": ", ".join(task.metrics)},
    ]
    if known is not None:
        rows.append({"what": "public", "value": known.public})
        rows += _origin(known)
    print_rows(rows, style)


def _origin(data_set: DataSet) -> list[dict[str, object]]:
    """Return the addresses that `get` fetches from (of many, the first), and what it checks."""
    files = data_set.files()
    addresses = list(dict.fromkeys(file.url for file in files))
    if len(addresses) > _MOST_ADDRESSES:
        addresses = [addresses[0], f"... and {len(addresses) - 1} more beside it"]
    by_hash = sum(bool(file.sha256 or file.checksum) for file in files)
    rows: list[dict[str, object]] = [{"what": "url", "value": address} for address in addresses]
    checked = f"{len(files)}, {by_hash} of them checked by hash; all rows are counted"
    return [*rows, {"what": "files", "value": checked}]


@command.command("check")
@click.argument("names", nargs=-1)
@data_option
@format_option
@click.pass_context
def check_command(ctx: click.Context, names: tuple[str, ...], data: str | None, style: str) -> None:
    """Load data sets, all that are at hand unless NAMES are given, and compare with the published counts."""
    from pathlib import Path

    from ctxemb.errors import CtxembError
    from ctxemb.tasks import load_task
    from ctxemb.tasks.storage import is_present

    folder = Path(data) if data else None
    rows: list[dict[str, object]] = []
    at_hand = [name for name, data_set in _published().items() if is_present(data_set, folder)]
    for name in names or at_hand:
        try:
            n = len(load_task(name, folder).examples)
            rows.append({"task": name, "examples": n, "fault": ""})
        except CtxembError as error:
            rows.append({"task": name, "examples": None, "fault": str(error)})
    print_rows(rows, style)
    if any(row["fault"] for row in rows):
        ctx.exit(1)


@command.command("get")
@click.argument("names", nargs=-1, required=True)
@data_option
@pass_terminal
def get_command(terminal: Terminal, names: tuple[str, ...], data: str | None) -> None:
    """Download data sets from their public sources, check them, and convert them for ctxemb where needed.

    What is at hand is not fetched again, and what was cut off goes on where it stopped.
    """
    from pathlib import Path

    from ctxemb.suggest import unknown_name
    from ctxemb.tasks import load_task
    from ctxemb.tasks.storage import fetch

    folder = Path(data) if data else None
    for name in names:
        published = _published()
        if name not in published:
            raise unknown_name("data set", name, published)
        with terminal.steps() as progress:
            where = fetch(published[name], folder, progress=progress)
        task = load_task(name, folder)
        click.echo(where)
        terminal.note(f"{name}: {len(task.examples):,} examples; licence: {task.licence}; {task.source}")
