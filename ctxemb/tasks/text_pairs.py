"""Pairs of texts in files of ``label<TAB>text<TAB>text``, one file a split."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ctxemb.errors import FormatError
from ctxemb.tasks.base import Example, Span, Task
from ctxemb.tasks.files import check_count, read_rows, splits_of
from ctxemb.text.sentence import Sentence
from ctxemb.text.words import split_words


def load_text_pairs(
    folder: Path,
    counts: Mapping[str, int],
    *,
    name: str,
    description: str,
    licence: str,
    source: str,
    symmetric: bool,
    names: Mapping[str, str] | None = None,
    metrics: tuple[str, ...] = ("accuracy",),
) -> Task:
    """Load ``SPLIT.tsv`` for each split of `counts` from `folder`; texts are split into words as raw text is.

    Parameters
    ----------
    folder, counts
        Where the files are, and how many rows each has.
    name, description, licence, source, metrics, symmetric
        Of the task.
    names
        What to call a split, where not as its file.

    Raises
    ------
    MissingFileError, FormatError
        If a file is not there, has a bad row, or another number of rows than `counts` says.
    """
    pairs: list[tuple[str, Sentence, Sentence]] = []
    splits: list[str] = []
    for split, count in counts.items():
        path = folder / f"{split}.tsv"
        rows = read_rows(path, 3)
        check_count(path, count, len(rows))
        for line, (label, *texts) in enumerate(rows, start=1):
            first, second = (_words(text, f"{path}:{line}") for text in texts)
            pairs.append((label, first, second))
        splits += [(names or {}).get(split, split)] * count
    sentences, examples = paired(pairs)
    return Task(
        name=name,
        kind="sentence-pair",
        description=description,
        licence=licence,
        source=source,
        sentences=sentences,
        examples=examples,
        splits=splits_of(splits),
        metrics=metrics,
        symmetric=symmetric,
    )


def paired(
    pairs: Sequence[tuple[str, Sentence, Sentence]],
) -> tuple[tuple[Sentence, ...], tuple[Example, ...]]:
    """Return the sentences and examples of labelled pairs."""
    sentences = tuple(text for _, *texts in pairs for text in texts)
    examples = tuple(
        Example((Span(2 * i, 0, len(first)), Span(2 * i + 1, 0, len(second))), label)
        for i, (label, first, second) in enumerate(pairs)
    )
    return sentences, examples


def _words(text: str, where: str) -> Sentence:
    words = tuple(split_words(text))
    if not words:
        raise FormatError(f"{where}: a text has no words")
    return Sentence(words)


def picked_columns(label: str, first: str, second: str) -> Callable[[bytes], bytes]:
    r"""Return the conversion of a table with a header to the label and the two texts of each row.

    White space at the ends of texts is cut.

    Parameters
    ----------
    label, first, second
        Names of the columns.

    Examples
    --------
    >>> picked_columns("y", "a", "b")(b"id\ta\tb\ty\n7\tIt is. \tIs it?\tyes\n")
    b'yes\tIt is.\tIs it?\n'
    """

    def convert(content: bytes) -> bytes:
        header, *rows = content.decode("utf-8").replace("\r\n", "\n").rstrip("\n").split("\n")
        columns = header.split("\t")
        if lacking := [name for name in (label, first, second) if name not in columns]:
            raise FormatError(f"line 1: no column {lacking[0]}; there are {', '.join(columns)}")
        places = [columns.index(name) for name in (label, first, second)]
        written = []
        for line, row in enumerate(rows, start=2):
            cells = row.split("\t")
            if len(cells) != len(columns):
                raise FormatError(f"line {line}: expected {len(columns)} columns, found {len(cells)}")
            written.append("\t".join(cells[place].strip() for place in places) + "\n")
        return "".join(written).encode()

    return convert
