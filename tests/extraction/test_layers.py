"""Which layers are asked for."""

from __future__ import annotations

import pytest

from ctxemb.errors import UnknownNameError
from ctxemb.extraction.layers import Layers, parse_layers, resolve_layers


@pytest.mark.parametrize(
    ("text", "layers"),
    [("all", "all"), ("mix", "mix"), ("0", (0,)), ("0,3,-1", (0, 3, -1)), ("2, 1", (2, 1))],
)
def test_parse(text: str, layers: Layers) -> None:
    assert parse_layers(text) == layers


@pytest.mark.parametrize("text", ["", "last", "1,", "1;2", "1.5", "ALL", "0,mix"])
def test_parse_nonsense(text: str) -> None:
    with pytest.raises(UnknownNameError, match=f"such as 0,3,-1, found '{text}'"):
        parse_layers(text)


@pytest.mark.parametrize(
    ("layers", "names"),
    [
        ("all", (0, 1, 2, 3)),
        ("mix", ("mix",)),
        ([0], (0,)),
        ([-1], (3,)),
        ((3, 0, -2), (3, 0, 2)),
        ([-4], (0,)),
    ],
)
def test_resolve(layers: Layers, names: tuple[int | str, ...]) -> None:
    assert resolve_layers(layers, 4) == names


@pytest.mark.parametrize("layer", [4, -5, 100])
def test_no_such_layer(layer: int) -> None:
    with pytest.raises(
        UnknownNameError, match=rf"no layer {layer}: the model has 4 layers, 0 \(the input\) to 3"
    ):
        resolve_layers([0, layer], 4)


@pytest.mark.parametrize("layers", [[1, 1], [3, -1], []])
def test_layers_are_different_and_some(layers: list[int]) -> None:
    with pytest.raises(UnknownNameError, match="should be different and at least one, found"):
        resolve_layers(layers, 4)
