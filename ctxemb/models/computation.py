"""Where and in what numbers a model computes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeVar, get_args

import torch
from torch import nn

from ctxemb.errors import InputError
from ctxemb.layers.transformer import TransformerBlock
from ctxemb.registry import unknown_name

Dtype = Literal["float32", "bfloat16", "float16"]
DTYPES: tuple[Dtype, ...] = get_args(Dtype)

_KINDS = ("cpu", "cuda", "mps")

_COMPILERS = ("g++", "clang++", "cl")

_GPU_BATCHES = 8
"""So many times the pieces that a CPU reads at once keep a GPU busy."""

Module = TypeVar("Module", bound=nn.Module)


@dataclass(frozen=True, slots=True)
class Computation:
    """Where and in what numbers a model computes; vectors differ by rounding between any two of them.

    Parameters
    ----------
    device
        ``"cpu"``, ``"cuda"`` or ``"cuda:N"`` (the N-th GPU, from 0), ``"mps"``.
    dtype
        Of weights and activations. What is computed is given as float32 in any case.
    compiled
        Whether Transformer blocks are compiled by torch.

    Examples
    --------
    >>> str(Computation())
    'float32 on cpu'
    >>> str(Computation("cuda:1", "bfloat16", compiled=True))
    'bfloat16 on cuda, compiled'
    """

    device: str = "cpu"
    dtype: Dtype = "float32"
    compiled: bool = False

    @property
    def kind(self) -> str:
        """The kind of device, without its number."""
        return self.device.partition(":")[0]

    @property
    def batches(self) -> int:
        """How many times the pieces of a CPU's batch it reads fastest at once."""
        return 1 if self.kind == "cpu" else _GPU_BATCHES

    def __str__(self) -> str:
        return f"{self.dtype} on {self.kind}{', compiled' * self.compiled}"

    def check(self) -> None:
        """Check that this machine can compute so.

        Raises
        ------
        UnknownNameError
            If there is no such kind of device or of numbers.
        InputError
            If this machine has no such device, or it does not compute in such numbers.
        """
        if self.dtype not in DTYPES:
            raise unknown_name("dtype", self.dtype, DTYPES)
        check_device(self.device)
        if self.kind == "cpu" and self.dtype == "float16":
            raise InputError(
                "float16 is for GPUs, and slow on a CPU; use float32, or bfloat16 where the processor has it"
            )
        if self.compiled and not any(map(shutil.which, (os.environ.get("CXX", "c++"), *_COMPILERS))):
            raise InputError(f"torch compiles with a C++ compiler, and finds none ({', '.join(_COMPILERS)})")

    def prepare(self, network: Module) -> Module:
        """Return `network`, which is done with training, moved, narrowed and compiled as asked for.

        Raises
        ------
        InputError
            If it has nothing that is compiled.
        """
        network = network.to(torch.device(self.device), getattr(torch, self.dtype))
        if self.compiled:
            blocks = [part for part in network.modules() if isinstance(part, TransformerBlock)]
            if not blocks:
                raise InputError("only Transformer blocks of BERT and GPT are compiled; here are none")
            for block in blocks:
                block.compile_pieces()
        return network


FLOAT32_ON_CPU = Computation()


def check_device(device: str) -> None:
    """Check that this machine has a device.

    Raises
    ------
    UnknownNameError
        If there is no such kind of device.
    InputError
        If there is none on this machine, or none of this number.
    """
    kind, colon, number = device.partition(":")
    if kind not in _KINDS:
        raise unknown_name("device", device, _KINDS)
    if colon and not (kind == "cuda" and number.isdecimal()):
        raise InputError(f"a device is cpu, cuda, cuda:N or mps, found '{device}'")
    n_found = _COUNTS[kind]()
    if not n_found:
        raise InputError(f"no device '{device}': torch finds no {kind} on this machine; use cpu")
    if number and int(number) >= n_found:
        raise InputError(f"no device '{device}': this machine has cuda:0 to cuda:{n_found - 1}")


_COUNTS: dict[str, Callable[[], int]] = {
    "cpu": lambda: 1,
    "cuda": lambda: torch.cuda.device_count() if torch.cuda.is_available() else 0,
    "mps": lambda: int(torch.backends.mps.is_available()),
}
