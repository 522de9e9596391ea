"""A scikit-learn transformer: sentences to the features of a layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from ctxemb.errors import InputError, UnknownNameError
from ctxemb.extraction.embedder import load_embedder
from ctxemb.extraction.layers import MIX, resolve_layers
from ctxemb.extraction.pooling import Pool
from ctxemb.models.computation import Dtype
from ctxemb.suggest import unknown_name
from ctxemb.text.sentence import Sentence


class ContextualVectorizer(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Turns each sentence into one vector of one layer of a model.

    Parameters
    ----------
    model
        Name or folder of a model.
    layer
        Number of the layer, -1 for the last; or ``"mix"`` for the mean of all.
    pool
        How the pieces of a sentence are combined: ``"mean"``, ``"first"`` or ``"last"``.
    random_init
        Seed of random weights, or None for the trained ones.
    device, dtype
        Where and in what numbers the model computes, as for `ctxemb.load`.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> classifier = make_pipeline(ContextualVectorizer("gpt", layer=3), LogisticRegression())
    """

    def __init__(
        self,
        model: str = "bert",
        layer: int | str = -1,
        pool: Pool = "mean",
        random_init: int | None = None,
        device: str = "cpu",
        dtype: Dtype = "float32",
    ) -> None:
        self.model = model
        self.layer = layer
        self.pool = pool
        self.random_init = random_init
        self.device = device
        self.dtype = dtype

    def fit(self, X: Sequence[str | Sequence[str]], y: Any = None) -> ContextualVectorizer:
        """Load the model; nothing is learned from `X`.

        Raises
        ------
        InputError, UnknownNameError
            If `X` holds anything but sentences, or there is no such layer or pool.
        """
        column(X)
        if self.pool not in get_args(Pool):
            raise unknown_name("pool", str(self.pool), get_args(Pool))
        if isinstance(self.layer, bool) or not (self.layer == MIX or isinstance(self.layer, int)):
            raise UnknownNameError(f"the layer should be a number or '{MIX}', found {self.layer!r}")
        self.embedder_ = load_embedder(self.model, self.random_init, device=self.device, dtype=self.dtype)
        resolve_layers(self._layers(), self.embedder_.n_layers)
        self.n_features_out_ = self.embedder_.width
        return self

    def transform(self, X: Sequence[str | Sequence[str]]) -> NDArray[np.float32]:
        """Return (n_sentences, width) float32."""
        check_is_fitted(self, "embedder_")
        vectors = self.embedder_.embed(column(X), layers=self._layers(), pool=self.pool, unit="sentence")
        rows: NDArray[np.float32] = vectors.values[0]
        return rows

    def _layers(self) -> Any:
        return MIX if self.layer == MIX else [self.layer]

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Return the names of the features, (width,)."""
        check_is_fitted(self, "embedder_")
        names = [f"{self.model}_{self.layer}_{i}" for i in range(self.n_features_out_)]
        return np.array(names, dtype=object)

    def __sklearn_tags__(self) -> Any:
        """Say that the input is text, not numbers."""
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.requires_fit = True
        return tags


def column(X: Any) -> list[str | Sequence[str]]:
    """Return the sentences of `X`: a list, an array or a column; of a table, its only column.

    Raises
    ------
    InputError
        If it is anything else, or a row holds no sentence; the message says which.
    TypeError
        If it is a single string.
    """
    if isinstance(X, str):
        raise TypeError("expected a list of sentences, found a single string; write [text]")
    if isinstance(X, bytes | Mapping):
        raise InputError(f"expected a list of sentences, found {type(X).__name__}")
    if getattr(X, "ndim", 1) > 1:
        n_columns = X.shape[1]
        if n_columns != 1:
            raise InputError(f"expected one column of sentences, found {n_columns}; choose one of them")
        X = X.iloc[:, 0] if hasattr(X, "iloc") else X[:, 0]
    rows = list(X)
    for number, row in enumerate(rows):
        words = [row] if isinstance(row, str) else row
        is_list = isinstance(words, Sequence | np.ndarray) and not isinstance(words, bytes)
        if not isinstance(row, Sentence) and not (is_list and all(isinstance(word, str) for word in words)):
            raise InputError(f"row {number} (from 0): expected text or a list of words, found {row!r:.80}")
    return rows
