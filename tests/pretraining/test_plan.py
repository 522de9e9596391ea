"""How long and how fast to train."""

from __future__ import annotations

import math

import pytest
import torch

from ctxemb.errors import InputError
from ctxemb.pretraining.optimizers import Muon, orthogonal
from ctxemb.pretraining.plan import TrainingPlan


def test_cosine() -> None:
    plan = TrainingPlan(max_words=1000, learning_rate=2.0, warmup=0.1, schedule="cosine")
    assert plan.rate(0) == 0
    assert plan.rate(50) == pytest.approx(1)
    assert plan.rate(100) == pytest.approx(2)
    assert plan.rate(550) == pytest.approx(1)  # half of the cosine
    assert plan.rate(1000) == plan.rate(2000) == pytest.approx(0)
    assert TrainingPlan(max_words=1000, learning_rate=2.0, warmup=0, schedule="cosine").rate(0) == 2


def test_warm_up_plateau_and_decay() -> None:
    plan = TrainingPlan(max_words=1000, learning_rate=2.0, warmup=0.1, decay=0.2)
    assert plan.rate(0) == 0
    assert plan.rate(50) == pytest.approx(1)
    assert [plan.rate(words) for words in (100, 500, 800)] == pytest.approx([2, 2, 2])
    assert plan.rate(850) == pytest.approx(2 * (1 - math.sqrt(0.25)))
    assert plan.rate(1000) == plan.rate(2000) == pytest.approx(0)
    assert TrainingPlan(max_words=1000, learning_rate=2.0, warmup=0, decay=0).rate(999) == 2


def test_steps_grow() -> None:
    plan = TrainingPlan(max_words=1000, batch_words=80, ramp=0.5)
    assert [plan.batch_size(words) for words in (0, 250, 500, 900)] == [10, 45, 80, 80]
    assert [plan.is_early(words) for words in (0, 499, 500)] == [True, True, False]
    constant = TrainingPlan(max_words=1000, batch_words=80)
    assert constant.batch_size(0) == 80
    assert not constant.is_early(0)


def test_a_finished_plan_is_the_same_up_to_where_it_falls() -> None:
    plan = TrainingPlan(max_words=10_000, warmup=0.05, ramp=0.1, decay=0.2)
    finished = plan.finished_from(3000)
    assert finished.max_words == 3750
    for words in (0, 250, 500, 900, 1000, 2999, 3000):
        assert finished.rate(words) == pytest.approx(plan.rate(words))
        assert finished.batch_size(words) == plan.batch_size(words)
    rates = [finished.rate(words) for words in range(3000, 3751, 50)]
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] == pytest.approx(0)


@pytest.mark.parametrize(
    ("settings", "words", "message"),
    [
        ({"schedule": "cosine"}, 5000, "only a schedule 'wsd' can be finished at any time, not 'cosine'"),
        ({}, 400, r"has only begun \(400 words\)"),
        ({"ramp": 0.3}, 2000, "has only begun"),
        ({}, 8500, r"falls already \(since 8,000 words\)"),
    ],
)
def test_what_cannot_be_finished(settings: dict[str, object], words: int, message: str) -> None:
    with pytest.raises(InputError, match=message):
        TrainingPlan(max_words=10_000, **settings).finished_from(words)  # type: ignore[arg-type]


@pytest.mark.parametrize("shape", [(1, 6, 6), (3, 4, 32), (2, 32, 4)])
def test_updates_are_nearly_orthogonal(shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    values = torch.linalg.svdvals(orthogonal(torch.randn(shape)))
    assert values.min() > 0.3  # the iteration aims at 1, and stays between 0.7 and 1.2 of most
    assert values.max() < 1.3


def test_muon_takes_the_steps_of_torchs_own() -> None:
    if not hasattr(torch.optim, "Muon"):
        pytest.skip("this torch has no Muon")
    torch.manual_seed(0)
    start, gradients = torch.randn(24, 16), [torch.randn(24, 16) for _ in range(3)]
    weights = []
    for make in (
        lambda weight: Muon([weight], lr=0.1, weight_decay=0.1),
        lambda weight: torch.optim.Muon(
            [weight], lr=0.1, weight_decay=0.1, adjust_lr_fn="match_rms_adamw", momentum=0.95
        ),
    ):
        weight = torch.nn.Parameter(start.clone())
        optimizer = make(weight)
        for gradient in gradients:
            weight.grad = gradient.clone()
            optimizer.step()
        weights.append(weight.detach())
    # torch's iterates in bfloat16.
    assert (weights[0] - weights[1]).norm() < 0.02 * (weights[1] - start).norm()


def test_a_stack_is_updated_matrix_by_matrix() -> None:
    torch.manual_seed(0)
    start, gradient = torch.randn(2, 5, 3), torch.randn(2, 5, 3)
    stack = torch.nn.Parameter(start.clone())
    stack.grad = gradient
    Muon([stack], lr=0.1).step()
    for number in range(2):
        one = torch.nn.Parameter(start[number].clone())
        one.grad = gradient[number].clone()
        Muon([one], lr=0.1).step()
        torch.testing.assert_close(stack[number], one)
