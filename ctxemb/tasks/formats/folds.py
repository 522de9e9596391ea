"""Ten folds for data sets without a published split."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

N_FOLDS = 10


def make_folds(texts: Sequence[str], labels: Sequence[str]) -> NDArray[np.int64]:
    """Return the fold of each example: by the hash of its text, evenly within each label.

    Equal texts lie in one fold, whatever their labels (a text of several counts with the first of them, by
    the alphabet), and the folds are the same everywhere. Labels of fewer texts than folds go on where the
    label before them, by the alphabet, has stopped.

    Parameters
    ----------
    texts, labels
        Of each example.
    """
    hashes = [hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest() for text in texts]
    folds: NDArray[np.int64] = np.zeros(len(texts), dtype=np.int64)
    owner: dict[str, str] = {}
    for text_hash, label in zip(hashes, labels, strict=True):
        owner[text_hash] = min(label, owner.get(text_hash, label))
    names = np.asarray([owner[text_hash] for text_hash in hashes])
    following = 0
    for label in np.unique(names):
        rows = np.flatnonzero(names == label)
        distinct = sorted({hashes[row] for row in rows})
        place = {text: number for number, text in enumerate(distinct)}
        if len(distinct) < N_FOLDS:
            folds[rows] = [(following + place[hashes[row]]) % N_FOLDS for row in rows]
            following += len(distinct)
        else:
            folds[rows] = [place[hashes[row]] * N_FOLDS // len(distinct) for row in rows]
    return folds
