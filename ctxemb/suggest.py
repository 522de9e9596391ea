"""Names for things: a mapping from a name to what makes it, with a helpful answer to a wrong name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

from ctxemb.errors import UnknownNameError

T = TypeVar("T")


def unknown_name(kind: str, name: str, known: Iterable[str], others: str = "") -> UnknownNameError:
    """Return the error for a `name` that is not among the `known` ones, with the nearest as a suggestion.

    `others` says what else would do.

    Examples
    --------
    >>> print(unknown_name("model", "bort", ["elmo", "gpt", "bert"]))
    unknown model 'bort'; did you mean 'bert'? Known: bert, elmo, gpt
    """
    return UnknownNameError(f"unknown {kind} '{name}'{nearest_name(name, known, others)}")


def nearest_name(name: str, known: Iterable[str], others: str = "") -> str:
    """Return what follows the message that `name` is unknown: the nearest of the `known` ones, and all."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"; did you mean '{near[0]}'?" if near else "."
    return f"{hint} Known: {', '.join(names)}{others}"


class Registry(Mapping[str, T]):
    """A mapping of names whose failed look-ups name the nearest known name.

    Parameters
    ----------
    kind
        What the names stand for, used in the message ("model", "task", "probe").

    Examples
    --------
    >>> numbers = Registry("number")
    >>> numbers.add("one", 1)
    >>> numbers["one"]
    1
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._items: dict[str, T] = {}

    def add(self, name: str, item: T) -> None:
        """Register `item` under `name`; a name is given once."""
        if name in self._items:
            raise ValueError(f"{self.kind} '{name}' is registered twice")
        self._items[name] = item

    def __getitem__(self, name: str) -> T:
        if name not in self._items:
            raise unknown_name(self.kind, name, self._items)
        return self._items[name]

    def __contains__(self, name: object) -> bool:
        return name in self._items

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)
