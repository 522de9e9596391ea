"""Floating-point numbers on disk: rounded on the way in, never to infinity; widened on the way out.

bfloat16 is the upper half of a float32. NumPy has no such type, so its bits are kept as uint16.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Dtype = Literal["float16", "float32", "bfloat16"]


@dataclass(frozen=True, slots=True)
class Stored:
    """How a type lies on disk.

    Parameters
    ----------
    code
        Its name in safetensors.
    bits
        NumPy's type of what is on disk, little-endian.
    limit
        Numbers of this size and beyond round to infinity.
    """

    code: str
    bits: str
    limit: float

    @property
    def size(self) -> int:
        """Bytes of a number."""
        return np.dtype(self.bits).itemsize


STORED: dict[str, Stored] = {
    "float16": Stored("F16", "<f2", 65520.0),
    "float32": Stored("F32", "<f4", np.inf),
    "bfloat16": Stored("BF16", "<u2", float(np.uint32(0x7F7F8000).view(np.float32))),
}


def to_bits(values: NDArray[Any], dtype: str) -> NDArray[Any] | None:
    """Return `values` as they lie on disk, rounded to the nearest, ties to even; None if one does not fit.

    Numbers that are as they should be are returned without copying.

    Examples
    --------
    >>> to_bits(np.array([65519.0, 1.0], dtype=np.float32), "float16")
    array([6.55e+04, 1.00e+00], dtype=float16)
    >>> to_bits(np.array([65520.0], dtype=np.float32), "float16") is None
    True
    >>> from_bits(to_bits(np.array([1.01], dtype=np.float32), "bfloat16"), "bfloat16")
    array([1.0078125], dtype=float32)
    """
    stored = STORED[dtype]
    if dtype == "float16" and values.dtype == np.float16:
        whole = np.ascontiguousarray(values, dtype="<f2")
        # Bits of infinities and of what is no number: from 0x7C00 on, and with the sign from 0xFC00 on.
        fits = not whole.size or (whole.view("<i2").max() < 0x7C00 and whole.view("<u2").max() < 0xFC00)
        return whole if fits else None
    floats = np.ascontiguousarray(values, dtype=np.float32)
    if floats.size and not (floats.min() > -stored.limit and floats.max() < stored.limit):
        return None
    if dtype == "bfloat16":
        bits = floats.view(np.uint32)
        return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype("<u2")
    return floats.astype(stored.bits, copy=False)


def from_bits(bits: NDArray[Any], dtype: str) -> NDArray[Any]:
    """Return what lies on disk as numbers: bfloat16 as float32, others as they are, without copying."""
    if dtype == "bfloat16":
        return (bits.astype(np.uint32) << 16).view(np.float32)
    return bits


def read_dtype(dtype: str) -> np.dtype[Any]:
    """Return NumPy's type of the numbers that `from_bits` returns."""
    return np.dtype("<f4" if dtype == "bfloat16" else STORED[dtype].bits)
