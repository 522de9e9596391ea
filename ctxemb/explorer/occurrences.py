"""What the page shows of a model: coordinates of occurrences layer by layer, and their neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctxemb.analysis.same_sense import same_label_share
from ctxemb.errors import InputError

Floats = NDArray[np.float32]

_FEWEST = 3
_ALL_PAIRS = 400
"""With up to so many occurrences, the cosines of all pairs are kept."""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """An occurrence of a word.

    Parameters
    ----------
    words
        Of its sentence.
    start, stop
        Which of them it is.
    label
        Its sense or label; empty where none is known.
    group
        The word that it is an occurrence of.
    """

    words: tuple[str, ...]
    start: int
    stop: int
    label: str
    group: str


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A model's view of the occurrences.

    Parameters
    ----------
    name, family
        Of the model.
    coordinates
        (n_layers, n, 2) the first two principal components of each layer, of the occurrences of each word by
        themselves, of root mean square 1, turned towards those of the layer before (orthogonal Procrustes)
        so that points move as little as they can.
    neighbors
        (n_layers, n, k) the nearest other occurrences by cosine, nearest first.
    cosines
        (n_layers, n, k) their cosines.
    pairs
        (n_layers, n, n) the cosines of all pairs, or None where there are too many.
    shares
        (n_layers,) how often the nearest other occurrence of the same word has the same label; None where
        no labels are known.
    chance
        The expectation of these shares for random neighbours.
    """

    name: str
    family: str
    coordinates: Floats
    neighbors: NDArray[np.int64]
    cosines: Floats
    pairs: Floats | None
    shares: tuple[float, ...] | None
    chance: float


def view_of(
    name: str, family: str, vectors: Floats, occurrences: Sequence[Occurrence], *, k: int = 6
) -> View:
    """Return a model's view.

    Parameters
    ----------
    name, family
        Of the model.
    vectors
        (n_layers, n, width) of the occurrences.
    occurrences
        (n,)
    k
        Neighbours of each.

    Raises
    ------
    InputError
        If there are fewer than three occurrences, or a vector is no number.
    """
    n_layers, n, _ = vectors.shape
    if n < _FEWEST:
        raise InputError(f"expected at least {_FEWEST} occurrences to draw, found {n}")
    if not np.isfinite(vectors).all():
        raise InputError(f"the vectors of {name} are not all finite")
    k = min(k, n - 1)
    labels, groups = [o.label for o in occurrences], [o.group for o in occurrences]
    coordinates = _coordinates(vectors, np.array(groups))
    neighbors = np.zeros((n_layers, n, k), dtype=np.int64)
    cosines = np.zeros((n_layers, n, k), dtype=np.float32)
    pairs = np.zeros((n_layers, n, n), dtype=np.float32) if n <= _ALL_PAIRS else None
    labelled = len(set(labels)) > 1 and len(set(groups)) < n
    shares = []
    chance = 0.0
    for layer, values in enumerate(vectors):
        unit = values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-12)
        products = unit @ unit.T
        if pairs is not None:
            pairs[layer] = products
        np.fill_diagonal(products, -np.inf)
        neighbors[layer] = np.argsort(-products, axis=1, kind="stable")[:, :k]
        cosines[layer] = np.take_along_axis(products, neighbors[layer], axis=1)
        if labelled:
            share, chance = same_label_share(values, groups, labels)
            shares.append(share)
    known = tuple(shares) if labelled else None
    return View(name, family, coordinates, neighbors, cosines, pairs, known, chance)


def _coordinates(vectors: Floats, groups: NDArray[np.str_]) -> Floats:
    """Return (n_layers, n, 2), the occurrences of each group by themselves."""
    coordinates = np.zeros((*vectors.shape[:2], 2), dtype=np.float32)
    for group in np.unique(groups):
        here = groups == group
        before: Floats | None = None
        for layer, values in enumerate(vectors[:, here]):
            flat = _plane(values)
            before = flat if before is None else flat @ _turn(flat, before)
            coordinates[layer, here] = before
    return coordinates


def _plane(values: Floats) -> Floats:
    """Return the first two principal components, (n, 2), of root mean square 1; zeros where all are alike."""
    centred = values - values.mean(axis=0)
    left, sizes, _ = np.linalg.svd(centred.astype(np.float64), full_matrices=False)
    flat = np.zeros((len(values), 2))
    width = min(2, len(sizes))
    flat[:, :width] = left[:, :width] * sizes[:width]
    scale = np.sqrt((flat**2).sum(axis=1).mean())
    return (flat / scale if scale > 1e-9 else np.zeros_like(flat)).astype(np.float32)


def _turn(flat: Floats, target: Floats) -> Floats:
    """Return the rotation or reflection, (2, 2), that brings `flat` nearest to `target`."""
    left, _, right = np.linalg.svd(flat.T @ target)
    turned: Floats = left @ right
    return turned
