"""`ctxemb pretrain`."""

from __future__ import annotations

from typing import Literal

import rich_click as click

from ctxemb.cli.terminal import Terminal, pass_terminal


@click.command("pretrain")
@click.option("--family", type=click.Choice(["elmo", "gpt", "bert"]), required=True, help="What to train.")
@click.option(
    "--corpus",
    "corpus",
    metavar="FILE",
    multiple=True,
    required=True,
    help="Text: a paragraph a line, an empty line after each document; .gz/.xz/.zst too; may be repeated.",
)
@click.option("--valid", metavar="FILE", help="Held-out text in the same format, for the loss in the log.")
@click.option(
    "-o", "--output", metavar="FOLDER", required=True, help="The model's folder; also holds the checkpoint."
)
@click.option(
    "--max-words",
    type=click.IntRange(min=1),
    default=2_000_000,
    show_default=True,
    help="Words of text to see.",
)
@click.option(
    "--max-minutes", type=click.FloatRange(min=0), help="Pause after so long; the same command continues."
)
@click.option(
    "--batch-words", type=click.IntRange(min=1), default=2048, show_default=True, help="Words of a step."
)
@click.option(
    "--learning-rate",
    type=click.FloatRange(min=0, min_open=True),
    default=1e-3,
    show_default=True,
    help="Highest learning rate.",
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of all that is random."
)
@click.option(
    "--precision",
    type=click.Choice(["float32", "bfloat16"]),
    default="float32",
    show_default=True,
    help="Of the matrix products; bfloat16 is faster where the processor has it.",
)
@click.option("--device", default="cpu", show_default=True, help="cpu or cuda.")
@pass_terminal
def command(
    terminal: Terminal,
    family: str,
    corpus: tuple[str, ...],
    valid: str | None,
    output: str,
    max_words: int,
    max_minutes: float | None,
    batch_words: int,
    learning_rate: float,
    seed: int,
    precision: Literal["float32", "bfloat16"],
    device: str,
) -> None:
    """Train a small ELMo, GPT or BERT from nothing on plain text, for a given number of words.

    The three have the same size and see the same words. The same command again continues where it stopped.
    """
    from pathlib import Path

    from ctxemb.pretraining.loop import TrainingPlan
    from ctxemb.pretraining.pretrain import pretrain

    plan = TrainingPlan(
        max_words=max_words,
        batch_words=batch_words,
        learning_rate=learning_rate,
        seed=seed,
        precision=precision,
    )
    with terminal.progress(f"training {family}", max_words) as advance:
        seen = 0

        def show(words: int, losses: dict[str, float]) -> None:
            nonlocal seen
            advance(words - seen)
            seen = words

        done = pretrain(
            family,  # type: ignore[arg-type]
            [Path(path) for path in corpus],
            Path(output),
            plan,
            valid=Path(valid) if valid else None,
            max_minutes=max_minutes,
            device=device,
            progress=show,
        )
    click.echo(f"{output}: {'complete' if done else 'paused; the same command continues'}")
