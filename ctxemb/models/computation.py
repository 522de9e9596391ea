"""Where and in what numbers a model computes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar, get_args

import torch
from torch import nn

from ctxemb.errors import InputError
from ctxemb.layers.quantized import can_multiply_bytes, quantize
from ctxemb.layers.transformer import TransformerBlock
from ctxemb.models.encoding import Encoding
from ctxemb.suggest import unknown_name
from ctxemb.text.sentence import Sentence

Dtype = Literal["float32", "bfloat16", "float16", "int8"]
DTYPES: tuple[Dtype, ...] = get_args(Dtype)

_KINDS = ("cpu", "cuda", "mps")

_COMPILERS = ("g++", "clang++", "cl")

_GPU_BATCHES = 8
"""So many times the pieces that a CPU reads at once keep a GPU busy."""

CALIBRATION = tuple(
    Sentence(tuple(text.split()))
    for text in (
        "The old man sat by the bank of the river and watched the boats come home .",
        "In 1998 , the company 's profits fell by 12.5 % , to $ 3.4 million .",
        "Who wrote the first book about the history of electric motors ?",
        "She didn't know whether it was true ; nobody did , or so they said .",
        '" Stop ! " he cried , but the train had already left the station .',
        "It is one of the most beautiful and least understood films of the decade .",
        "Add two cups of flour , a pinch of salt and the melted butter , and stir well .",
        "Naïve café owners in Zürich and São Paulo pay € 20 for [ sic ] # tags ( http://x.org/a_b ) .",
        "no",
        "The court held that the defendant 's claim , though late , was not without merit .",
        "Cells of the immune system recognise proteins on the surface of bacteria and viruses .",
        "a a a a b b b 1 2 3 4 5 6 7 8 9 0 - - - . . .",
    )
)
"""What a network reads before it computes in int8, to find the columns that must stay float32."""

Module = TypeVar("Module", bound=nn.Module)


@dataclass(frozen=True, slots=True)
class Computation:
    """Where and in what numbers a model computes; vectors differ by rounding between any two of them.

    Parameters
    ----------
    device
        ``"cpu"``, ``"cuda"`` or ``"cuda:N"`` (the N-th GPU, from 0), ``"mps"``.
    dtype
        Of weights and activations. With ``"int8"`` the products of all Transformer blocks but the last
        are those of bytes, and all else is float32. Words' vectors are float32 in any case.
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
        if self.dtype == "int8":
            self._check_int8()
        if self.compiled and not any(map(shutil.which, (os.environ.get("CXX", "c++"), *_COMPILERS))):
            raise InputError(f"torch compiles with a C++ compiler, and finds none ({', '.join(_COMPILERS)})")

    def _check_int8(self) -> None:
        if self.kind != "cpu":
            raise InputError(f"int8 is for CPUs; on {self.kind} use bfloat16 or float16")
        if self.compiled:
            raise InputError("int8 products are not compiled; leave out --compile, or compute in float32")
        if not (can_multiply_bytes() and torch.cpu._is_vnni_supported()):
            raise InputError("int8 needs a CPU that multiplies bytes (AVX-512 VNNI), and torch with oneDNN")

    def prepare(self, network: Module, encode: Callable[[Sequence[Sentence]], Encoding]) -> Module:
        """Return `network`, which is done with training, moved, narrowed and compiled as asked for.

        Parameters
        ----------
        network
            The network.
        encode
            How it encodes text, some of which it reads if it is to compute in int8.

        Raises
        ------
        InputError
            If it has nothing that is compiled, or computed in int8.
        """
        blocks = [part for part in network.modules() if isinstance(part, TransformerBlock)]
        if self.dtype == "int8":
            if not blocks:
                raise InputError("int8 is for the Transformer blocks of BERT and GPT; here are none")
            batch = encode(CALIBRATION)
            with torch.inference_mode():
                # The last block stays as it is: what it rounds, no block after it makes good.
                quantize(blocks[:-1], lambda: list(network.each(batch)), behind_activation=("down",))  # type: ignore[operator]
            return network
        network = network.to(torch.device(self.device), getattr(torch, self.dtype))
        if self.compiled:
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
