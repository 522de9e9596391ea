"""Occurrences of words as files of other tools: embedding-atlas, and TensorBoard's projector."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ctxemb.analysis.flat import Method, coordinates
from ctxemb.analysis.measure import Occurrences
from ctxemb.analysis.nearest_rows import nearest_rows
from ctxemb.analysis.rows import Chosen, Rows, unit_rows, working
from ctxemb.atomic import write_whole
from ctxemb.errors import InputError

_SHOWN_WORDS = 12


@dataclass(frozen=True, slots=True, eq=False)
class PlacedOccurrences:
    """Some occurrences of words, with their vectors and what is known of them.

    Parameters
    ----------
    rows
        (n, width) their vectors.
    columns
        A list of n values each: ``word``, ``sentence``, ``position``, ``text`` (the word marked in its
        sentence), and ``label`` where there are labels.
    """

    rows: Rows
    columns: Mapping[str, Sequence[Any]]

    def __len__(self) -> int:
        return len(self.rows)


def place_occurrences(
    rows: Rows, text: Occurrences, *, words: Sequence[str] = (), most: int | None = None, seed: int = 0
) -> PlacedOccurrences:
    """Return occurrences with what is known of them.

    Parameters
    ----------
    rows
        (n_words, width) the vectors of all words of the text.
    text
        The words.
    words
        Only occurrences of these, in any case; none for all.
    most, seed
        Draw at most so many by the seed; None for all.

    Raises
    ------
    InputError
        If no occurrence is left.
    """
    wanted = {word.lower() for word in words}
    numbers = np.flatnonzero(np.isin(text.words, sorted(wanted))) if wanted else np.arange(len(rows))
    if most is not None and len(numbers) > most:
        numbers = np.sort(np.random.default_rng(seed).choice(numbers, most, replace=False))
    if not len(numbers):
        raise InputError(f"the text has no occurrence of {', '.join(sorted(wanted)) or 'any word'}")
    owners = np.searchsorted(text.offsets, numbers, side="right") - 1
    positions = numbers - text.offsets[owners]
    places = list(zip(owners.tolist(), positions.tolist(), strict=True))
    columns: dict[str, Sequence[Any]] = {
        "word": [text.sentences[i][j] for i, j in places],
        "sentence": owners.tolist(),
        "position": positions.tolist(),
        "text": [_marked(text.sentences[i], j) for i, j in places],
    }
    if text.labels is not None:
        columns["label"] = text.labels[numbers].tolist()
    return PlacedOccurrences(Chosen(rows, numbers), columns)


def write_atlas(
    placed: PlacedOccurrences, path: Path, *, method: Method = "pca", k: int = 10, seed: int = 0
) -> None:
    """Write occurrences as Parquet for embedding-atlas: ``embedding-atlas FILE --text text --x x --y y``.

    A row is an occurrence: ``id``, ``x``, ``y``, the columns of `PlacedOccurrences`, and ``neighbors``, the
    ``ids`` and ``distances`` (1 - cosine) of the nearest other rows.

    Parameters
    ----------
    placed
        The occurrences.
    path
        The file.
    method, seed
        As of `ctxemb.analysis.flat.coordinates`.
    k
        Neighbours of each; at most one less than there are rows.
    """
    import pyarrow
    import pyarrow.parquet

    points = coordinates(placed.rows, method, seed)
    units = unit_rows(working(placed.rows[:])).astype(np.float32)
    k = min(k, len(units) - 1)
    ids, distances = nearest_rows(units, k)
    distances = distances**2 / 2  # of vectors of length one: 1 - cosine
    neighbors = [
        {"ids": near, "distances": far} for near, far in zip(ids.tolist(), distances.tolist(), strict=True)
    ]
    table = {"id": list(range(len(units))), "x": points[:, 0], "y": points[:, 1]}
    table |= {name: _written(values) for name, values in placed.columns.items()}
    built = pyarrow.table({**table, "neighbors": neighbors})
    write_whole(path, lambda temporary: pyarrow.parquet.write_table(built, temporary))


def write_projector(placed: PlacedOccurrences, folder: Path) -> None:
    """Write a folder that TensorBoard's projector opens: ``tensorboard --logdir FOLDER``.

    It holds ``vectors.tsv``, ``metadata.tsv`` with a header, and ``projector_config.pbtxt``. The first two
    are what https://projector.tensorflow.org loads.
    """

    def vectors(path: Path) -> None:
        with path.open("w", encoding="ascii", newline="\n") as file:
            for number in range(len(placed)):
                row = working(placed.rows[number : number + 1])[0]
                file.write("\t".join(format(value, ".6g") for value in row.tolist()) + "\n")

    def metadata(path: Path) -> None:
        names = list(placed.columns)
        lines = ["\t".join(names)]
        rows = zip(*(_written(placed.columns[name]) for name in names), strict=True)
        lines += ["\t".join(" ".join(str(value).split()) or "-" for value in row) for row in rows]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")

    write_whole(folder / "vectors.tsv", vectors)
    write_whole(folder / "metadata.tsv", metadata)
    entries = {"tensor_name": "occurrences", "tensor_path": "vectors.tsv", "metadata_path": "metadata.tsv"}
    fields = "".join(f"  {name}: {json.dumps(value)}\n" for name, value in entries.items())
    text = f"embeddings {{\n{fields}}}\n"
    write_whole(folder / "projector_config.pbtxt", lambda path: path.write_text(text, encoding="ascii"))


def _marked(words: Sequence[str], position: int) -> str:
    start, stop = max(0, position - _SHOWN_WORDS), position + _SHOWN_WORDS + 1
    before, after = " ".join(words[start:position]), " ".join(words[position + 1 : stop])
    return f"{'… ' * bool(start)}{before} *{words[position]}* {after}{' …' * (stop < len(words))}".strip()


def _written(values: Sequence[Any]) -> Sequence[Any]:
    """Return values whose lone surrogates, which no file of UTF-8 holds, are "?"."""
    return [
        value.encode("utf-8", "replace").decode() if isinstance(value, str) else value for value in values
    ]
