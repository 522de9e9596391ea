"""Chunks: phrases that the tags of words mark, where each begins and how it goes on.

A tag is a prefix and a type (``B-NP``), or ``O`` outside all chunks. Prefixes are those of IOB1 and IOB2
(Ramshaw and Marcus 1995; Tjong Kim Sang and Veenstra 1999) and of IOBES, BILOU and BMEWO, which say where
a chunk ends, too. Tags that contradict each other are read as the shared task of CoNLL-2000 does: a chunk
begins where the type changes, and after ``O``, whatever the prefix says.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

OUTSIDE = "O"
_TAG = re.compile(r"([BIESLUMW])-(.+)")
_BEGINS, _ENDS = "BSUW", "ESLUW"


def are_chunk_tags(tags: Iterable[str]) -> bool:
    """Return whether tags mark chunks: each is ``O`` or a prefix and a type, and not all are ``O``.

    Examples
    --------
    >>> are_chunk_tags(["B-NP", "I-NP", "O"]), are_chunk_tags(["NOUN", "VERB"])
    (True, False)
    """
    matches = [_TAG.fullmatch(tag) for tag in set(tags) - {OUTSIDE}]
    return bool(matches) and all(matches)


def chunk_labels(tags: ArrayLike, positions: ArrayLike) -> NDArray[np.str_]:
    """Return, for each word, the type and length of the chunk that begins there; else nothing.

    Two sequences of tags have a chunk in common where these labels are equal and not empty.

    Parameters
    ----------
    tags
        (n_words,) the tag of each; one that is neither ``O`` nor a prefix and a type is outside.
    positions
        (n_words,) where each stands: those of neighbours in a sentence differ by 1, and those of words of
        different sentences by more.

    Examples
    --------
    >>> chunk_labels(["B-NP", "I-NP", "O", "I-VP"], [0, 1, 2, 3]).tolist()
    ['NP 2', '', '', 'VP 1']
    """
    places = np.asarray(positions, dtype=np.int64)
    order = np.argsort(places, kind="stable")
    names, codes = np.unique(np.asarray(tags, dtype=np.str_)[order], return_inverse=True)
    parts = [_TAG.fullmatch(name) for name in names.tolist()]
    prefixes = [part[1] if part else "" for part in parts]
    types, type_codes = np.unique([part[2] if part else "" for part in parts], return_inverse=True)
    inside, kinds = (types != "")[type_codes][codes], type_codes[codes]
    opens = np.array([prefix != "" and prefix in _BEGINS for prefix in prefixes])[codes]
    closes = np.array([prefix != "" and prefix in _ENDS for prefix in prefixes])[codes]
    goes_on = np.zeros(len(codes), dtype=np.bool_)
    goes_on[1:] = (
        inside[1:] & ~opens[1:] & ~closes[:-1] & (kinds[1:] == kinds[:-1]) & (np.diff(places[order]) == 1)
    )
    starts = np.flatnonzero(~goes_on)  # of chunks, and of each word outside
    lengths = np.diff(np.append(starts, len(codes)))
    of_chunks = inside[starts]
    starts, lengths = starts[of_chunks], lengths[of_chunks]
    labels = np.full(len(codes), "", dtype=object)
    labels[order[starts]] = [
        f"{types[kind]} {length}" for kind, length in zip(kinds[starts], lengths.tolist(), strict=True)
    ]
    return labels.astype(np.str_)
