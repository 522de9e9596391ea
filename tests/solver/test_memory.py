from __future__ import annotations

import pytest
import torch
from torch import Tensor

from ctxemb.solver import memory
from ctxemb.solver.memory import History

SHAPE = (2, 3, 2, 5)
Pairs = list[tuple[Tensor, Tensor]]


def guess(vector: Tensor) -> Tensor:
    """Multiply with a first guess of the inverse Hessian."""
    return vector * torch.linspace(0.2, 0.9, SHAPE[-1], dtype=vector.dtype)


def steps(count: int, seed: int = 0) -> Pairs:
    """Return moves, and changes of a gradient that bends upwards along each."""
    generator = torch.Generator().manual_seed(seed)
    moves = torch.randn(count, *SHAPE, generator=generator, dtype=torch.float64)
    bend = torch.rand(SHAPE, generator=generator, dtype=torch.float64) * 3 + 2
    return [(move, bend * move) for move in moves]


def remembered(pairs: Pairs, n_rows: int = 20_000) -> History:
    found = History(torch.zeros(SHAPE, dtype=torch.float64), n_rows)
    for move, change in pairs:
        found.add(move, change)
    return found


def two_loops(gradient: Tensor, pairs: Pairs) -> Tensor:
    """Return the product of one problem by the recursion of Nocedal (1980)."""
    vector, factors = gradient.clone(), []
    for move, change in reversed(pairs):
        factors.append((move * vector).sum() / (move * change).sum())
        vector -= factors[-1] * change
    if pairs:
        move, change = pairs[-1]
        vector = guess(vector) * ((move * change).sum() / (change * guess(change)).sum()).clamp(max=1.0)
    else:
        vector = guess(vector)
    for (move, change), factor in zip(pairs, reversed(factors), strict=True):
        vector += (factor - (change * vector).sum() / (move * change).sum()) * move
    return vector


def assert_equal(found: History, pairs: Pairs) -> None:
    gradient = torch.randn(SHAPE, generator=torch.Generator().manual_seed(9), dtype=torch.float64)
    product = found.inverse_hessian(gradient, guess)
    for group in range(SHAPE[0]):
        for problem in range(SHAPE[1]):
            of_one = [(move[group, problem], change[group, problem]) for move, change in pairs]
            expected = two_loops(gradient[group, problem], of_one)
            torch.testing.assert_close(product[group, problem], expected)


@pytest.mark.parametrize("count", [0, 1, 2, 7])
def test_the_product_is_that_of_the_two_loops(count: int) -> None:
    assert_equal(remembered(steps(count)), steps(count))


def test_a_step_that_did_not_bend_upwards_is_left_out() -> None:
    pairs = steps(6)
    move, change = pairs[2]
    assert_equal(remembered([*pairs[:2], (move, -change), *pairs[3:]]), [*pairs[:2], *pairs[3:]])


def test_the_older_half_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_MOST", 8)
    monkeypatch.setattr(memory, "_FEWEST", 2)
    pairs = steps(10)
    assert_equal(remembered(pairs[:8]), pairs[:8])
    assert_equal(remembered(pairs), pairs[4:])


def test_large_problems_and_few_rows_are_remembered_for_fewer_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    assert remembered([]).moves.shape[2] == memory._MOST
    assert remembered([], n_rows=5000).moves.shape[2] == 50
    assert remembered([], n_rows=50).moves.shape[2] == memory._FEWEST
    monkeypatch.setattr(memory, "_NUMBERS_AT_MOST", 1000)
    assert remembered([]).moves.shape[2] == 1000 // torch.zeros(SHAPE).numel()
    monkeypatch.setattr(memory, "_NUMBERS_AT_MOST", 0)
    assert remembered([]).moves.shape[2] == memory._FEWEST


def test_some_problems_go_on() -> None:
    pairs = steps(5)
    found = remembered(pairs[:3])
    groups, problems = torch.tensor([1]), torch.tensor([0, 2])
    found.cut(groups, problems)
    for move, change in pairs[3:]:
        found.add(move[groups][:, problems], change[groups][:, problems])
    gradient = torch.ones(SHAPE, dtype=torch.float64)
    product = found.inverse_hessian(gradient[groups][:, problems], guess)
    for place, problem in enumerate(problems.tolist()):
        of_one = [(move[1, problem], change[1, problem]) for move, change in pairs]
        torch.testing.assert_close(product[0, place], two_loops(gradient[1, problem], of_one))
