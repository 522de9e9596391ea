"""Where and in what numbers models compute."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from ctxemb.errors import CtxembError, InputError
from ctxemb.extraction.embed import embed
from ctxemb.models import load
from ctxemb.models.checkpoints import load_network
from ctxemb.models.computation import FLOAT32_ON_CPU, Computation, check_device
from ctxemb.models.model import LoadedModel
from tests.toys import sentences

TEXTS = sentences(3, 40, 1, 17, 1, 8, 8, 3)
MODELS = ("elmo", "gpt", "gpt-post", "bert", "static:bert", "stateful:elmo", "no-final-norm:gpt")


def source(name: str, folders: dict[str, Path]) -> str:
    before, _, family = name.rpartition(":")
    return f"{before}{':' * bool(before)}{folders[family]}"


@pytest.mark.parametrize("name", MODELS)
def test_bfloat16_is_near_float32(toy_folders: dict[str, Path], name: str) -> None:
    wide = load(source(name, toy_folders))
    narrow = load(source(name, toy_folders), computation=Computation(dtype="bfloat16"))
    assert (wide.fingerprint, wide.computation) == (narrow.fingerprint, FLOAT32_ON_CPU)
    assert str(narrow.computation) == "bfloat16 on cpu"
    expected, found = embed(wide, TEXTS).values, embed(narrow, TEXTS).values
    assert found.dtype == np.float32
    assert not np.array_equal(found, expected)
    cosines = (
        (found * expected).sum(axis=2) / np.linalg.norm(found, axis=2) / np.linalg.norm(expected, axis=2)
    )
    assert cosines.min() > 0.99  # toys have large weights


@dataclass(frozen=True)
class Elsewhere(Computation):
    """The CPU, treated as a device that is not."""

    @property
    def kind(self) -> str:
        return "elsewhere"


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("unit", ["word", "sentence"])
def test_the_way_of_a_gpu_leads_to_the_same(toy_folders: dict[str, Path], name: str, unit: str) -> None:
    here = load(source(name, toy_folders))
    there = load(source(name, toy_folders), computation=Computation())
    there.info = dataclasses.replace(there.info, computation=Elsewhere())
    for layers in ("all", "mix", [-1]):
        for batch_pieces in (7, 25, 1000):
            expected = embed(here, TEXTS, layers=layers, unit=unit, batch_pieces=batch_pieces)  # type: ignore[arg-type]
            found = embed(there, TEXTS, layers=layers, unit=unit, batch_pieces=batch_pieces)  # type: ignore[arg-type]
            largest = float(np.abs(expected.values).max())  # single precision rounds by its size
            np.testing.assert_allclose(found.values, expected.values, rtol=0, atol=1e-6 * largest)
            assert found.n_pieces == expected.n_pieces


@pytest.mark.parametrize("family", ["elmo", "gpt", "gpt-post", "bert"])
def test_all_that_is_computed_with_is_on_the_device(toy_folders: dict[str, Path], family: str) -> None:
    """On the "meta" device there are only shapes, and it cannot be mixed with another or asked for values."""
    network = load_network(toy_folders[family])
    model = LoadedModel(network, family, str, computation=Computation("meta", "bfloat16"))
    batch = model.prepare(model.encode(TEXTS))
    assert batch.windows.device.type == "cpu"
    for part in (batch, batch.part(0, 3)):
        for layer in model.each(part):
            assert layer.shape == (len(part.pieces), model.width)
            assert layer.device.type == "meta"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of torch's own imports
@pytest.mark.parametrize("family", ["gpt", "gpt-post", "bert"])
def test_compiled(toy_folders: dict[str, Path], family: str) -> None:
    name = str(toy_folders[family])
    plain = embed(load(name), TEXTS)
    compiled = embed(load(name, computation=Computation(compiled=True)), TEXTS)
    np.testing.assert_allclose(compiled.values, plain.values, rtol=0, atol=1e-4)


def test_what_has_nothing_to_compile(toy_folders: dict[str, Path]) -> None:
    with pytest.raises(InputError, match="only Transformer blocks"):
        load(str(toy_folders["elmo"]), computation=Computation(compiled=True))


@pytest.mark.parametrize(
    ("computation", "message"),
    [
        (Computation("gpu"), "unknown device 'gpu'"),
        (Computation("cpu:1"), "a device is cpu, cuda, cuda:N or mps, found 'cpu:1'"),
        (Computation("cuda:first"), "a device is cpu, cuda, cuda:N or mps, found 'cuda:first'"),
        (Computation(dtype="float8"), "unknown dtype 'float8'"),  # type: ignore[arg-type]
        (Computation(dtype="float16"), "float16 is for GPUs"),
    ],
)
def test_what_cannot_be(computation: Computation, message: str) -> None:
    with pytest.raises(CtxembError, match=message):
        load("bert", computation=computation)


def test_devices_that_are_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(InputError, match="no device 'cuda': torch finds no cuda on this machine; use cpu"):
        check_device("cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    check_device("cuda:1")
    with pytest.raises(InputError, match="no device 'cuda:2': this machine has cuda:0 to cuda:1"):
        check_device("cuda:2")


def test_no_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("CXX", "nothing")
    with pytest.raises(InputError, match=r"a C\+\+ compiler, and finds none"):
        Computation(compiled=True).check()
