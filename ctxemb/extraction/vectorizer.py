"""A scikit-learn transformer: sentences to the features of a layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from ctxemb.extraction.embedder import load_embedder
from ctxemb.extraction.layers import MIX
from ctxemb.extraction.pooling import Pool
from ctxemb.models.computation import Dtype


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
        """Load the model; nothing is learned from `X`."""
        self.embedder_ = load_embedder(self.model, self.random_init, device=self.device, dtype=self.dtype)
        self.n_features_out_ = self.embedder_.width
        return self

    def transform(self, X: Sequence[str | Sequence[str]]) -> NDArray[np.float32]:
        """Return (n_sentences, width) float32."""
        check_is_fitted(self, "embedder_")
        layers: Any = MIX if self.layer == MIX else [self.layer]
        vectors = self.embedder_.embed(X, layers=layers, pool=self.pool, unit="sentence")
        rows: NDArray[np.float32] = vectors.values[0]
        return rows

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
