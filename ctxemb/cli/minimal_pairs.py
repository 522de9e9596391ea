"""`ctxemb minimal-pairs`."""

from __future__ import annotations

import rich_click as click

from ctxemb.cli.fill import shipped_with_heads
from ctxemb.cli.options import data_option, device_option
from ctxemb.cli.tables import format_option, print_rows
from ctxemb.cli.terminal import Terminal, pass_terminal


@click.command("minimal-pairs")
@click.argument("pairs", metavar="[FILE|FOLDER]", required=False)
@click.option(
    "--model",
    "models",
    metavar="NAME",
    multiple=True,
    help="Name or folder of a model; may be repeated.  [default: the shipped models that have their heads]",
)
@click.option(
    "--level",
    type=click.Choice(["all", "field", "term", "paradigm"]),
    default="field",
    show_default=True,
    help="Show shares down to this level.",
)
@click.option("--max-pairs", type=click.IntRange(min=1), help="Read only so many pairs of each paradigm.")
@data_option
@device_option
@format_option
@pass_terminal
def command(
    terminal: Terminal,
    pairs: str | None,
    models: tuple[str, ...],
    level: str,
    max_pairs: int | None,
    data: str | None,
    device: str,
    style: str,
) -> None:
    """Tell how often models find the acceptable sentence of a minimal pair the likelier one.

    Without FILE, BLiMP (Warstadt et al. 2020: 67 paradigms of 1,000 pairs) in the data folder. Chance is
    50 %; published over all paradigms: 5-gram 61.2, LSTM 69.8, Transformer-XL 69.6, GPT-2 83.0, people 88.6.
    """
    import dataclasses

    from ctxemb.api.prediction import minimal_pairs

    levels = ("all", "field", "term", "paradigm")
    shown = {"all", level}
    rows = []
    for name in models or shipped_with_heads():
        with terminal.progress(f"judging with {name}", None) as advance:
            found = minimal_pairs(
                name, pairs, data=data, max_pairs=max_pairs, device=device, progress=advance
            )
        rows += [{"model": name, **dataclasses.asdict(one)} for one in found if one.level in shown]
    rows.sort(key=lambda row: levels.index(row["level"]))
    print_rows(rows, style, "Share of pairs whose acceptable sentence is the likelier one")
