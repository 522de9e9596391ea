"""Structural probes of each layer on the English Web Treebank, beside the linear chain."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctxemb.analysis.measure import MeasuredValue
from ctxemb.analysis.measurements import Measurement
from ctxemb.analysis.rows import Rows, working
from ctxemb.analysis.structural_probe import StructuralProbe
from ctxemb.analysis.tree_scores import score_depths, score_distances
from ctxemb.comparison.analysed_model import AnalysedModel
from ctxemb.tasks.trees import Tree

RANKS = (64,)


def structure_rows(
    train: AnalysedModel,
    test: AnalysedModel,
    trees: tuple[Sequence[Tree], Sequence[Tree]],
    *,
    ranks: Sequence[int] = RANKS,
    space: str = "raw",
    seed: int = 0,
    progress: Callable[[str], None] = lambda what: None,
) -> list[Measurement]:
    """Return UUAS, DSpr, root accuracy and NSpr of structural probes on each layer.

    See Hewitt and Manning (2019).

    Parameters
    ----------
    train, test
        The vectors of the trees' words. A tenth of the training sentences, the last, are held out to cut the
        step size by.
    trees
        Of train and test.
    ranks
        Ranks of the probes.
    space
        A space that is fitted on the training vectors.
    seed
        Of probes and intervals.
    progress
        Called with what comes next.
    """
    of = partial(Measurement.of, model=test.name, text="ewt", measure="structure", seed=seed)
    rows = []
    for layer in test.layers:
        learnt, scored = _in_space(train, test, layer, space)
        for rank in ranks:
            progress(f"structural probe of rank {rank} on {test.name}, layer {layer}")
            values = _scores(learnt, scored, *trees, rank, seed)
            rows += [replace(of(value, layer=layer), space=space) for value in values]
    return rows


def chain_rows(trees: Sequence[Tree], *, seed: int = 0) -> list[Measurement]:
    """Return UUAS and DSpr of the linear chain: neighbouring words are connected."""
    chains = [np.abs(np.subtract.outer(np.arange(n), np.arange(n))) for n in map(_length, trees)]
    values = _score_distances(chains, trees, "", seed)
    return [
        Measurement.of(value, model="linear", layer="-", text="ewt", measure="structure", seed=seed)
        for value in values
    ]


def _in_space(
    train: AnalysedModel, test: AnalysedModel, layer: int | str, space: str
) -> tuple[list[NDArray[Any]], list[NDArray[Any]]]:
    learnt = train.rows(layer, space)
    scored = test.rows(layer, space, train.store)
    return list(_sentences(learnt, train.store.offsets)), list(_sentences(scored, test.store.offsets))


def _sentences(rows: Rows, offsets: NDArray[np.int64]) -> Iterator[NDArray[Any]]:
    whole = working(rows[:])
    return (whole[start:stop] for start, stop in pairwise(offsets.tolist()))


def _scores(
    learnt: list[NDArray[Any]],
    scored: list[NDArray[Any]],
    train: Sequence[Tree],
    test: Sequence[Tree],
    rank: int,
    seed: int,
) -> list[MeasuredValue]:
    group = f"rank {rank}"
    cut = max(1, len(train) - len(train) // 10)
    predicted = {}
    for kind, targets in (("distance", _distances), ("depth", _depths)):
        wanted = targets(train)
        held_out = (learnt[cut:], wanted[cut:]) if len(train) >= 20 else None
        probe = StructuralProbe(kind, rank, seed=seed)  # type: ignore[arg-type]
        predicted[kind] = probe.fit(learnt[:cut], wanted[:cut], held_out).predict(scored)
    depths = score_depths(predicted["depth"], _depths(test), _counted(test), group=group, seed=seed)
    return _score_distances(predicted["distance"], test, group, seed) + depths


def _score_distances(
    predicted: Sequence[NDArray[Any]], trees: Sequence[Tree], group: str, seed: int
) -> list[MeasuredValue]:
    parents = [tree.parents for tree in trees]
    return score_distances(predicted, _distances(trees), parents, _counted(trees), group=group, seed=seed)


def _length(tree: Tree) -> int:
    return len(tree.sentence)


def _distances(trees: Sequence[Tree]) -> list[NDArray[np.int64]]:
    return [tree.distances for tree in trees]


def _depths(trees: Sequence[Tree]) -> list[NDArray[np.int64]]:
    return [tree.depths for tree in trees]


def _counted(trees: Sequence[Tree]) -> list[NDArray[np.bool_]]:
    return [np.array([tag != "PUNCT" for tag in tree.tags]) for tree in trees]
