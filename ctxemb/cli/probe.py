"""`ctxemb probe`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import rich_click as click

from ctxemb.cli.options import cache_option, data_option, models_option
from ctxemb.cli.tables import format_option, print_rows
from ctxemb.cli.terminal import Terminal, pass_terminal

if TYPE_CHECKING:
    from ctxemb.results import Result


@click.command("probe")
@models_option
@click.option(
    "--task",
    "tasks",
    metavar="NAME",
    multiple=True,
    required=True,
    help="Name of a task (see `ctxemb tasks`); may be repeated.",
)
@click.option("--layer", "layers", default="all", show_default=True, help="'all', or numbers such as 0,3,-1.")
@click.option(
    "--probe",
    "probes",
    metavar="NAME",
    multiple=True,
    default=("logistic",),
    show_default=True,
    help="logistic, 1-nn or centroid; may be repeated.",
)
@click.option(
    "--baselines/--no-baselines",
    default=True,
    show_default=True,
    help="Majority, bag of words, context-free vectors, and the random twin beside each model.",
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of probes and intervals."
)
@click.option(
    "--random-init",
    "random_seed",
    metavar="SEED",
    type=click.IntRange(min=0),
    default=1,
    show_default=True,
    help="Of the weights of the random twins.",
)
@click.option("-o", "--output", metavar="FILE", help="Also write the results here, as JSON Lines.")
@data_option
@cache_option
@format_option
@pass_terminal
def command(
    terminal: Terminal,
    models: tuple[str, ...],
    tasks: tuple[str, ...],
    layers: str,
    probes: tuple[str, ...],
    baselines: bool,
    seed: int,
    random_seed: int,
    output: str | None,
    data: str | None,
    cached: bool,
    style: str,
) -> None:
    """Train probes on every layer of a model and print their scores, with baselines beside them.

    Intervals are 95 % bootstrap intervals over the test examples.
    """
    from pathlib import Path

    from ctxemb.comparison import evaluate, make_spec
    from ctxemb.comparison.cache import default_cache
    from ctxemb.extraction import parse_layers
    from ctxemb.results import write_results

    values: dict[str, object] = {
        "models": models or ("elmo", "gpt", "bert"),
        "tasks": tasks,
        "layers": parse_layers(layers),
        "probes": probes,
        "combinations": ["mix", "concat"] if "logistic" in probes and layers == "all" else [],
        "baselines": ["majority", "bag-of-words", "static", "random"] if baselines else [],
        "seed": seed,
        "random_seed": random_seed,
    }
    spec = make_spec(values, "command line")
    with terminal.steps() as progress:
        outcome = evaluate(
            spec,
            data=Path(data) if data else None,
            cache=default_cache() if cached else None,
            progress=progress,
        )
    if output:
        write_results(outcome.results, Path(output))
        terminal.note(f"wrote {len(outcome.results)} results to {output}")
    if style == "table":
        _print_summary(outcome.results)
    else:
        print_rows([result.as_row() for result in outcome.results], style)


def _print_summary(results: list[Result]) -> None:
    """Print a table for each task and metric: what a person looks for."""
    for task, metric in dict.fromkeys((result.task, result.metric) for result in results):
        rows = [
            {
                "model": result.model,
                "layer": str(result.layer),
                "probe": result.probe,
                metric: result.value,
                "low": result.low,
                "high": result.high,
            }
            for result in results
            if (result.task, result.metric) == (task, metric)
        ]
        n = next(result.n for result in results if result.task == task)
        print_rows(rows, "table", f"{task}: {metric} on {n:,} test examples, with a 95 % interval")
