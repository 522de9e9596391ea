"""`ctxemb probe`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import rich_click as click

from ctxemb.cli.options import (
    cache_option,
    data_option,
    device_option,
    dtype_option,
    lenient_option,
    models_option,
)
from ctxemb.cli.tables import format_option, print_rows
from ctxemb.cli.terminal import Terminal, pass_terminal

if TYPE_CHECKING:
    from ctxemb.comparison import Outcome
    from ctxemb.results import Result

_LEVEL = 0.05
_OF_TRAINING = ("codelength", "compression")
"""Measured on the examples that a probe learns from."""


@click.command("probe")
@models_option
@click.option(
    "--task",
    "tasks",
    metavar="NAME",
    multiple=True,
    required=True,
    help="Name of a task (see `ctxemb tasks`), or your own file; may be repeated.",
)
@click.option("--layer", "layers", default="all", show_default=True, help="'all', or numbers such as 0,3,-1.")
@click.option(
    "--probe",
    "probes",
    metavar="NAME",
    multiple=True,
    default=("logistic",),
    show_default=True,
    help="logistic, mlp, k-nn, 1-nn or centroid; for pairs logistic or cosine; may be repeated.",
)
@click.option(
    "--combine",
    "combinations",
    type=click.Choice(["mix", "concat", "last4"]),
    multiple=True,
    help="Logistic regression on a learned mix of all layers, on all side by side, or on the last four; may "
    "be repeated.  [default: mix, concat, where all layers are probed by it]",
)
@click.option(
    "--pool",
    "pools",
    type=click.Choice(["mean", "max", "cls", "last"]),
    multiple=True,
    help="Of sentence labels, besides the mean of the words: how pieces become the vector of a sentence; may "
    "be repeated.",
)
@click.option(
    "--baselines/--no-baselines",
    default=True,
    show_default=True,
    help="Majority, bag of words, context-free vectors, and the random twin beside each model.",
)
@click.option(
    "--analysis",
    "analyses",
    type=click.Choice(["control", "description-length", "clusters"]),
    multiple=True,
    help="What else to measure on every layer: selectivity against a control task, the online code's length, "
    "or senses found without labels; may be repeated.",
)
@click.option(
    "--space",
    default="raw",
    show_default=True,
    metavar="NAME",
    help="Space of the vectors, fitted on training examples: raw, centered, standardized, abtt-K, zero-K or "
    "whitened.",
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
@device_option
@dtype_option
@lenient_option
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
    combinations: tuple[str, ...],
    pools: tuple[str, ...],
    baselines: bool,
    analyses: tuple[str, ...],
    space: str,
    seed: int,
    random_seed: int,
    output: str | None,
    device: str,
    dtype: str,
    lenient: bool,
    data: str | None,
    cached: bool,
    style: str,
) -> None:
    """Train probes on every layer of a model and print their scores, with baselines beside them.

    Intervals are 95 % bootstrap intervals over the test examples. A star marks the layer that the dev split
    chose, by which models are compared.
    """
    from pathlib import Path

    from ctxemb.comparison import evaluate, make_spec
    from ctxemb.comparison.cache import default_cache
    from ctxemb.extraction import parse_layers
    from ctxemb.results import write_results
    from ctxemb.tasks import SkippedRows

    values: dict[str, object] = {
        "models": models or ("elmo", "gpt", "bert"),
        "tasks": tasks,
        "layers": parse_layers(layers),
        "probes": probes,
        "combinations": combinations
        or (["mix", "concat"] if "logistic" in probes and layers == "all" else []),
        "pools": tuple(dict.fromkeys(("mean", *pools))),
        "analyses": analyses,
        **({} if baselines else {"baselines": []}),
        "space": space,
        "seed": seed,
        "random_seed": random_seed,
        "device": device,
        "dtype": dtype,
    }
    spec = make_spec(values, "command line")
    skipped = SkippedRows() if lenient else None
    with terminal.steps() as progress:
        outcome = evaluate(
            spec,
            data=Path(data) if data else None,
            cache=default_cache() if cached else None,
            skipped=skipped,
            progress=progress,
        )
    terminal.skipped(skipped)
    if output:
        write_results(outcome.results, Path(output))
        terminal.note(f"wrote {len(outcome.results)} results to {output}")
    if style == "table":
        _print_summary(outcome, probes)
    else:
        print_rows([result.as_row() for result in outcome.results], style)


def _print_summary(outcome: Outcome, probes: tuple[str, ...]) -> None:
    """Print a table for each task and metric: what a person looks for."""
    from ctxemb.comparison.judging import chosen_lines, leading_probe

    results = [
        result for result in outcome.results if result.split == "test" or result.metric in _OF_TRAINING
    ]
    several = len({result.pool for result in results}) > 1
    for task, metric in dict.fromkeys((result.task, result.metric) for result in results):
        lines = [line for line in outcome.lines if line.task.name == task]
        chosen = chosen_lines(lines, leading_probe(lines[0].task, probes))
        stars = {
            (name, line.layer, line.probe, line.pool) for name, line in chosen.items() if line.layer != "-"
        }
        shown = [result for result in results if (result.task, result.metric) == (task, metric)]
        bounded = metric in (*lines[0].task.metrics, "control_accuracy")
        rows: list[dict[str, object]] = [
            {
                "model": result.model,
                "layer": f"{result.layer}{'*' * (_place(result) in stars)}",
                "probe": result.probe,
                **({"pool": result.pool} if several else {}),
                metric: result.value,
                **({"low": result.low, "high": result.high} if bounded else {}),
            }
            for result in shown
        ]
        title = f"{task}: {metric} on {shown[0].n:,} {shown[0].split} examples"
        print_rows(rows, "table", title + ", with a 95 % interval" * bounded)
    for task in dict.fromkeys(mix["task"] for mix in outcome.mixes):
        rows = [
            {
                "model": mix["model"],
                "restart": mix["seed"],
                "loss": mix["loss"],
                "gamma": mix["gamma"],
                **{f"w{layer}": weight for layer, weight in enumerate(mix["weights"])},
            }
            for mix in outcome.mixes
            if mix["task"] == task
        ]
        print_rows(rows, "table", f"{task}: learned mixes of the layers; that with the lowest loss is probed")
    rows = [
        {
            "task": row["task"],
            "comparison": f"{row['a']} - {row['b']}",
            "difference": row["difference"],
            "low": row["low"],
            "high": row["high"],
            "p (Holm)": row["p_holm"],
            "holds": "yes" if row["p_holm"] < _LEVEL else "no",
        }
        for row in outcome.differences
    ]
    if rows:
        print_rows(rows, "table", "paired differences on the test, at the layers that dev chose")


def _place(result: Result) -> tuple[str, int | str, str, str]:
    return result.model, result.layer, result.probe, result.pool
