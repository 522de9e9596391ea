"""Steps side by side."""

from __future__ import annotations

import threading

import pytest
import torch

from ctxemb.comparison.run import Outcome
from ctxemb.comparison.steps import Step, run_steps


def silent(done: int, total: int, what: str) -> None:
    pass


def test_results_come_in_the_order_of_the_steps() -> None:
    second_is_done = threading.Event()

    def first() -> Outcome:
        second_is_done.wait(5)
        return Outcome(maps=[{"step": 1}])

    def second() -> Outcome:
        second_is_done.set()
        return Outcome(maps=[{"step": 2}])

    found = run_steps([Step("first", first), Step("second", second)], silent)
    assert [part.maps[0]["step"] for part in found] == [1, 2]
    assert run_steps([], silent) == []


def test_progress_counts_up_to_the_end() -> None:
    calls: list[tuple[int, int, str]] = []
    steps = [Step(str(number), Outcome) for number in range(7)]
    run_steps(steps, lambda *call: calls.append(call))
    assert [done for done, _, _ in calls] == sorted(done for done, _, _ in calls)
    assert [what for _, _, what in calls] == [*"0123456", "done"]
    assert calls[-1][:2] == (7, 7)


def test_a_failure_drops_what_has_not_begun() -> None:
    begun: list[int] = []

    def fail() -> Outcome:
        raise ValueError("no such thing")

    def run(number: int) -> Outcome:
        begun.append(number)
        return Outcome()

    threads = torch.get_num_threads()
    later = [Step("later", lambda number=number: run(number)) for number in range(50)]  # type: ignore[misc]
    with pytest.raises(ValueError, match="no such thing"):
        run_steps([Step("fails", fail), *later], silent)
    assert len(begun) < 50
    assert torch.get_num_threads() == threads
