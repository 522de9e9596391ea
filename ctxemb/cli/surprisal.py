"""`ctxemb surprisal`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import rich_click as click

from ctxemb.cli.options import device_option
from ctxemb.cli.terminal import Terminal, pass_terminal
from ctxemb.errors import InputError, StorageError

_COLUMNS = ("sentence", "position", "word", "direction", "bits")


@click.command("surprisal")
@click.argument("file", metavar="FILE")
@click.option("--model", default="gpt", show_default=True, metavar="NAME", help="Name or folder of a model.")
@click.option(
    "-o", "--output", metavar="FILE", help="Write to a file; the same command goes on where it stopped."
)
@click.option(
    "--format",
    "style",
    type=click.Choice(["tsv", "jsonl", "parquet"]),
    help="Of the output.  [default: by its ending; else tsv]",
)
@click.option("--tokenized", is_flag=True, help="Words are separated by spaces already.")
@click.option("--skip-empty", is_flag=True, help="Skip empty lines instead of failing.")
@device_option
@pass_terminal
def command(
    terminal: Terminal,
    file: str,
    model: str,
    output: str | None,
    style: str | None,
    tokenized: bool,
    skip_empty: bool,
    device: str,
) -> None:
    """Write the bits that each word of FILE costs a model: a row a word.

    FILE has a sentence a line; "-" is standard input. GPT reads from left to right, ELMo in either direction
    (two rows a word), and BERT with the word's pieces masked from the current one on.
    """
    from ctxemb.api.prediction import surprisal
    from ctxemb.text.corpus import read_corpus

    style = style or {".jsonl": "jsonl", ".parquet": "parquet"}.get(Path(output or "").suffix, "tsv")
    if style == "parquet" and output is None:
        raise InputError("Parquet is written to a file: name one with -o")
    done = 0 if output is None or style == "parquet" else _cut_unfinished(Path(output), style)
    sentences = read_corpus(file, read_as="text", tokenized=tokenized, skip_empty=skip_empty)
    for _ in range(done):
        next(sentences, None)

    scored = surprisal(sentences, model, device=device)

    def rows() -> Iterator[dict[str, Any]]:
        with terminal.progress(f"scoring with {model}", None) as advance:
            for number, (sentence, found) in enumerate(scored, start=done + 1):
                for position, word in enumerate(sentence.words):
                    for one in found:
                        values = (number, position, word, one.direction, float(one.bits[position]))
                        yield dict(zip(_COLUMNS, values, strict=True))
                advance(1)

    if output is None:
        _write(rows(), sys.stdout, style, header=True)
    elif style == "parquet":
        _write_parquet(rows(), Path(output))
    else:
        with Path(output).open("a", encoding="utf-8", newline="\n") as out:
            _write(rows(), out, style, header=out.tell() == 0)


def _write(rows: Iterator[dict[str, Any]], out: IO[str], style: str, *, header: bool) -> None:
    if header and style == "tsv":
        out.write("\t".join(_COLUMNS) + "\n")
    for row in rows:
        if style == "jsonl":
            out.write(json.dumps(row, ensure_ascii=False) + "\n")
        else:
            word = row["word"].replace("\t", " ").replace("\n", " ")
            cells = [row["sentence"], row["position"], word, row["direction"], f"{row['bits']:.6f}"]
            out.write("\t".join(map(str, cells)) + "\n")


def _write_parquet(rows: Iterator[dict[str, Any]], path: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    from ctxemb.atomic import write_whole

    kinds = (pyarrow.int64(), pyarrow.int64(), pyarrow.string(), pyarrow.string(), pyarrow.float64())
    schema = pyarrow.schema(list(zip(_COLUMNS, kinds, strict=True)))

    def write(temporary: Path) -> None:
        with pyarrow.parquet.ParquetWriter(temporary, schema) as writer:
            batch: list[dict[str, Any]] = []
            for row in rows:
                batch.append(row)
                if len(batch) == 50_000:
                    writer.write_table(pyarrow.Table.from_pylist(batch, schema))
                    batch = []
            writer.write_table(pyarrow.Table.from_pylist(batch, schema))

    write_whole(path, write)


def _cut_unfinished(path: Path, style: str) -> int:
    """Cut off the last sentence of an output, which may not be whole; return how many are left."""
    if not path.is_file():
        return 0
    start = end = 0
    number = last = 0
    with path.open("rb+") as file:
        for place, line in enumerate(file):
            begin, end = end, end + len(line)
            if place == 0 and style == "tsv":
                header = "\t".join(_COLUMNS).encode() + b"\n"
                if not line.endswith(b"\n") and header.startswith(line):
                    break
                if line != header:
                    raise StorageError(f"{path} is there and is no output of this command; name another file")
                start = end
                continue
            try:
                number = int(json.loads(line)["sentence"] if style == "jsonl" else line.split(b"\t")[0])
            except (ValueError, KeyError, TypeError) as error:
                if not line.endswith(b"\n"):
                    break
                raise StorageError(
                    f"{path}:{place + 1} is no line of this command; name another file"
                ) from error
            if number != last:
                start, last = begin, number
        file.truncate(start)
    return max(0, last - 1)
