"""`ctxemb export`."""

from __future__ import annotations

import rich_click as click

from ctxemb.cli.options import cache_option, data_option, device_option, dtype_option
from ctxemb.cli.terminal import Terminal, pass_terminal


@click.command("export")
@click.option("--model", metavar="NAME", help="Name or folder of a model that embeds the words.")
@click.option("--text", metavar="FILE", help="The words of this text, a sentence a line.")
@click.option("--task", metavar="NAME", help="The words of a task, with their labels.")
@click.option("--store", metavar="FOLDER", help="The words of this vector store, instead of a model.")
@click.option("--layer", type=int, default=-1, show_default=True, help="Number of the layer; -1 is the last.")
@click.option("--space", default="raw", show_default=True, metavar="NAME", help="As of ctxemb analyse.")
@click.option(
    "--to",
    type=click.Choice(["atlas", "tensorboard"]),
    default="atlas",
    show_default=True,
    help="atlas: Parquet for embedding-atlas; tensorboard: a folder for its projector.",
)
@click.option(
    "--map",
    "method",
    type=click.Choice(["pca", "umap", "tsne"]),
    default="pca",
    show_default=True,
    help="How coordinates are made; umap and tsne need the extra ctxemb[maps].",
)
@click.option("--word", "words", metavar="WORD", multiple=True, help="Only its occurrences; may be repeated.")
@click.option(
    "--most",
    type=click.IntRange(min=3),
    default=20_000,
    show_default=True,
    help="Draw at most so many occurrences.",
)
@click.option("--neighbors", "k", type=click.IntRange(min=1), default=10, show_default=True, help="Of each.")
@click.option("--tokenized", is_flag=True, help="Words are separated by spaces already.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of all draws.")
@click.option("-o", "--output", required=True, metavar="PATH", help="The file or folder to write.")
@device_option
@dtype_option
@data_option
@cache_option
@pass_terminal
def command(
    terminal: Terminal,
    model: str | None,
    text: str | None,
    task: str | None,
    store: str | None,
    layer: int,
    space: str,
    to: str,
    method: str,
    words: tuple[str, ...],
    most: int,
    k: int,
    tokenized: bool,
    seed: int,
    output: str,
    device: str,
    dtype: str,
    data: str | None,
    cached: bool,
) -> None:
    """Write occurrences of words with coordinates, neighbours and metadata, for other tools to show."""
    from ctxemb.api.analysing import export

    count = export(
        output,
        to,  # type: ignore[arg-type]
        model=model,
        text=text,
        task=task,
        store=store,
        layer=layer,
        space=space,
        method=method,  # type: ignore[arg-type]
        words=words,
        most=most,
        k=k,
        tokenized=tokenized,
        seed=seed,
        device=device,
        dtype=dtype,  # type: ignore[arg-type]
        data=data,
        cache=cached,
    )
    terminal.note(f"{count:,} occurrences written to")
    click.echo(output)
