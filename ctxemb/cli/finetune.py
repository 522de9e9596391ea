"""`ctxemb finetune`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import rich_click as click

from ctxemb.cli.options import cache_option, data_option, device_option, lenient_option
from ctxemb.cli.tables import format_option, print_rows
from ctxemb.cli.terminal import Terminal, pass_terminal

if TYPE_CHECKING:
    from ctxemb.comparison.tuner import TuningOutcome


@click.command("finetune")
@click.option("--model", metavar="NAME", required=True, help="Name or folder of an ELMo, GPT or BERT.")
@click.option(
    "--task", metavar="NAME", required=True, help="Name of a task (see `ctxemb tasks`), or your own file."
)
@click.option(
    "--recipe",
    "recipes",
    metavar="NAME[:SETTING=VALUE,…]",
    multiple=True,
    help="bert, bert-stable, gpt, ulmfit, features, mix-tuned or scratch, perhaps with other settings, as in "
    "ulmfit:lm_epochs=0; may be repeated.  [default: that of the model's family]",
)
@click.option("--seeds", type=click.IntRange(min=1), default=1, show_default=True, help="Runs, from seed 0.")
@click.option("-o", "--output", metavar="FOLDER", help="Keep each seed's tuned model here, in seed-N.")
@click.option("--epochs", type=click.IntRange(min=1), help="Passes over the training examples.")
@click.option("--learning-rate", type=click.FloatRange(min=0, min_open=True), help="Instead of those to try.")
@click.option("--batch-size", type=click.IntRange(min=1), help="Texts a step.")
@click.option("--accumulate", type=click.IntRange(min=1), help="Parts of a step, to save memory.")
@click.option("--freeze", type=click.IntRange(min=0), metavar="N", help="Never train the N lowest layers.")
@click.option(
    "--reinit", type=click.IntRange(min=0), metavar="N", help="New weights for the N highest blocks."
)
@click.option("--training-dtype", type=click.Choice(["float32", "bfloat16"]), help="Numbers of the products.")
@click.option("--frozen/--no-frozen", default=True, help="Also score the model's frozen probe.")
@device_option
@lenient_option
@data_option
@cache_option
@format_option
@pass_terminal
def command(
    terminal: Terminal,
    model: str,
    task: str,
    recipes: tuple[str, ...],
    seeds: int,
    output: str | None,
    epochs: int | None,
    learning_rate: float | None,
    batch_size: int | None,
    accumulate: int | None,
    freeze: int | None,
    reinit: int | None,
    training_dtype: str | None,
    frozen: bool,
    device: str,
    lenient: bool,
    data: str | None,
    cached: bool,
    style: str,
) -> None:
    """Tune a model on a task by a published recipe, beside its frozen probe.

    Dev chooses learning rate and epoch; the test is scored once. The same command with -o goes on where it
    was stopped. Means and differences resample seeds and examples.
    """
    from pathlib import Path

    from ctxemb.api.tuning import finetune
    from ctxemb.pretraining.team import is_first
    from ctxemb.tasks import SkippedRows

    given = {
        "epochs": epochs,
        "learning_rate": learning_rate,
        "batch_size": batch_size,
        "accumulate": accumulate,
        "freeze": freeze,
        "reinit": reinit,
        "dtype": training_dtype,
    }
    changes: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    skipped = SkippedRows() if lenient else None
    rows: list[dict[str, object]] = []
    for recipe in recipes or (None,):
        folder = None if output is None else Path(output) / _folder_of(recipe, len(recipes))
        outcome = finetune(
            model,
            task,
            recipe,
            seeds=seeds,
            folder=folder,
            frozen=frozen,
            data=data,
            cache=cached,
            device=device,
            skipped=skipped,
            report=lambda what, entry: terminal.detail(f"{what}: {_shown(entry)}"),
            **changes,
        )
        if is_first():
            rows += [row for row in outcome.rows() if row not in rows]
            _tell(terminal, outcome)
    terminal.skipped(skipped)
    if is_first():
        metric = outcome.task.metrics[0]
        n = len(outcome.runs[0].test.rows)
        print_rows(rows, style, f"{outcome.task.name}: {metric}; {n:,} test examples, 95 % intervals")


def _folder_of(recipe: str | None, n_recipes: int) -> str:
    """Return the folder of a recipe, where there are several."""
    return recipe.replace(":", "-").replace(",", "-") if recipe and n_recipes > 1 else ""


def _shown(entry: dict[str, float]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in entry.items())


def _tell(terminal: Terminal, outcome: TuningOutcome) -> None:
    """Say what a table does not: the difference to the frozen probe, failed runs, and notes."""
    from ctxemb.results.records import LEVEL

    for note in outcome.notes:
        terminal.note(note)
    if outcome.failed:
        terminal.note(
            f"{len(outcome.failed)} of {len(outcome.runs)} runs are not above the majority "
            f"({outcome.majority:.3f}): seeds {', '.join(map(str, outcome.failed))}"
        )
    found = outcome.difference
    if found is not None:
        what = "significant" if found.p < LEVEL else "not significant"
        terminal.note(
            f"{outcome.recipe} less frozen: {found.value:+.3f} [{found.low:+.3f}, {found.high:+.3f}], "
            f"p = {found.p:.3g}: {what}"
        )
