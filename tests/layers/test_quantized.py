"""Products in eight bits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from ctxemb.errors import InputError
from ctxemb.extraction.embed import embed
from ctxemb.layers.quantized import GELU_FLOOR, ByteLinear, can_multiply_bytes
from ctxemb.models import load, save
from ctxemb.models.computation import Computation
from tests.toys import sentences

pytestmark = pytest.mark.skipif(
    not (can_multiply_bytes() and torch.cpu._is_vnni_supported()), reason="this CPU multiplies no bytes"
)
INT8 = Computation(dtype="int8")
TEXTS = sentences(3, 14, 1, 9, 1, 8)


def layer() -> nn.Linear:
    torch.manual_seed(0)
    return nn.Linear(96, 40)


@torch.no_grad()
def test_rows_are_rounded_alone_and_outliers_are_not() -> None:
    plain = layer()
    x = torch.randn(20, 96)
    x[:, 7] *= 300  # without a way of its own, it would leave the others a byte or two
    x[11] *= 1000  # a neighbour that must not matter
    largest = torch.ones(96).index_fill(0, torch.tensor([7]), 300.0)
    quantized = ByteLinear(plain, largest)
    assert quantized.outliers.tolist() == [7]
    expected, found = plain(x), quantized(x)
    error = (found - expected).norm(dim=1) / (x.index_fill(1, torch.tensor([7]), 0.0)).norm(dim=1)
    assert error.max() < 0.02
    torch.testing.assert_close(quantized(x[3:4]), found[3:4], rtol=1e-5, atol=1e-4)


@torch.no_grad()
def test_all_bytes_are_used_above_the_floor() -> None:
    plain, x = layer(), nn.functional.gelu(torch.randn(50, 96))
    largest = torch.ones(96)
    errors = [
        float((ByteLinear(plain, largest, floor)(x) - plain(x)).norm() / plain(x).norm())
        for floor in (None, GELU_FLOOR)
    ]
    assert errors[1] < errors[0] < 0.02
    assert float(nn.functional.gelu(torch.linspace(-5, 5, 9999), approximate="tanh").min()) > -GELU_FLOOR


@torch.no_grad()
def test_nothing_but_zeros() -> None:
    plain = layer()
    for floor in (None, GELU_FLOOR):
        found = ByteLinear(plain, torch.ones(96), floor)(torch.zeros(2, 96))
        torch.testing.assert_close(found, plain.bias.expand(2, -1), rtol=0, atol=2e-3)


@pytest.mark.parametrize("family", ["gpt", "gpt-post", "bert"])
def test_a_model_is_near_itself(toy_folders: dict[str, Path], family: str) -> None:
    name = str(toy_folders[family])
    wide, narrow = load(name), load(name, computation=INT8)
    expected, found = embed(wide, TEXTS).values, embed(narrow, TEXTS).values
    assert (narrow.fingerprint, narrow.n_parameters) == (wide.fingerprint, wide.n_parameters)
    assert not np.array_equal(found, expected)
    np.testing.assert_array_equal(found[0], expected[0])
    norms = np.linalg.norm(found, axis=2) * np.linalg.norm(expected, axis=2)
    assert ((found * expected).sum(axis=2) / norms).min() > 0.99
    alone = np.concatenate([embed(narrow, [text]).values for text in TEXTS], axis=1)
    np.testing.assert_allclose(alone, found, rtol=0, atol=0.05)


def test_what_is_not_computed_in_int8(toy_folders: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="int8 is for the Transformer blocks of BERT and GPT"):
        load(str(toy_folders["elmo"]), computation=INT8)
    with pytest.raises(InputError, match="int8 products are not compiled"):
        load("bert", computation=Computation(dtype="int8", compiled=True))
    with pytest.raises(InputError, match="load it in float32"):
        save(load(str(toy_folders["bert"]), computation=INT8), tmp_path / "saved")
    assert not (tmp_path / "saved").exists()
