"""`ctxemb models`."""

from __future__ import annotations

import dataclasses

import rich_click as click

from ctxemb.cli.tables import format_option, print_rows


@click.command("models")
@format_option
def command(style: str) -> None:
    """List the models that ctxemb knows by name."""
    from ctxemb.models import known_models

    rows = [dataclasses.asdict(info) for info in known_models()]
    print_rows(rows, style, "Models; a folder of a model is one too, and hf:ORGANISATION/NAME")
