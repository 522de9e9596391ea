from __future__ import annotations

import numpy as np
import pytest

from ctxemb.analysis.attention import (
    arc_hits,
    choose_and_score,
    head_statistics,
    offset_hits,
    word_attention,
)
from ctxemb.errors import InputError

WORDS = np.array([-1, 0, 1, 1, -1])


def looking_at(*targets: int) -> np.ndarray:
    return np.eye(5)[list(targets)]


def test_pieces_become_words() -> None:
    weights = np.random.default_rng(0).dirichlet(np.ones(5), size=(2, 3, 5))  # (2, 3, 5, 5)
    between = word_attention(weights, WORDS)
    assert between.shape == (2, 3, 2, 2)
    assert between[..., 0, 1] == pytest.approx(weights[..., 1, 2] + weights[..., 1, 3])
    assert between[..., 1, 0] == pytest.approx((weights[..., 2, 1] + weights[..., 3, 1]) / 2)
    with pytest.raises(InputError, match=r"word 1 \(counted from 0\) has no piece"):
        word_attention(weights, [0, 0, 2, 2, -1])
    with pytest.raises(InputError, match="weights of 4 pieces should end in that shape twice"):
        word_attention(weights, WORDS[1:])
    with pytest.raises(InputError, match="no word among the pieces"):
        word_attention(weights, [-1] * 5)


def test_heads_that_look_at_one_place() -> None:
    heads = np.stack([
        looking_at(0, 0, 0, 0, 0),  # at [CLS]
        looking_at(0, 1, 1, 1, 0),  # word 0 at itself, word 1 at word 0
        looking_at(0, 2, 3, 2, 0),  # word 0 at word 1, word 1 at itself
        np.full((5, 5), 0.2),
    ])  # fmt: skip
    found = head_statistics(heads, WORDS)
    assert found["special"] == pytest.approx([1, 0, 0, 0.4])
    assert found["previous"] == pytest.approx([0, 0.5, 0, 0.1])
    assert found["same"] == pytest.approx([0, 0.5, 0.5, 0.3])
    assert found["next"] == pytest.approx([0, 0, 0.5, 0.2])
    assert found["entropy"] == pytest.approx([0, 0, 0, np.log2(5)])
    assert found["distance"] == pytest.approx([0, 0.5, 0.5, 0.5])


def test_heads_that_find_parents() -> None:
    between = np.zeros((1, 2, 3, 3))
    between[0, 0] = [[0.9, 0.1, 0], [0, 1, 0], [0.2, 0.3, 0.5]]  # 0 and 2 look at 1, but for themselves
    between[0, 1] = [[0, 1, 0], [0.6, 0, 0.4], [0, 0, 1]]  # 1 looks at 0 and 2
    hits, children = arc_hits(between, [1, -1, 1])
    assert children.tolist() == [0, 2]
    assert hits.shape == (2, 2, 1, 2)
    assert hits[:, 0, 0, 0].tolist() == [True, True]
    assert hits[:, 1, 0, 1].tolist() == [True, True]
    assert offset_hits([1, -1, 1], [-1, 1]).tolist() == [[False, True], [True, False]]


def test_what_is_chosen_is_scored_on_other_arcs() -> None:
    dev = np.array([[True, False], [True, True]])
    test = np.array([[True, False], [False, True], [False, True], [True, True]])
    best, value = choose_and_score("up", dev, test, np.array([0, 0, 1, 1]), group="nsubj")
    assert (best, value.value, value.n, value.group) == (0, 0.5, 4, "nsubj")
