"""A layer of a vector store as rows that are read when they are asked for."""

from __future__ import annotations

from typing import Any

import numpy as np

from ctxemb.errors import FormatError, UnknownNameError
from ctxemb.vectors import VectorStore


class StoreLayer:
    """The vectors of words in one layer of a store, (n_words, width); nothing is kept in memory.

    Parameters
    ----------
    store
        The store.
    layer
        Name of the layer.

    Raises
    ------
    FormatError
        If the store holds vectors of sentences.
    UnknownNameError
        If it does not hold the layer.
    """

    def __init__(self, store: VectorStore, layer: int | str) -> None:
        if store.meta.unit != "word":
            raise FormatError(f"{store.folder} holds vectors of sentences; measures need vectors of words")
        if layer not in store.layers:
            raise UnknownNameError(f"{store.folder} holds the layers {list(store.layers)}, not {layer}")
        self.store, self.layer = store, layer
        self.shape = (store.n_rows, store.meta.width)
        self.dtype = np.dtype(store.dtype)

    def __len__(self) -> int:
        return self.store.n_rows

    def __getitem__(self, key: Any, /) -> Any:
        numbers = np.arange(len(self))[key] if isinstance(key, slice) else np.asarray(key)
        return self.store.rows(self.layer, numbers)
