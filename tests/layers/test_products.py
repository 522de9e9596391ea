from __future__ import annotations

import pytest
import torch
from torch import nn

from ctxemb.layers.products import Activation, linear, linear_onto


@pytest.mark.parametrize("activation", [None, "gelu", "gelu_tanh", "relu"])
@pytest.mark.parametrize("n", [0, 1, 64, 150])
def test_products_are_the_same_with_and_without_gradients(activation: Activation | None, n: int) -> None:
    torch.manual_seed(0)
    layer, x = nn.Linear(30, 70), 6 * torch.randn(n, 30)
    kept = x.clone()
    with_gradients = linear(x, layer, activation)
    with torch.inference_mode():
        found = linear(x, layer, activation)
    torch.testing.assert_close(found, with_gradients, rtol=1e-5, atol=2e-6)
    assert torch.equal(x, kept)


def test_what_is_added_to_stays_as_it_is() -> None:
    torch.manual_seed(0)
    layer, x, onto, drop = nn.Linear(30, 70), torch.randn(9, 30), torch.randn(9, 70), nn.Dropout(0.5).eval()
    kept = onto.clone()
    with torch.inference_mode():
        found = linear_onto(x, layer, onto, drop)
    torch.testing.assert_close(found, linear_onto(x, layer, onto, drop), rtol=1e-5, atol=1e-6)
    assert torch.equal(onto, kept)
