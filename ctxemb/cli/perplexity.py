"""`ctxemb perplexity`."""

from __future__ import annotations

import rich_click as click

from ctxemb.cli.options import device_option, dtype_option, models_option
from ctxemb.cli.tables import format_option, print_rows
from ctxemb.cli.terminal import Terminal, pass_terminal


@click.command("perplexity")
@click.argument("file", metavar="FILE")
@models_option
@click.option(
    "--max-words",
    type=click.IntRange(min=1),
    default=10_000,
    show_default=True,
    help="Read so many words from the start of FILE.",
)
@device_option
@dtype_option
@format_option
@pass_terminal
def command(
    terminal: Terminal,
    file: str,
    models: tuple[str, ...],
    max_words: int,
    device: str,
    dtype: str,
    style: str,
) -> None:
    """Tell how well models predict the text in FILE, in bits per character.

    ELMo predicts words forward and backward, GPT pieces from left to right, and BERT each piece from all
    others (its pseudo-likelihood). FILE has a paragraph a line and an empty line after each document, and may
    be compressed.

    Without --model, the shipped models that can: ELMo's softmax does not ship.
    """
    import dataclasses

    from ctxemb.api.training import perplexity
    from ctxemb.models.catalogue import find_model

    names = models or ("gpt", "bert")
    for name in names:
        find_model(name)  # an unknown name is told before the first model is asked
    rows = []
    for name in names:
        with terminal.progress(f"scoring with {name}", None) as advance:
            lines = perplexity(
                file,
                name,
                max_words=max_words,
                device=device,
                dtype=dtype,  # type: ignore[arg-type]
                progress=advance,
            )
        rows += [{"model": name, **dataclasses.asdict(line)} for line in lines]
    print_rows(rows, style, f"How well {file} is predicted")
