"""`ctxemb probe`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import rich_click as click

from ctxemb.cli.options import (
    KnownName,
    cache_option,
    data_option,
    device_option,
    dtype_option,
    lenient_option,
    models_option,
)
from ctxemb.cli.tables import format_option, print_rows
from ctxemb.cli.terminal import Terminal, pass_terminal

_SUM = "sum-last4"

if TYPE_CHECKING:
    from ctxemb.extraction.layers import Layers
    from ctxemb.results import Findings, Result


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
@click.option(
    "--layer", "layers", default="all", show_default=True, help="'all', numbers such as 0,3,-1, or sum-last4."
)
@click.option(
    "--probe",
    "probes",
    type=KnownName("ctxemb.probes", "probe_names"),
    multiple=True,
    default=("logistic",),
    show_default=True,
    help="How to read labels off vectors; may be repeated.",
)
@click.option(
    "--combine",
    "combinations",
    type=click.Choice(["mix", "concat", "last4", "sum-last4"]),
    multiple=True,
    help="Logistic regression on a learned mix of all layers, on all side by side, or on the last four; any "
    "probe on the sum of the last four; may be repeated.  [default: mix, concat, where all layers are probed "
    "by it]",
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
    "--context",
    "contexts",
    metavar="CONTEXT",
    multiple=True,
    help="Of word tasks, besides words alone: what stands beside a word's vector, 'sentence' (the mean of "
    "its words) or 'window-K' (of K words on each side); may be repeated.",
)
@click.option(
    "--baselines/--no-baselines",
    default=True,
    show_default=True,
    help="Majority, bags of words, context-free vectors, those of the other words, and each model's random "
    "twin.",
)
@click.option(
    "--analysis",
    "analyses",
    type=KnownName("ctxemb.analysis", "analysis_names"),
    multiple=True,
    help="What else to measure on every layer; may be repeated.",
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
@click.option(
    "--twins", type=click.IntRange(1, 100), default=1, show_default=True, help="Random twins of each model."
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
    contexts: tuple[str, ...],
    baselines: bool,
    analyses: tuple[str, ...],
    space: str,
    seed: int,
    random_seed: int,
    twins: int,
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

    from ctxemb.api.judge import probe
    from ctxemb.results.json_lines import write_records
    from ctxemb.tasks import SkippedRows

    skipped = SkippedRows() if lenient else None
    numbers, combinations = _layers(layers, combinations)
    with terminal.steps() as progress:
        findings = probe(
            tasks,
            models or ("elmo", "gpt", "bert"),
            layers=numbers,
            probes=probes,
            combinations=combinations or None,
            pools=pools,
            contexts=contexts,
            analyses=analyses,
            baselines=baselines,
            space=space,
            seed=seed,
            random_seed=random_seed,
            twins=twins,
            device=device,
            dtype=dtype,  # type: ignore[arg-type]
            data=data,
            cache=cached,
            skipped=skipped,
            progress=progress,
        )
    terminal.skipped(skipped)
    if output:
        write_records(findings.results, Path(output))
        terminal.note(f"wrote {len(findings.results)} results to {output}")
    if style == "table":
        _print_summary(findings)
    else:
        print_rows([result.as_row() for result in findings.results], style)


def _layers(asked: str, combinations: tuple[str, ...]) -> tuple[Layers, tuple[str, ...]]:
    """Return the single layers that are asked for, and the combinations; a sum stands beside the last."""
    from ctxemb.extraction import parse_layers

    names = asked.split(",")
    if _SUM not in names:
        return parse_layers(asked), combinations
    single = ",".join(name for name in names if name != _SUM)
    return parse_layers(single or "-1"), tuple(dict.fromkeys([*combinations, _SUM]))


def _print_summary(findings: Findings) -> None:
    """Print a table for each task and metric: what a person looks for."""
    from ctxemb.analysis import analysis_metrics
    from ctxemb.results.names import NO_LAYER, WORD
    from ctxemb.scoring.metrics import METRICS

    metrics = {**METRICS, **analysis_metrics()}
    shown = [result for result in findings.results if result.split == metrics[result.metric].split]
    several = [key for key in ("pool", "context") if len({getattr(result, key) for result in shown}) > 1]
    for task, metric in dict.fromkeys((result.task, result.metric) for result in shown):
        of_metric = [result for result in shown if (result.task, result.metric) == (task, metric)]
        chosen = [
            findings.chosen(task, model, context=context)
            for model in dict.fromkeys(result.model for result in of_metric)
            for context in findings.contexts(task)
        ]
        stars = [_place(best) for best in chosen if best is not None and best.layer != NO_LAYER]
        bounded = metrics[metric].has_interval
        rows: list[dict[str, object]] = [
            {
                "model": result.model,
                "layer": f"{result.layer}{'*' * (_place(result) in stars)}",
                "probe": result.probe,
                **{key: getattr(result, key) for key in several},
                metric: result.value,
                **({"low": result.low, "high": result.high} if bounded else {}),
            }
            for result in of_metric
        ]
        title = f"{task}: {metric} on {of_metric[0].n:,} {of_metric[0].split} examples"
        print_rows(rows, "table", title + ", with a 95 % interval" * bounded)
    for task in dict.fromkeys(mix.task for mix in findings.mixes):
        rows = [
            {
                "model": mix.model,
                "restart": mix.seed,
                "loss": mix.loss,
                "gamma": mix.gamma,
                **{f"w{layer}": weight for layer, weight in enumerate(mix.weights)},
            }
            for mix in findings.mixes
            if mix.task == task
        ]
        print_rows(rows, "table", f"{task}: learned mixes of the layers; that with the lowest loss is probed")
    rows = [
        {
            "task": row.task,
            "comparison": f"{row.a} - {row.b}" + (f" ({row.context})" if row.context != WORD else ""),
            "difference": row.difference,
            "low": row.low,
            "high": row.high,
            "p (Holm)": row.p_holm,
            "significant": "yes" if row.is_significant else "no",
        }
        for row in findings.differences
    ]
    if rows:
        print_rows(rows, "table", "paired differences on the test, at the layers that dev chose")


def _place(result: Result) -> tuple[str, int | str, str, str, str]:
    return result.model, result.layer, result.probe, result.pool, result.context
