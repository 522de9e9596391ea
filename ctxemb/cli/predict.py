"""`ctxemb predict`."""

from __future__ import annotations

import rich_click as click

from ctxemb.cli.terminal import Terminal, pass_terminal


@click.command("predict")
@click.argument("folder", metavar="FOLDER", type=click.Path(file_okay=False))
@click.argument("file", metavar="FILE|-")
@click.option(
    "--format",
    "style",
    type=click.Choice(["tsv", "jsonl"]),
    default="tsv",
    show_default=True,
    help="A label and its probability a line, or an object with all probabilities.",
)
@pass_terminal
def command(terminal: Terminal, folder: str, file: str, style: str) -> None:
    """Label the lines of FILE, or of standard input, with the tuned model in FOLDER.

    FOLDER is a run of `ctxemb finetune`, such as OUTPUT/seed-0, or a model of transformers for sequence or
    token classification. A line is a text; for pairs two, with a tab between; for word senses with one
    *marked* word. Answers are written as soon as they are known.
    """
    from pathlib import Path
    from typing import cast

    from ctxemb.finetuning.folder import load_tuned
    from ctxemb.finetuning.lines import Style, label_lines
    from ctxemb.text.reader import numbered_lines, shown_name

    tuned = load_tuned(Path(folder))
    for line in label_lines(tuned, numbered_lines(file), shown_name(file), cast(Style, style)):
        click.echo(line)
    if tuned.cut:
        terminal.note(f"{len(tuned.cut):,} texts were cut to the model's window")
