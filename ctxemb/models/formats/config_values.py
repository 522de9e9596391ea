"""Values of a configuration file, taken out with errors that name file and key."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ctxemb.errors import FormatError, MissingFileError
from ctxemb.layers.products import Activation

CONFIG = "config.json"

OURS = "ctxemb"
"""Key of ``config.json`` under which our own choices stand."""

_ACTIVATIONS: dict[str, Activation] = {
    "gelu": "gelu",
    "gelu_new": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
    "gelu_fast": "gelu_tanh",
    "relu": "relu",
}


MOST_BLOCKS = 1000
"""A configuration that says more would fill the memory before its weights are found to differ."""


class Values:
    """The values of a ``config.json``, with errors that name file and key."""

    def __init__(self, values: Mapping[str, Any], path: Path) -> None:
        self.values = values
        self.path = path

    def number(self, key: str, default: int | None = None) -> int:
        """Return a whole number above 0."""
        value = self.values.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise FormatError(f"{self.path}: '{key}' should be a number above 0, found {value!r}")
        return value

    def blocks(self, key: str) -> int:
        """Return a number of blocks."""
        value = self.number(key)
        if value > MOST_BLOCKS:
            raise FormatError(f"{self.path}: '{key}' should be at most {MOST_BLOCKS}, found {value}")
        return value

    def share(self, key: str, default: float) -> float:
        """Return a number from 0 to 1."""
        value = self.values.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise FormatError(f"{self.path}: '{key}' should be a number from 0 to 1, found {value!r}")
        return float(value)

    def activation(self, key: str, default: str) -> Activation:
        """Return an activation function."""
        value = self.values.get(key, default)
        if value not in _ACTIVATIONS:
            raise FormatError(
                f"{self.path}: '{key}' {value!r} is not supported; supported are {', '.join(_ACTIVATIONS)}"
            )
        return _ACTIVATIONS[value]

    def must_be(self, key: str, wanted: Any) -> None:
        """Refuse a value other than the one that our modules compute with."""
        if self.values.get(key, wanted) != wanted:
            raise FormatError(f"{self.path}: '{key}' {self.values[key]!r} is not supported, only {wanted!r}")

    def must_agree(self, names: Mapping[str, str]) -> None:
        """Refuse two names of one setting that have different values.

        Parameters
        ----------
        names
            From one name of a setting to its other.
        """
        for one, other in names.items():
            found = self.values.get(one), self.values.get(other)
            if None not in found and found[0] != found[1]:
                raise FormatError(
                    f"{self.path}: '{one}' is {found[0]!r}, but '{other}', another name of it, {found[1]!r}"
                )

    def ours(self, key: str, default: Any) -> Any:
        """Return a choice of ours."""
        own = self.values.get(OURS, {})
        return own.get(key, default) if isinstance(own, dict) else default


def read_config_values(folder: Path) -> Values:
    """Read ``config.json`` of a model folder.

    Raises
    ------
    MissingFileError, FormatError
        If it is not there, or no JSON object.
    """
    path = folder / CONFIG
    if not path.is_file():
        raise MissingFileError(f"no model in {folder}: {CONFIG} is missing")
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{path}: not JSON: {error}") from error
    if not isinstance(values, dict):
        raise FormatError(f"{path}: expected an object, found {values!r:.40}")
    return Values(values, path)


def has_value(folder: Path, key: str, value: str) -> bool:
    """Return whether a folder has a ``config.json`` with this value."""
    return (folder / CONFIG).is_file() and read_config_values(folder).values.get(key) == value


def activation_names() -> dict[Activation, str]:
    """Return what `transformers` calls our activation functions, the first of several names."""
    names: dict[Activation, str] = {}
    for theirs, ours in _ACTIVATIONS.items():
        names.setdefault(ours, theirs)
    return names
