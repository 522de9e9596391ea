"""Tidy results: one number, one row, with all that is needed to make it again."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ctxemb.errors import FormatError, MissingFileError
from ctxemb.files import write_text


@dataclass(frozen=True, slots=True)
class Result:
    """One score.

    Parameters
    ----------
    model
        Name of the model; ``NAME@random`` is its twin with random weights, ``NAME@static`` its
        context-free vectors; ``majority`` and ``bag-of-words`` are baselines without a model.
    layer
        Layer number (0 is the context-free input), ``"mix"`` for the learned scalar mix, ``"concat"``
        for all layers side by side, ``"-"`` for baselines without a model.
    task, probe, metric
        Names.
    split
        ``"dev"``, by which layers and strengths are chosen; ``"test"``; or ``"test:PART"`` for a part of the
        test examples that has a name, such as a word.
    value
        The score, in [0, 1] for accuracies and F1.
    low, high
        Bounds of its bootstrap 95 % interval.
    n
        Number of examples scored.
    seed
        Seed of probe and bootstrap.
    pool
        How pieces became the vector of a word or of a sentence.
    """

    model: str
    layer: int | str
    task: str
    split: str
    probe: str
    metric: str
    value: float
    low: float
    high: float
    n: int
    seed: int
    pool: str = "mean"

    def as_row(self) -> dict[str, Any]:
        """Return the result as a row of a table."""
        return dataclasses.asdict(self)


_FIELDS = {field.name for field in dataclasses.fields(Result)}


def write_results(results: Iterable[Result], path: Path) -> None:
    """Write `results` to `path` as JSON Lines, whole or not at all."""
    text = "".join(json.dumps(dataclasses.asdict(result), ensure_ascii=False) + "\n" for result in results)
    write_text(path, text)


def read_results(path: Path) -> list[Result]:
    """Read the results of `path`, as `write_results` wrote them.

    Raises
    ------
    MissingFileError
        If there is no such file.
    FormatError
        If a line is not a result; the message names file, line and what is wrong.
    """
    if not path.is_file():
        raise MissingFileError(f"no results at {path}")
    results = []
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise FormatError(f"{path}: not UTF-8: {error}") from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise FormatError(f"{path}:{number}: not JSON: {error}") from error
        if not isinstance(row, dict) or set(row) != _FIELDS:
            odd = sorted(_FIELDS ^ set(row)) if isinstance(row, dict) else [str(row)]
            raise FormatError(f"{path}:{number}: not a result; missing or unknown: {', '.join(odd)}")
        results.append(Result(**row))
    return results
