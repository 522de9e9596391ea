"""`ctxemb pretrain`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import rich_click as click

from ctxemb.cli.options import device_option
from ctxemb.cli.terminal import Terminal, pass_terminal


def _setting(
    flag: str, default: float, text: str, *, low: float = 1, high: float | None = None
) -> Callable[..., Any]:
    kind: click.ParamType[Any] = (
        click.IntRange(int(low), None if high is None else int(high))
        if isinstance(default, int)
        else click.FloatRange(low, high, min_open=low == 0 and high is None)
    )
    return click.option(flag, type=kind, default=default, show_default=True, help=text)


_PLAN = (
    _setting("--max-words", 2_000_000, "Words of text to see."),
    _setting("--batch-words", 2048, "Words of a step."),
    _setting("--accumulate", 1, "Work through a step in so many parts: less memory, the same losses."),
    _setting("--learning-rate", 1e-3, "Highest learning rate.", low=0),
    _setting("--warmup", 0.05, "Share of the words over which the rate rises.", low=0, high=1),
    _setting("--ramp", 0.0, "Share of the words over which steps grow, from an eighth.", low=0, high=1),
    click.option(
        "--schedule",
        type=click.Choice(["wsd", "cosine"]),
        default="wsd",
        show_default=True,
        help="After the warm-up: a plateau and a decay at the end (wsd), or half a cosine.",
    ),
    _setting("--decay", 0.2, "Share of the words over which the rate of wsd falls.", low=0, high=1),
    click.option(
        "--optimizer",
        type=click.Choice(["adamw", "muon"]),
        default="adamw",
        show_default=True,
        help="AdamW, or Muon for the matrices inside the network.",
    ),
    _setting("--weight-decay", 0.01, "Of the optimizer.", low=0, high=1),
    _setting("--clip", 1.0, "Largest norm of the gradient.", low=0),
    _setting("--average", 0.0, "Factor of a moving average of the weights; 0 for none.", low=0, high=1),
    _setting("--seed", 0, "Of all that is random.", low=0),
    _setting("--save-minutes", 5.0, "Time between checkpoints.", low=0, high=1e6),
    _setting("--valid-every", 250_000, "Words between losses on held-out text."),
    click.option(
        "--dtype",
        type=click.Choice(["float32", "bfloat16"]),
        default="float32",
        show_default=True,
        help="Numbers of the matrix products; bfloat16 is faster where the processor has it.",
    ),
)
_SIZES = (
    _setting("--width", 256, "Of a layer's vector; each of ELMo's directions has half."),
    _setting("--blocks", 6, "Transformer blocks."),
    _setting("--heads", 4, "Attention heads of a block."),
    _setting("--cells", 1024, "Width of ELMo's LSTM cells."),
    _setting("--vocabulary", 8192, "Pieces of the Transformers' vocabulary."),
    _setting("--window", 128, "Pieces that the Transformers read at once.", low=8),
    _setting("--softmax-words", 30_000, "Words that ELMo's language model predicts."),
    _setting("--softmax-samples", 2048, "Words that a step of this softmax is scored against."),
    click.option(
        "--state-clip",
        type=click.FloatRange(min=0, min_open=True),
        default=3.0,
        show_default=True,
        help="Largest magnitude of ELMo's cells and states.",
    ),
    click.option(
        "--no-state-clip", is_flag=True, help="Do not clip ELMo's states: a GPU can then use cuDNN's LSTM."
    ),
)


def _all(options: tuple[Callable[..., Any], ...]) -> Callable[..., Any]:
    return lambda function: functools.reduce(lambda f, option: option(f), reversed(options), function)


@click.command("pretrain")
@click.option("--family", type=click.Choice(["elmo", "gpt", "bert"]), required=True, help="What to train.")
@click.option(
    "--corpus",
    "corpus",
    metavar="FILE",
    multiple=True,
    required=True,
    help="Text: a paragraph a line, an empty line after each document; .gz/.xz/.zst too. Several files are "
    "mixed evenly.",
)
@click.option(
    "--valid",
    metavar="FILE",
    multiple=True,
    help="Held-out text in the same format, for the loss in the log; may be repeated.",
)
@click.option(
    "-o", "--output", metavar="FOLDER", required=True, help="The model's folder; also holds the checkpoint."
)
@click.option(
    "--prepared",
    metavar="FOLDER",
    help="Where the text is kept split into words; trainings can share it. [default: corpus in the output]",
)
@click.option(
    "--finish",
    metavar="FOLDER",
    help="Finish a copy of the training in this folder: let the learning rate fall from its checkpoint on.",
)
@click.option(
    "--workers",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Processes that make batches ahead; a GPU needs some.",
)
@click.option(
    "--max-minutes", type=click.FloatRange(min=0), help="Pause after so long; the same command continues."
)
@device_option
@_all(_PLAN)
@_all(_SIZES)
@pass_terminal
def command(
    terminal: Terminal,
    /,
    family: str,
    corpus: tuple[str, ...],
    valid: tuple[str, ...],
    output: str,
    prepared: str | None,
    finish: str | None,
    workers: int,
    max_minutes: float | None,
    device: str,
    width: int,
    blocks: int,
    heads: int,
    cells: int,
    vocabulary: int,
    window: int,
    softmax_words: int,
    softmax_samples: int,
    state_clip: float,
    no_state_clip: bool,
    **plan: Any,
) -> None:
    """Train a small ELMo, GPT or BERT from nothing on plain text, for a given number of words.

    The three have the same size and see the same words. The same command again continues where it stopped.
    Started by `accelerate launch --multi_gpu` or `torchrun`, several processes share every step.
    """
    from ctxemb.api.training import pretrain
    from ctxemb.pretraining.plan import TrainingPlan
    from ctxemb.pretraining.sizes import Sizes
    from ctxemb.pretraining.team import is_first

    clip = None if no_state_clip else state_clip
    sizes = Sizes(width, blocks, heads, cells, vocabulary, window, softmax_words, softmax_samples, clip)
    settings = TrainingPlan(**plan)
    with terminal.progress(f"training {family}", settings.max_words) as advance:
        seen = 0

        def show(words: int, losses: dict[str, float]) -> None:
            nonlocal seen
            advance(words - seen)
            seen = words

        done = pretrain(
            family,
            corpus,
            output,
            settings,
            sizes=sizes,
            valid=valid,
            prepared=prepared,
            finish=finish,
            workers=workers,
            max_minutes=max_minutes,
            device=device,
            progress=show,
        )
    if is_first():
        click.echo(f"{finish or output}: {'complete' if done else 'paused; the same command continues'}")
