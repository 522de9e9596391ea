"""`ctxemb neighbors`."""

from __future__ import annotations

from typing import Any

import rich_click as click

from ctxemb.cli.options import cache_option, data_option, device_option, dtype_option, models_option
from ctxemb.cli.tables import format_option, print_rows
from ctxemb.cli.terminal import Terminal, pass_terminal


@click.command("neighbors")
@click.argument("query", required=False, metavar='["... the *bank* of the river ..."]')
@models_option
@click.option(
    "--store",
    "stores",
    metavar="FOLDER",
    multiple=True,
    help="Search this vector store, with the model that wrote it; may be repeated.",
)
@click.option(
    "--layer", type=int, help="Number of the layer; -1 is the last.  [default: -1; with --score, every layer]"
)
@click.option("--top", type=click.IntRange(min=1), default=5, show_default=True, help="How many to show.")
@click.option("--same-word", is_flag=True, help="Only occurrences of the same word.")
@click.option(
    "--space",
    default="raw",
    show_default=True,
    metavar="NAME",
    help="Space of the vectors, fitted on those searched: raw, centered, standardized, abtt-K, zero-K or "
    "whitened.",
)
@click.option(
    "--score",
    is_flag=True,
    help="No query: how often the nearest other occurrence of a word has its sense, by layer.",
)
@click.option(
    "--task",
    default="senses",
    show_default=True,
    metavar="NAME",
    help="With --score: a task of word senses, ctxemb's or your own.",
)
@data_option
@click.option("--tokenized", is_flag=True, help="Words are separated by spaces already.")
@device_option
@dtype_option
@cache_option
@format_option
@pass_terminal
def command(
    terminal: Terminal,
    query: str | None,
    models: tuple[str, ...],
    stores: tuple[str, ...],
    layer: int | None,
    top: int,
    same_word: bool,
    space: str,
    score: bool,
    task: str,
    data: str | None,
    tokenized: bool,
    device: str,
    dtype: str,
    cached: bool,
    style: str,
) -> None:
    """Show the word occurrences nearest to the *marked* word, for each model.

    Without --store, they are looked for in the sentences of the *senses* data that ship with ctxemb. With
    --score, each occurrence of a word of the task looks for its nearest other one, in every layer of each
    model and of its twin with random weights. Intervals are 95 % bootstrap intervals over words; chance is
    the share where the other occurrence is drawn at random.
    """
    names = models or ("elmo", "gpt", "bert")
    if score:
        if query or stores:
            raise click.UsageError("--score reads a task: give no query and no --store with it")
        rows = _scores(terminal, names, task, layer, space, device, dtype, data, cached)
        print_rows(rows, style, f"{task}: occurrences whose nearest other one has the same sense")
        return
    if query is None:
        raise click.UsageError("give a query with a *marked* word, or --score")
    from pathlib import Path

    from ctxemb.comparison import find_neighbors
    from ctxemb.comparison.cache import default_cache
    from ctxemb.models.computation import Computation
    from ctxemb.text.reader import mark_target

    if models and stores:
        raise click.UsageError("give either --model or --store; a store knows its model")
    sentence, position = mark_target(query, tokenized=tokenized)
    with terminal.steps() as progress:
        rows = find_neighbors(
            sentence,
            position,
            models=() if stores else names,
            stores=[Path(store) for store in stores],
            layer=-1 if layer is None else layer,
            top=top,
            same_word=same_word,
            space=space,
            computation=Computation(device, dtype),  # type: ignore[arg-type]
            cache=default_cache() if cached else None,
            progress=progress,
        )
    print_rows(_side_by_side(rows) if style == "table" else rows, style, query)


def _scores(
    terminal: Terminal,
    models: tuple[str, ...],
    task: str,
    layer: int | None,
    space: str,
    device: str,
    dtype: str,
    data: str | None,
    cached: bool,
) -> list[dict[str, Any]]:
    """Return a row per model and layer."""
    from ctxemb.api.analysing import analyse

    with terminal.steps() as progress:
        measured = analyse(
            models,
            "same-sense",
            task=task,
            layers="all" if layer is None else [layer],
            space=space,
            device=device,
            dtype=dtype,  # type: ignore[arg-type]
            data=data,
            cache=cached,
            progress=progress,
        )
    chances = {(row.model, row.layer): row.value for row in measured.select(statistic="same_sense_chance")}
    return [
        {
            "model": row.model,
            "layer": row.layer,
            "same sense": row.value,
            "low": row.low,
            "high": row.high,
            "chance": chances[row.model, row.layer],
            "n": row.n,
        }
        for row in measured.select(statistic="same_sense")
    ]


def _side_by_side(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a row per rank and a column per model."""
    models = dict.fromkeys((row["model"], row["layer"]) for row in rows)
    by_rank = {(row["model"], row["layer"], row["rank"]): row for row in rows}
    ranks = sorted({row["rank"] for row in rows})
    return [
        {
            "rank": rank,
            **{
                f"{model}, layer {layer}": f"{row['cosine']:.2f}  {row['occurrence']}" if row else ""
                for model, layer in models
                for row in [by_rank.get((model, layer, rank))]
            },
        }
        for rank in ranks
    ]
