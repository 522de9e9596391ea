"""Beginnings that windows share are computed once, and change nothing."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor

from ctxemb.layers.fused_lstm import Direction, run_direction
from ctxemb.layers.lstm import BiLSTMLayer, time_order
from ctxemb.layers.products import can_fuse
from ctxemb.layers.steps import SharedSteps, Steps
from ctxemb.layers.weight_cache import Kept

WINDOWS = [[0, 3, 4, 1], [0, 3, 1], [0, 3, 4, 5, 1], [0, 5, 4, 1], [0, 3, 4, 1], [0, 1], [0]]


def laid(windows: list[list[int]]) -> tuple[Tensor, Tensor]:
    return torch.tensor([piece for window in windows for piece in window]), torch.tensor(
        [len(window) for window in windows]
    )


@pytest.mark.parametrize("backward", [False, True])
def test_rows_are_distinct_beginnings(backward: bool) -> None:
    pieces, lengths = laid(WINDOWS)
    shared = SharedSteps.of(pieces, lengths, backward=backward)
    read = [window[::-1] if backward else window for window in WINDOWS]
    beginnings = {tuple(window[:stop]) for window in read for stop in range(1, len(window) + 1)}
    assert sum(shared.steps.counts) == len(shared.pieces) == len(beginnings)
    # Follow the parents of every row back to its beginning: it is what the windows say of their pieces.
    spelled: list[tuple[int, ...]] = []
    before: list[tuple[int, ...]] = []
    start = 0
    for count, parents in zip(shared.steps.counts, shared.steps.parents, strict=True):
        row_parents = range(count) if parents is None else parents.tolist()
        now = shared.pieces[start : start + count].tolist()
        before = [
            (*(before[parent] if before else ()), piece)
            for parent, piece in zip(row_parents, now, strict=True)
        ]
        spelled += before
        start += count
    assert set(spelled) == beginnings
    expected = [tuple(window[: place + 1]) for window in read for place in (range(len(window)))]
    rows = shared.rows.split(lengths.tolist())
    found = [spelled[row] for part in rows for row in (part.flip(0) if backward else part).tolist()]
    assert found == expected


def test_windows_that_share_nothing_have_no_parents() -> None:
    pieces, lengths = laid([[3, 0], [4, 0, 0], [5]])
    steps = SharedSteps.of(pieces, lengths, backward=False).steps
    assert list(steps.counts) == [3, 2, 1]
    assert all(parents is None for parents in steps.parents[1:])


@pytest.mark.parametrize("cells", [24, 3000])
@pytest.mark.parametrize("backward", [False, True])
def test_states_are_those_of_windows_apart(backward: bool, cells: int) -> None:
    torch.manual_seed(0)
    layer = BiLSTMLayer(8, 128, cells, cell_clip=0.3, state_clip=0.2)
    table = torch.randn(6, 8)
    pieces, lengths = laid(WINDOWS)
    order, running = time_order(lengths)
    direction = int(backward)
    with torch.inference_mode():
        if not can_fuse(table):
            pytest.skip("this build of PyTorch has no oneDNN")
        shared = SharedSteps.of(pieces, lengths, backward=backward)
        ours = layer.follow(direction, table, shared.steps, shared.pieces)[shared.rows]
        beside = layer.follow(direction, table[shared.pieces], shared.steps)[shared.rows]
        weights = [
            w[direction] for w in (layer.input_weight, layer.state_weight, layer.bias, layer.projection)
        ]
        apart, _, _ = run_direction(
            table[pieces[order[direction]]],
            Steps.apart(running),
            Direction.of(*weights, apart=False),
            (0.3, 0.2),
        )
        apart = apart[order[direction].argsort()]
    assert apart.abs().max() > 0.05
    torch.testing.assert_close(ours, apart, rtol=0, atol=1e-6)
    torch.testing.assert_close(beside, apart, rtol=0, atol=1e-6)


def test_laid_out_weights_follow_the_weights() -> None:
    torch.manual_seed(0)
    layer = BiLSTMLayer(4, 4, 8, cell_clip=None, state_clip=None)
    x, steps = torch.randn(3, 4), Steps.apart([3])
    with torch.inference_mode():
        if not can_fuse(x):
            pytest.skip("this build of PyTorch has no oneDNN")
        before = layer.follow(0, x, steps)
        assert torch.equal(layer.follow(0, x, steps), before)
    with torch.no_grad():
        layer.input_weight.mul_(2)
    twin = copy.deepcopy(layer)
    with torch.inference_mode():
        after = layer.follow(0, x, steps)
        assert (after - before).abs().max() > 1e-3
        assert torch.equal(twin.follow(0, x, steps), after)


def test_a_copy_begins_empty() -> None:
    kept: Kept[list[int]] = Kept()
    weight = torch.ones(1)
    first = kept.get([weight], lambda: [1])
    assert kept.get([weight], lambda: [2]) is first
    assert copy.deepcopy(kept).get([weight], lambda: [2]) == [2]
    with torch.inference_mode():
        frozen = torch.ones(1)
    assert kept.get([frozen], lambda: [3]) == [3]
