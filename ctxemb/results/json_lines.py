"""Records as JSON Lines: one record, one line."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

from ctxemb.atomic import write_text
from ctxemb.errors import FormatError, MissingFileError

Record = TypeVar("Record")


def write_records(records: Iterable[Any], path: Path) -> None:
    """Write records (dataclasses) to `path` as JSON Lines, whole or not at all."""
    lines = (json.dumps(dataclasses.asdict(record), ensure_ascii=False) + "\n" for record in records)
    write_text(path, "".join(lines))


def read_records(path: Path, kind: type[Record]) -> list[Record]:
    """Read the records of `path`, as `write_records` wrote them.

    Parameters
    ----------
    path
        The file.
    kind
        The dataclass of a record.

    Raises
    ------
    MissingFileError
        If there is no such file.
    FormatError
        If a line is no such record; the message names file, line and what is wrong.
    """
    if not path.is_file():
        raise MissingFileError(f"no results at {path}")
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise FormatError(f"{path}: not UTF-8: {error}") from error
    return [
        _record(line, kind, f"{path}:{number}") for number, line in enumerate(lines, start=1) if line.strip()
    ]


def _record(line: str, kind: type[Record], where: str) -> Record:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise FormatError(f"{where}: not JSON: {error}") from error
    fields = dataclasses.fields(kind)  # type: ignore[arg-type]
    known = {field.name for field in fields}
    needed = {field.name for field in fields if field.default is dataclasses.MISSING}
    keys = set(row) if isinstance(row, dict) else set()
    if not needed <= keys <= known:
        odd = sorted((needed - keys) | (keys - known)) if isinstance(row, dict) else [str(row)]
        name = kind.__name__.lower()
        raise FormatError(f"{where}: not a {name}; missing or unknown: {', '.join(odd)}")
    return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in row.items()})
