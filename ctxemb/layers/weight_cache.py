"""What is computed from weights once, and kept until one of them changes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from torch import Tensor

T = TypeVar("T")


class Kept(Generic[T]):
    """A place for one value that is made from weights; a copy of it, or of its module, begins empty.

    Examples
    --------
    >>> import torch
    >>> weight, kept = torch.ones(2), Kept()
    >>> [kept.get([weight], lambda: float(weight.sum())) for _ in range(2)]
    [2.0, 2.0]
    >>> _ = weight.add_(1)
    >>> kept.get([weight], lambda: float(weight.sum()))
    4.0
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stamp: tuple[tuple[int, int], ...] | None = None
        self._value: T | None = None

    def get(self, weights: Iterable[Tensor], make: Callable[[], T]) -> T:
        """Return the value for `weights`; `make` is called if there is none, or they have changed since."""
        stamp = tuple((weight.data_ptr(), _version(weight)) for weight in weights)
        with self._lock:  # threads that want it at once wait for the first one
            if self._value is None or self._stamp != stamp:
                self._value, self._stamp = make(), stamp
            return self._value

    def __reduce__(self) -> tuple[type[Kept[T]], tuple[()]]:
        return type(self), ()


def _version(weight: Tensor) -> int:
    """Return how often a tensor was written to; one that was made for inference alone does not count."""
    return 0 if weight.is_inference() else weight._version
