"""`ctxemb explore`."""

from __future__ import annotations

import rich_click as click

from ctxemb.cli.options import data_option, device_option, models_option
from ctxemb.cli.terminal import Terminal, pass_terminal


@click.command("explore")
@click.argument("source", metavar="TASK|FILE", default="senses")
@click.option("--word", "words", metavar="WORD", multiple=True, help="A word to show; may be repeated.")
@models_option
@click.option("-o", "--output", default="explore.html", show_default=True, metavar="FILE", help="The page.")
@click.option(
    "--most", type=click.IntRange(min=3), default=2000, show_default=True, help="Show at most so many."
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the draw.")
@click.option("--title", help="The page's heading.")
@data_option
@device_option
@pass_terminal
def command(
    terminal: Terminal,
    source: str,
    words: tuple[str, ...],
    models: tuple[str, ...],
    output: str,
    most: int,
    seed: int,
    title: str | None,
    data: str | None,
    device: str,
) -> None:
    """Write a page to look at occurrences of words in every layer of up to four models.

    TASK is a task of word senses, FILE your own: marked words (*bank*) with their senses, or plain text with
    --word. The page is one file and works without a network.
    """
    from ctxemb.api.exploring import explore

    page = explore(
        source,
        models or ("elmo", "gpt", "bert"),
        words=words,
        most=most,
        seed=seed,
        title=title,
        data=data,
        device=device,
        progress=lambda model: terminal.note(f"reading with {model}"),
    )
    click.echo(page.save(output))
