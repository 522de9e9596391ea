"""At which layer a task is solved: centre of gravity and expected layer (Tenney et al. 2019)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ctxemb.errors import InputError


def centre_of_gravity(weights: ArrayLike) -> float:
    """Return Σ ℓ·sₗ, the mean layer of a scalar mix with the weights s.

    Parameters
    ----------
    weights
        (n_layers,) weights after the softmax: not negative, with a sum above 0.

    Raises
    ------
    InputError
        If they are not.

    Examples
    --------
    >>> centre_of_gravity([0.25, 0.25, 0.5])
    1.25
    """
    w = np.asarray(weights, dtype=np.float64)
    if w.ndim != 1 or not np.isfinite(w).all() or (w < 0).any() or not w.sum() > 0:
        raise InputError(
            "weights of layers should be a list of numbers that are not negative, with a sum above 0"
        )
    return float(np.arange(len(w)) @ w / w.sum())


def expected_layer(scores: ArrayLike) -> float:
    """Return Σ ℓ·Δₗ / Σ Δₗ over the layers ℓ from 1, with Δₗ the gain of score by layer ℓ.

    Parameters
    ----------
    scores
        (n_layers,) the score of a *cumulative* probe, which reads a mix of the layers 0 to ℓ.

    Raises
    ------
    InputError
        If there are fewer than two, one is not finite, or the last does not exceed the first.

    Examples
    --------
    >>> round(expected_layer([0.5, 0.7, 0.8, 0.8]), 6)
    1.333333
    """
    s = np.asarray(scores, dtype=np.float64)
    if s.ndim != 1 or len(s) < 2 or not np.isfinite(s).all():
        raise InputError("an expected layer needs the finite scores of at least two layers")
    gains = np.diff(s)
    if not gains.sum() > 0:
        raise InputError(
            f"the score does not rise from layer 0 ({s[0]:g}) to the last ({s[-1]:g}): no layer is expected"
        )
    return float(np.arange(1, len(s)) @ gains / gains.sum())
