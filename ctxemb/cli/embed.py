"""`ctxemb embed`."""

from __future__ import annotations

import rich_click as click

from ctxemb.cli.options import device_option, dtype_option, random_option, read_part
from ctxemb.cli.stopping import stopping
from ctxemb.cli.tables import FORMATS, print_rows
from ctxemb.cli.terminal import Terminal, pass_terminal


@click.command("embed")
@click.argument("file", required=False)
@click.option(
    "--text", "texts", metavar="TEXT", multiple=True, help="A sentence; may be repeated. Instead of FILE."
)
@click.option(
    "--read-as",
    type=click.Choice(["text", "conllu", "tsv", "jsonl", "parquet"]),
    help="Format of FILE.  [default: by its ending, .conllu, .tsv, .jsonl, .parquet; else text]",
)
@click.option(
    "--column",
    metavar="NAME|N",
    help="Of TSV: the text's column, by its name in the first line, or by its number if there are no names. "
    "Of Parquet: its name.",
)
@click.option("--field", metavar="NAME", help="Of JSON Lines: the field of the text.  [default: text]")
@click.option(
    "--split-long", is_flag=True, help="Read lines of more than 1 MiB in pieces, instead of failing."
)
@click.option("--model", default="bert", show_default=True, metavar="NAME", help="Name or folder of a model.")
@random_option
@click.option(
    "--layers",
    default="all",
    show_default=True,
    help="'all', numbers such as 0,3,-1, or 'mix' for the mean of all.",
)
@click.option(
    "--pool",
    type=click.Choice(["mean", "max", "first", "last", "cls"]),
    default="mean",
    show_default=True,
    help="Which pieces make a word's or a sentence's vector.",
)
@click.option(
    "--unit",
    type=click.Choice(["word", "sentence"]),
    default="word",
    show_default=True,
    help="What gets a vector.",
)
@click.option(
    "--space",
    default="raw",
    show_default=True,
    metavar="NAME",
    help="raw, centered, standardized, abtt-K, zero-K or whitened; fitted on --reference.",
)
@click.option("--reference", metavar="FOLDER", help="Vector store of the same model to fit --space on.")
@device_option
@dtype_option
@click.option(
    "--compile",
    "compiled",
    is_flag=True,
    help="Let torch compile the Transformer blocks: it takes a minute, and pays off for long jobs on a GPU.",
)
@click.option("--tokenized", is_flag=True, help="Words are separated by spaces already.")
@click.option("--skip-empty", is_flag=True, help="Skip empty lines, and count them, instead of failing.")
@click.option(
    "--store-dtype",
    type=click.Choice(["float16", "float32", "bfloat16"]),
    default="float16",
    show_default=True,
    help="Numbers in the store.",
)
@click.option(
    "--shard-words",
    type=click.IntRange(min=1),
    metavar="N",
    help="Words of a file of the store.  [default: as many as fit into 64 MiB, at most 50,000]",
)
@click.option(
    "--shard",
    "part",
    callback=read_part,
    default="1/1",
    metavar="I/N",
    help="Make every N-th file alone, from the I-th; `ctxemb store merge` joins N such stores.",
)
@click.option(
    "--engine",
    type=click.Choice(["here", "ray"]),
    default="here",
    show_default=True,
    help="ray: spread the work over a Ray cluster (RAY_ADDRESS, or this machine), a thread a worker.",
)
@click.option(
    "--workers", type=click.IntRange(min=1), metavar="N", help="Of Ray.  [default: one a core of the cluster]"
)
@click.option("-o", "--output", required=True, metavar="FOLDER", help="The vector store to write.")
@click.option(
    "--format", "style", type=click.Choice(FORMATS), default="table", help="How to print the summary."
)
@pass_terminal
def command(
    terminal: Terminal,
    file: str | None,
    texts: tuple[str, ...],
    read_as: str | None,
    column: str | None,
    field: str | None,
    split_long: bool,
    model: str,
    random_init: int | None,
    layers: str,
    pool: str,
    unit: str,
    space: str,
    reference: str | None,
    device: str,
    dtype: str,
    compiled: bool,
    tokenized: bool,
    skip_empty: bool,
    store_dtype: str,
    shard_words: int | None,
    part: tuple[int, int],
    engine: str,
    workers: int | None,
    output: str,
    style: str,
) -> int:
    """Write the vectors of the sentences in FILE (one a line; '-' is standard input) to a vector store.

    FILE is text (UTF-8), CoNLL-U, TSV, JSON Lines or Parquet; text may be compressed (.gz, .bz2, .xz, .zst).
    The same command again goes on where it was stopped, however that happened.
    """
    from pathlib import Path

    from ctxemb.comparison.spaced_model import in_space
    from ctxemb.extraction import embed_to_store, parse_layers
    from ctxemb.models import load
    from ctxemb.models.computation import Computation
    from ctxemb.text.corpus import read_corpus
    from ctxemb.text.reader import EmptyLines, read_sentences

    if bool(texts) == (file is not None):
        raise click.UsageError("give either FILE or --text")
    skipped = EmptyLines()
    if texts:
        sentences = read_sentences(
            texts, tokenized=tokenized, skip_empty=skip_empty, source="--text", empty=skipped
        )
    else:
        sentences = read_corpus(
            str(file),
            read_as=read_as,
            column=column,
            field=field,
            tokenized=tokenized,
            skip_empty=skip_empty,
            split_long=split_long,
            empty=skipped,
        )
    if workers and engine != "ray":
        raise click.UsageError("--workers is for --engine ray")
    if space != "raw" and engine == "ray":
        raise click.UsageError("--space is for --engine here")
    computation = Computation(device, dtype, compiled)  # type: ignore[arg-type]
    spread = None
    if engine == "ray":
        from ctxemb.extraction.ray_engine import RayEngine

        spread = RayEngine(model, random_init, workers, computation)
    loaded = in_space(load(model, random_init, computation), space, reference)
    with stopping() as stopped, terminal.progress(f"embedding with {loaded.name}", None) as advance:
        summary = embed_to_store(
            loaded,
            sentences,
            Path(output),
            source=model,
            random_init=random_init,
            layers=parse_layers(layers),
            pool=pool,  # type: ignore[arg-type]
            unit=unit,  # type: ignore[arg-type]
            store_dtype=store_dtype,  # type: ignore[arg-type]
            shard_words=shard_words,
            part=part,
            engine=spread,
            progress=advance,
        )
    if stopped:
        terminal.note("stopped; the same command goes on")
        return stopped[0]
    if skipped.count:
        terminal.note(
            f"skipped {skipped.count} empty lines, the first of them line {skipped.first}; sentences are "
            "numbered without them"
        )
    print_rows([{"store": output, "model": loaded.name, **summary.as_row()}], style)
    return 0
