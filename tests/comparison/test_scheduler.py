"""Steps side by side."""

from __future__ import annotations

import threading

import pytest
import torch

from ctxemb.comparison.line import StepOutput
from ctxemb.comparison.scheduler import Step, run_steps
from ctxemb.results import Result


def numbered(n: int) -> Result:
    return Result("", 0, "", "test", "", "", 0.0, 0.0, 0.0, n, 0)


def silent(done: int, total: int, what: str) -> None:
    pass


def test_results_come_in_the_order_of_the_steps() -> None:
    second_is_done = threading.Event()

    def first() -> StepOutput:
        second_is_done.wait(5)
        return StepOutput(measures=(numbered(1),))

    def second() -> StepOutput:
        second_is_done.set()
        return StepOutput(measures=(numbered(2),))

    found = run_steps([Step("first", first), Step("second", second)], silent)
    assert [part.measures[0].n for part in found] == [1, 2]
    assert run_steps([], silent) == []


def test_progress_counts_up_to_the_end() -> None:
    calls: list[tuple[int, int, str]] = []
    steps = [Step(str(number), StepOutput) for number in range(7)]
    run_steps(steps, lambda *call: calls.append(call))
    assert [done for done, _, _ in calls] == sorted(done for done, _, _ in calls)
    assert [what for _, _, what in calls] == [*"0123456", "done"]
    assert calls[-1][:2] == (7, 7)


def test_a_failure_drops_what_has_not_begun() -> None:
    begun: list[int] = []

    def fail() -> StepOutput:
        raise ValueError("no such thing")

    def run(number: int) -> StepOutput:
        begun.append(number)
        return StepOutput()

    threads = torch.get_num_threads()
    later = [Step("later", lambda number=number: run(number)) for number in range(50)]  # type: ignore[misc]
    with pytest.raises(ValueError, match="no such thing"):
        run_steps([Step("fails", fail), *later], silent)
    assert len(begun) < 50
    assert torch.get_num_threads() == threads
