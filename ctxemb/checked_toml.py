"""TOML files whose keys and values a pydantic model checks; every fault names its line and key."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ctxemb.errors import FormatError, MissingFileError
from ctxemb.suggest import nearest_name

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError

Checked = TypeVar("Checked", bound="BaseModel")

_NEEDED = "this key is missing"


def read_checked(path: Path, model: type[Checked], what: str) -> tuple[Checked, str]:
    """Read a TOML file as a `model`; return it and the file's text.

    Raises
    ------
    MissingFileError
        If there is no such file; the message says `what` was looked for.
    FormatError
        If it is not TOML, or a key is unknown, missing or wrong.
    """
    if not path.is_file():
        raise MissingFileError(f"no {what} at {path}")
    try:
        text = path.read_text(encoding="utf-8")
        values = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, ValueError, RecursionError) as error:
        raise FormatError(f"{path}: not TOML: {error}") from error
    return check(values, model, str(path), text), text


def check(values: Mapping[str, object], model: type[Checked], source: str, text: str = "") -> Checked:
    """Return `values`, which come from `source`, a file with this `text`, as a `model`.

    Raises
    ------
    FormatError
        If a key is unknown, missing or wrong; the message names all such keys, each with its line.
    """
    from pydantic import ValidationError

    try:
        return model.model_validate(values)
    except ValidationError as error:
        faults = dict.fromkeys(f"{source}{line_of(key, text)}: {said}" for key, said in _faults(error, model))
        raise FormatError("; ".join(faults)) from error


def line_of(key: str, text: str) -> str:
    r"""Return ``:LINE`` of a key such as ``map.task``, ``tasks.0`` or ``entry.2.model`` in a TOML text.

    It is the line of the key that is there and comes nearest, such as ``map`` where ``map.word`` is missing;
    nothing if there is none.

    Examples
    --------
    >>> line_of("map.task", '[map]\nword = "seal"\ntask = "senses"'), line_of("seed", "")
    (':3', '')
    """
    found = ""
    longest = 0
    for number, there in _keys(text):
        if (key == there or key.startswith(f"{there}.")) and len(there) > longest:
            found, longest = f":{number}", len(there)
    return found


def _keys(text: str) -> Iterator[tuple[int, str]]:
    """Yield the line and the full name of every key and table of a TOML text."""
    table = ""
    seen: Counter[str] = Counter()
    for number, line in enumerate(text.split("\n"), start=1):
        if header := re.match(r"\s*\[(\[?)\s*([\w.-]+)\s*\]", line):
            table = header[2]
            if header[1]:
                seen[table] += 1
                table = f"{table}.{seen[table] - 1}"
            yield number, table
            table += "."
        elif entry := re.match(r"""\s*["']?([\w.:-]+)["']?\s*=""", line):
            yield number, table + entry[1]


def _faults(error: ValidationError, model: type[BaseModel]) -> Iterator[tuple[str, str]]:
    """Yield the key and a sentence for each fault."""
    wrong: dict[str, list[str]] = {}
    for fault in error.errors():
        # of a union, pydantic names each of its types as if it were a key
        parts = [str(part) for part in fault["loc"] if re.fullmatch(r"[\w:-]+", str(part))]
        key, message = ".".join(parts), fault["msg"].removeprefix("Value error, ")
        if fault["type"] == "extra_forbidden":
            message = "unknown key" + nearest_name(parts[-1], _fields(model, parts[:-1]))
        elif fault["type"] == "missing":
            message = _NEEDED
        elif fault["type"] in {"tuple_type", "list_type"}:
            message = "expected a list, such as [...]"
        elif fault["type"] in {"model_type", "dict_type"}:
            message = f"expected a table, [{key}]"
        elif fault["type"] == "too_short":
            message = "at least one is needed"
        if not key and ": " in message:
            key, message = message.split(": ", 1)
        wrong.setdefault(key, []).append(message[:1].lower() + message[1:])
    for key, messages in wrong.items():
        yield key, f"{key}: {', or '.join(dict.fromkeys(messages))}"


def _fields(model: type[BaseModel], parts: list[str]) -> list[str]:
    """Return the keys that are known where a path of keys leads; none if it leads to no model."""
    current: Any = model
    for part in parts:
        if part.isdigit():
            continue
        field = current.model_fields.get(part)
        kinds = [] if field is None else _models(field.annotation)
        if not kinds:
            return []
        current = kinds[0]
    return list(current.model_fields)


def _models(annotation: Any) -> list[type[BaseModel]]:
    from pydantic import BaseModel

    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for part in getattr(annotation, "__args__", ()) for found in _models(part)]
