"""Which layers are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from ctxemb.errors import UnknownNameError

Layers = Literal["all", "mix"] | Sequence[int]
"""All layers; their mean as a scalar mix with equal weights; or some, where -1 is the last."""

MIX = "mix"


def parse_layers(text: str) -> Layers:
    """Read what a user wrote for layers: ``all``, ``mix``, or numbers with commas.

    Raises
    ------
    UnknownNameError
        If it is none of these.

    Examples
    --------
    >>> parse_layers("0,3,-1")
    (0, 3, -1)
    """
    if text in ("all", MIX):
        return text  # type: ignore[return-value]
    try:
        return tuple(int(number) for number in text.split(","))
    except ValueError:
        raise UnknownNameError(
            f"layers should be 'all', 'mix' or numbers such as 0,3,-1, found '{text}'"
        ) from None


def resolve_layers(layers: Layers, n_layers: int) -> tuple[int | str, ...]:
    """Return the names of `layers` in a model of `n_layers`: numbers from 0, or ``mix``.

    Raises
    ------
    UnknownNameError
        If there is no such layer, or one is asked for twice.

    Examples
    --------
    >>> resolve_layers([0, -1], 7)
    (0, 6)
    """
    if layers == MIX:
        return (MIX,)
    if isinstance(layers, str):
        return tuple(range(n_layers))
    for layer in layers:
        if not -n_layers <= layer < n_layers:
            raise UnknownNameError(
                f"no layer {layer}: the model has {n_layers} layers, 0 (the input) to {n_layers - 1} (or -1)"
            )
    numbers = tuple(layer % n_layers for layer in layers)
    if len(set(numbers)) < len(numbers) or not numbers:
        raise UnknownNameError(f"layers should be different and at least one, found {list(layers)}")
    return numbers
