"""`ctxemb neighbors`."""

from __future__ import annotations

import rich_click as click

from ctxemb.cli.options import cache_option, models_option
from ctxemb.cli.tables import format_option, print_rows
from ctxemb.cli.terminal import Terminal, pass_terminal


@click.command("neighbors")
@click.argument("query", metavar='"... the *bank* of the river ..."')
@models_option
@click.option(
    "--store",
    "stores",
    metavar="FOLDER",
    multiple=True,
    help="Search this vector store, with the model that wrote it; may be repeated.",
)
@click.option("--layer", type=int, default=-1, show_default=True, help="Number of the layer; -1 is the last.")
@click.option("--top", type=click.IntRange(min=1), default=5, show_default=True, help="How many to show.")
@click.option("--same-word", is_flag=True, help="Only occurrences of the same word.")
@click.option("--tokenized", is_flag=True, help="Words are separated by spaces already.")
@cache_option
@format_option
@pass_terminal
def command(
    terminal: Terminal,
    query: str,
    models: tuple[str, ...],
    stores: tuple[str, ...],
    layer: int,
    top: int,
    same_word: bool,
    tokenized: bool,
    cached: bool,
    style: str,
) -> None:
    """Show the word occurrences nearest to the *marked* word, for each model.

    Without --store, they are looked for in the sentences of the *senses* data that ship with ctxemb.
    """
    from pathlib import Path

    from ctxemb.comparison import find_neighbors
    from ctxemb.comparison.cache import default_cache
    from ctxemb.text.reader import mark_target

    if models and stores:
        raise click.UsageError("give either --model or --store; a store knows its model")
    sentence, position = mark_target(query, tokenized=tokenized)
    with terminal.steps() as progress:
        rows = find_neighbors(
            sentence,
            position,
            models=() if stores else models or ("elmo", "gpt", "bert"),
            stores=[Path(store) for store in stores],
            layer=layer,
            top=top,
            same_word=same_word,
            cache=default_cache() if cached else None,
            progress=progress,
        )
    print_rows(rows, style, query)
