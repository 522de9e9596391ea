"""`ctxemb save`."""

from __future__ import annotations

import rich_click as click

from ctxemb.cli.options import random_option
from ctxemb.cli.terminal import Terminal, pass_terminal


@click.command("save")
@click.argument("model", metavar="MODEL")
@click.argument("folder", metavar="FOLDER")
@click.option("--half", is_flag=True, help="Write the weights of GPT and BERT as float16.")
@random_option
@pass_terminal
def command(terminal: Terminal, model: str, folder: str, half: bool, random_init: int | None) -> None:
    """Write MODEL to FOLDER in a format that other tools read.

    GPT and BERT become folders of transformers, ELMo becomes options.json and weights.hdf5.
    """
    from pathlib import Path

    from ctxemb.models import load, save

    save(load(model, random_init), Path(folder), half=half)
    terminal.note(f"{model} written to")
    click.echo(folder)
