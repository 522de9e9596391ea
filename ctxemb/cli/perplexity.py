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
    from pathlib import Path

    from ctxemb.models.catalogue import find_model
    from ctxemb.models.computation import Computation
    from ctxemb.pretraining.corpus import Corpus
    from ctxemb.pretraining.perplexity import perplexity
    from ctxemb.pretraining.trained import load_objective

    computation = Computation(device, dtype)  # type: ignore[arg-type]
    computation.check()
    corpus = Corpus((Path(file),))
    rows = []
    objectives = [(name, load_objective(find_model(name).path)) for name in models or ("gpt", "bert")]
    for name, objective in objectives:
        with terminal.progress(f"scoring with {name}", None) as advance:
            found = perplexity(
                objective, corpus, max_words=max_words, computation=computation, progress=advance
            )
        rows += [{"model": name, **dataclasses.asdict(line)} for line in found]
    print_rows(rows, style, f"How well {file} is predicted")
