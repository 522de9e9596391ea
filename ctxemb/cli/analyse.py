"""`ctxemb analyse`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import rich_click as click

from ctxemb.cli.options import cache_option, data_option, device_option, dtype_option, models_option
from ctxemb.cli.tables import format_option, print_rows
from ctxemb.cli.terminal import Terminal, pass_terminal

if TYPE_CHECKING:
    from pathlib import Path

    from ctxemb.analysis.measurements import Measurement, Measurements


def _list_measures(context: click.Context, option: click.Parameter, asked: bool) -> None:
    """Print the measures, and stop."""
    del option
    if not asked or context.resilient_parsing:
        return
    from ctxemb.comparison.analyse import measure_descriptions

    print_rows([{"measure": name, "what": what} for name, what in measure_descriptions().items()], "table")
    context.exit()


@click.command("analyse")
@click.argument("spec", required=False, metavar="[SPEC.toml]")
@models_option
@click.option("--text", metavar="FILE", help="Measure the words of this text, a sentence a line.")
@click.option("--task", metavar="NAME", help="Measure the words of a task, or of scws, cosimlex or rawc.")
@click.option(
    "--store", "stores", metavar="FOLDER", multiple=True, help="Measure this vector store; may be repeated."
)
@click.option(
    "--measure",
    "measures",
    metavar="NAME",
    multiple=True,
    default=("self-similarity", "isotropy"),
    show_default=True,
    help="What to measure, see --list; may be repeated.",
)
@click.option(
    "--list",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_list_measures,
    help="List the measures.",
)
@click.option("--layer", "layers", default="all", show_default=True, help="'all', or numbers such as 0,3,-1.")
@click.option(
    "--space",
    default="raw",
    show_default=True,
    metavar="NAME",
    help="raw, centered, standardized, abtt-K, zero-K or whitened.",
)
@click.option("--reference", metavar="FOLDER", help="Fit the space on this store, not on what is measured.")
@click.option(
    "--twins/--no-twins", default=True, show_default=True, help="Also measure twins with random weights."
)
@click.option(
    "--rank",
    "ranks",
    type=click.IntRange(min=1),
    multiple=True,
    default=(64,),
    show_default=True,
    help="Of structural probes; may be repeated.",
)
@click.option(
    "--sentences", "most", type=click.IntRange(min=1), metavar="N", help="Draw at most N sentences."
)
@click.option("--tokenized", is_flag=True, help="Words are separated by spaces already.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of all draws.")
@click.option("-o", "--output", metavar="FILE", help="Also write the measurements here, as JSON Lines.")
@click.option(
    "--report", metavar="FILE", help="Also write charts and tables here: FILE.html or, tables alone, FILE.md."
)
@device_option
@dtype_option
@data_option
@cache_option
@format_option
@pass_terminal
def command(
    terminal: Terminal,
    spec: str | None,
    models: tuple[str, ...],
    text: str | None,
    task: str | None,
    stores: tuple[str, ...],
    measures: tuple[str, ...],
    layers: str,
    space: str,
    reference: str | None,
    twins: bool,
    ranks: tuple[int, ...],
    most: int | None,
    tokenized: bool,
    seed: int,
    output: str | None,
    report: str | None,
    device: str,
    dtype: str,
    data: str | None,
    cached: bool,
    style: str,
) -> None:
    """Measure what the layers of models are like: geometry, similarity, attention.

    SPEC.toml holds several analyses of the same models, such as benchmarks/geometry.toml; only --output,
    --data, --cache and --format go with it. Intervals are 95 %: of means, words or sentences are resampled
    whole; of what is no mean, blocks of sentences are left out in turn.
    """
    from pathlib import Path

    from ctxemb.api.analysing import analyse, analyse_spec
    from ctxemb.extraction import parse_layers

    if spec and (models or text or task or stores):
        raise click.UsageError("SPEC.toml says what is analysed: give no model, text, task or store with it")
    with terminal.steps() as progress:
        if spec:
            measured = analyse_spec(spec, data=data, cache=cached, progress=progress)
        else:
            measured = analyse(
                () if stores else models or ("elmo", "gpt", "bert"),
                measures,
                text=text,
                task=task,
                stores=stores,
                layers=parse_layers(layers),
                space=space,
                reference=reference,
                twins=twins,
                ranks=ranks,
                most_sentences=most,
                tokenized=tokenized,
                seed=seed,
                device=device,
                dtype=dtype,  # type: ignore[arg-type]
                data=data,
                cache=cached,
                progress=progress,
            )
    if output:
        measured.write(Path(output))
        terminal.note(f"wrote {len(measured):,} measurements to {output}")
    if report:
        _write_report(measured, Path(report))
        terminal.note(f"wrote a report to {report}")
    if style == "table":
        _print_tables(measured)
    else:
        print_rows([row.as_row() for row in measured], style)


def _write_report(measured: Measurements, path: Path) -> None:
    from ctxemb.atomic import write_text
    from ctxemb.reporting.layer_page import render_layer_markdown, render_layer_page

    render = render_layer_markdown if path.suffix == ".md" else render_layer_page
    write_text(path, render(measured.to_frame(), "What the layers are like"))


def _print_tables(measured: Measurements) -> None:
    """Print a table for each measure, without the columns that are the same in all of its rows."""
    for measure in dict.fromkeys(row.measure for row in measured):
        rows = [_shown(row) for row in measured.select(measure=measure)]
        kept = [key for key in rows[0] if any(row[key] not in ("", "-") for row in rows)]
        text = measured.select(measure=measure)[0].text
        print_rows([{key: row[key] for key in kept} for row in rows], "table", f"{measure}: {text}")


def _shown(row: Measurement) -> dict[str, object]:
    values = row.as_row()
    named = (
        "model",
        "layer",
        "head",
        "other_model",
        "other_layer",
        "statistic",
        "group",
        "value",
        "low",
        "high",
    )
    space = {} if row.space == "raw" else {"space": row.space}
    return {**{name.replace("_", " "): values[name] for name in named}, **space, "n": row.n}
