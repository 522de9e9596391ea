"""Where the heads of a model look in a text, and along which arcs of trees."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ctxemb.analysis.attention import (
    STATISTICS,
    arc_hits,
    choose_and_score,
    head_statistics,
    offset_hits,
    word_attention,
)
from ctxemb.analysis.intervals import bootstrap_means
from ctxemb.analysis.measure import MeasuredValue
from ctxemb.analysis.measurements import Measurement
from ctxemb.errors import InputError
from ctxemb.models import ContextualModel
from ctxemb.models.attention import AttentionMaps, attention_maps
from ctxemb.tasks.trees import Tree
from ctxemb.text.sentence import Sentence

OFFSETS = tuple(offset for offset in range(-5, 6) if offset)
"""Places that the positional baseline chooses from, in words after the dependent."""

_FEWEST_ARCS = 50
_DIRECTIONS = ("up", "down")


def attention_rows(
    model: ContextualModel, sentences: Sequence[Sentence], text: str, *, seed: int
) -> list[Measurement]:
    """Return where each head looks, and each block on average, with intervals over sentences.

    Sentences of several windows are left out.

    Raises
    ------
    InputError
        If the model has no attention, or all sentences are longer than its window.
    """
    tables, lengths = [], []
    for maps in _whole_sentences(model, sentences):
        found = head_statistics(maps.weights, maps.words)
        tables.append(np.stack([found[name] for name in STATISTICS]))  # (n_statistics, n_blocks, n_heads)
        lengths.append(len(sentences[maps.sentence]))
    if not tables:
        raise InputError(f"no sentence fits into one window of {model.name}")
    values = np.stack(tables)
    values = np.concatenate([values.mean(axis=3, keepdims=True), values], axis=3)  # the first is the mean
    bounds = bootstrap_means(values.reshape(len(values), -1), lengths, seed=seed)
    shaped = [bound.reshape(values.shape[1:]) for bound in bounds]
    rows = []
    for number, block, head in np.ndindex(values.shape[1:]):
        value, low, high = (float(bound[number, block, head]) for bound in shaped)
        mean = MeasuredValue(STATISTICS[number], value, low, high, len(values))
        row = Measurement.of(
            mean, model=model.name, layer=block + 1, text=text, measure="attention", seed=seed
        )
        rows.append(replace(row, head=head or ""))
    return rows


@dataclass(frozen=True, slots=True, eq=False)
class _Arcs:
    """Arcs of trees: whether each head, and each offset, finds the parent; their relations and sentences."""

    hits: NDArray[np.bool_]
    by_offset: NDArray[np.bool_]
    relations: NDArray[np.str_]
    sentences: NDArray[np.int64]
    shape: tuple[int, ...]


def arc_rows(
    model: ContextualModel, dev: Sequence[Tree], test: Sequence[Tree], *, seed: int
) -> list[Measurement]:
    """Return how often the head that dev chooses finds the parents of words, beside the best offset.

    There is a row for each relation with at least 50 arcs in dev and test, and one for all of them. ``up``
    says that a word looks at its parent, ``down`` that the parent looks at the word. Arcs of punctuation
    are left out.

    Raises
    ------
    InputError
        As `attention_rows`.
    """
    chosen, scored = (_arcs(model, trees) for trees in (dev, test))
    frequent = [Counter(arcs.relations.tolist()) for arcs in (chosen, scored)]
    names = sorted(name for name in frequent[0] if min(counts[name] for counts in frequent) >= _FEWEST_ARCS)
    of = partial(Measurement.of, model=model.name, text="ewt", measure="arcs", seed=seed)
    rows = []
    for name in ("", *names):
        a, b = ((arcs.relations == name) | (not name) for arcs in (chosen, scored))
        owners = scored.sentences[b]
        best, value = choose_and_score("head", chosen.hits[a], scored.hits[b], owners, group=name, seed=seed)
        direction, block, head = np.unravel_index(best, chosen.shape)
        row = of(replace(value, statistic=f"head_{_DIRECTIONS[int(direction)]}"), layer=int(block) + 1)
        rows.append(replace(row, head=int(head) + 1))
        best, value = choose_and_score(
            "", chosen.by_offset[a], scored.by_offset[b], owners, group=name, seed=seed
        )
        rows.append(of(replace(value, statistic=f"offset_{OFFSETS[best]:+d}"), layer="-"))
    return rows


def _arcs(model: ContextualModel, trees: Sequence[Tree]) -> _Arcs:
    hits, by_offset, relations, owners = [], [], [], []
    shape: tuple[int, ...] = ()
    for maps in _whole_sentences(model, [tree.sentence for tree in trees]):
        tree = trees[maps.sentence]
        if len(tree.sentence) < 2:
            continue
        found, children = arc_hits(word_attention(maps.weights, maps.words), tree.parents)
        kept = np.array([tree.relations[child] != "punct" for child in children.tolist()], dtype=bool)
        if not kept.any():
            continue
        shape = found.shape[1:]
        hits.append(found[kept].reshape(int(kept.sum()), -1))
        by_offset.append(offset_hits(tree.parents, OFFSETS)[kept])
        relations += [tree.relations[child] for child in children[kept].tolist()]
        owners += [maps.sentence] * int(kept.sum())
    if not hits:
        raise InputError(f"no sentence with an arc fits into one window of {model.name}")
    return _Arcs(
        np.concatenate(hits), np.concatenate(by_offset), np.array(relations), np.array(owners), shape
    )


def _whole_sentences(model: ContextualModel, sentences: Sequence[Sentence]) -> Iterator[AttentionMaps]:
    """Yield the maps of sentences that are one window."""
    for maps in attention_maps(model, sentences):
        if len(np.unique(maps.words[maps.words >= 0])) == len(sentences[maps.sentence]):
            yield maps
