"""`ctxemb store`."""

from __future__ import annotations

import rich_click as click

from ctxemb.cli.stopping import stopping
from ctxemb.cli.tables import format_option, print_rows
from ctxemb.cli.terminal import Terminal, pass_terminal

_EXPORTS = ("hdf5", "parquet", "arrow", "numpy", "word2vec")


@click.group("store")
def command() -> None:
    """Look at vector stores, check them, join them, and take them to other tools and back."""


@command.command("info")
@click.argument("stores", nargs=-1, required=True, metavar="STORE...")
@format_option
def info(stores: tuple[str, ...], style: str) -> None:
    """Say what each STORE holds and how it was made; it may be unfinished."""
    from ctxemb.vectors import VectorStore

    rows = []
    for name in stores:
        store = VectorStore.open(name, unfinished=True)
        meta, (i, n) = store.meta, store.contents.part
        twin = "" if meta.random_init is None else f" with random weights {meta.random_init}"
        rows.append(
            {
                "store": name,
                "finished": store.finished,
                "part": f"{i}/{n}",
                "model": f"{meta.model}{twin}",
                "fingerprint": meta.fingerprint,
                "origin": meta.origin or None,
                "layers": ",".join(map(str, meta.layers)),
                "pool": meta.pool,
                "unit": meta.unit,
                "store_dtype": meta.dtype,
                "computation": meta.computation,
                "width": meta.width,
                "sentences": store.n_sentences,
                "words": store.n_words,
                "pieces": store.contents.n_pieces,
                "shards": store.n_shards,
                "text_hash": store.contents.text_hash,
                "versions": ", ".join(f"{part} {version}" for part, version in meta.versions.items()),
            }
        )
    if style == "table":
        for row in rows:
            print_rows([{"what": key, "value": value} for key, value in row.items()], style)
    else:
        print_rows(rows, style)


@command.command("verify")
@click.argument("stores", nargs=-1, required=True, metavar="STORE...")
@pass_terminal
def verify(terminal: Terminal, stores: tuple[str, ...]) -> int:
    """Read every byte of each STORE and compare it with its checksum; exit with 1 if one is damaged."""
    from pathlib import Path

    from ctxemb.vectors.merge import verify_store

    damaged = False
    for name in stores:
        with terminal.progress(f"verifying {name}", None) as advance:
            problems = verify_store(Path(name), advance)
        for problem in problems:
            click.echo(problem)
        if problems:
            terminal.note("remove what is damaged, and give the command that made the store again")
        else:
            terminal.note(f"{name}: as it was written")
        damaged = damaged or bool(problems)
    return int(damaged)


@command.command("merge")
@click.argument("parts", nargs=-1, required=True, metavar="STORE...")
@click.option("-o", "--output", required=True, metavar="FOLDER", help="The store to write.")
@pass_terminal
def merge(terminal: Terminal, parts: tuple[str, ...], output: str) -> int:
    """Join the STOREs that `ctxemb embed --shard 1/N` to `--shard N/N` made into the one of a single run."""
    from pathlib import Path

    from ctxemb.vectors.merge import merge_stores

    with stopping() as stopped:
        contents = merge_stores([Path(part) for part in parts], Path(output))
    if stopped:
        return stopped[0]
    terminal.note(f"{contents.n_sentences:,} sentences, {contents.n_words:,} words written to")
    click.echo(output)
    return 0


@command.command("export")
@click.argument("store", metavar="STORE")
@click.option(
    "--to",
    type=click.Choice(_EXPORTS),
    required=True,
    help="hdf5: AllenNLP's and bilm's layout; parquet, arrow: a row a vector; numpy: a folder of .npy; "
    "word2vec: the mean vector of each word in one layer, as text.",
)
@click.option("--layer", type=int, help="For word2vec: the layer's number.  [default: the last]")
@click.option("-o", "--output", required=True, metavar="PATH", help="The file to write; for numpy a folder.")
@pass_terminal
def export(terminal: Terminal, store: str, to: str, layer: int | None, output: str) -> int:
    """Write STORE in the format of another tool."""
    from pathlib import Path

    from ctxemb.vectors import VectorStore
    from ctxemb.vectors.export import export_store

    opened = VectorStore.open(store)
    with stopping() as stopped, terminal.progress(f"writing {to}", opened.n_sentences) as advance:
        export_store(opened, Path(output), to, layer=layer, progress=advance)
    if stopped:
        return stopped[0]
    click.echo(output)
    return 0


@command.command("import")
@click.argument("file", metavar="FILE")
@click.option("--model", required=True, metavar="NAME", help="What to call the model that made the vectors.")
@click.option(
    "--text",
    metavar="FILE",
    help="Its sentences, one a line, words separated by spaces; needed where one occurs twice.",
)
@click.option(
    "--store-dtype",
    "dtype",
    type=click.Choice(["float16", "float32", "bfloat16"]),
    default="float16",
    show_default=True,
    help="Numbers in the store.",
)
@click.option("-o", "--output", required=True, metavar="FOLDER", help="The store to write.")
@pass_terminal
def import_file(terminal: Terminal, file: str, model: str, text: str | None, dtype: str, output: str) -> int:
    """Write the vectors in FILE, an HDF5 file of AllenNLP's or bilm's layout, to a store."""
    from pathlib import Path

    from ctxemb.text.reader import read_lines, read_sentences
    from ctxemb.vectors.imported import import_hdf5

    sentences = None
    if text is not None:
        lines = read_sentences(read_lines(text), tokenized=True, skip_empty=False, source=text)
        sentences = [sentence.words for sentence in lines]
    with stopping() as stopped, terminal.progress(f"reading {file}", None) as advance:
        import_hdf5(
            Path(file),
            Path(output),
            model=model,
            sentences=sentences,
            dtype=dtype,  # type: ignore[arg-type]
            progress=advance,
        )
    if stopped:
        terminal.note("stopped; the same command goes on")
        return stopped[0]
    click.echo(output)
    return 0
