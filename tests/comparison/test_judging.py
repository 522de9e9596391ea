from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from ctxemb.comparison.judging import chosen_lines, judge
from ctxemb.comparison.line import Line, StepOutput, gathered
from ctxemb.comparison.own import NOTHING
from ctxemb.probes import Prediction, ProbeRun, scored_results
from ctxemb.results import Findings
from ctxemb.tasks import Task
from tests.probes.test_probes import toy_task


def line(
    task: Task,
    model: str,
    layer: int | str,
    right_dev: float,
    right_test: float,
    probe: str = "logistic",
    seed: int = 0,
) -> Line:
    """Return a line whose predictions are right for the first share of dev and test."""
    parts = []
    for split, rows, share in (
        ("dev", task.splits["train"], right_dev),
        ("test", task.splits["test"], right_test),
    ):
        gold = task.gold[rows]
        right = np.arange(len(rows)) < round(share * len(rows))
        parts.append(Prediction(split, rows, np.where(right, gold, np.where(gold == "one", "two", "one"))))
    named = {"model": model, "layer": layer, "probe": probe, "pool": "mean"}
    results = tuple(
        result
        for part in parts
        for result in scored_results(task, part.split, part.rows, part.labels, seed=seed, **named)
    )
    return Line(task, model, layer, probe, "mean", ProbeRun(parts[0], parts[1], 1.0), results)


def found_in(lines: list[Line]) -> Findings:
    return gathered([StepOutput(tuple(lines))])[1]


def test_layers_are_chosen_on_dev_alone() -> None:
    task = toy_task()[0]
    lines = [
        line(task, "bert", 0, 0.5, 0.5),
        line(task, "bert", 1, 0.9, 0.6),
        line(task, "bert", 2, 0.9, 1.0),  # better on the test, which does not count; of equals, the lowest
        line(task, "bert", "concat", 1.0, 1.0),
        line(task, "bert", 3, 1.0, 1.0, probe="1-nn"),
        line(task, "majority", "-", 0.5, 0.5, probe="majority"),
    ]
    chosen = chosen_lines(lines, found_in(lines))
    assert chosen["bert"].layer == 1
    assert chosen["majority"].layer == "-"
    assert chosen_lines(lines[4:], found_in(lines[4:]))["bert"].layer == 3
    assert NOTHING.leading_probe(task, ["cosine", "1-nn"]) == "1-nn"


def test_no_seed_is_chosen() -> None:
    task = toy_task()[0]
    lines = [
        line(task, "bert", layer, dev, 0.5, "mlp", seed)
        for layer, by_seed in enumerate([(0.7, 0.5, 1.0), (0.8, 0.5, 0.5)])
        for seed, dev in zip((4, 5, 6), by_seed, strict=True)
    ]
    lines.append(line(task, "majority", "-", 0.5, 0.5, "majority", 4))
    chosen = chosen_lines(lines, found_in(lines))
    assert (chosen["bert"].layer, chosen["bert"].results[0].seed) == (1, 4)
    assert chosen["majority"].layer == "-"


def test_models_are_compared_with_each_other_and_with_what_stands_beside_them() -> None:
    task = toy_task()[0]
    lines = [
        line(task, "majority", "-", 0.5, 0.5, probe="majority"),
        line(task, "elmo", 1, 0.8, 1.0),
        line(task, "elmo@random", 1, 0.5, 0.3),
        line(task, "bert", 2, 0.8, 0.9),
        line(task, "bert@random", 0, 0.5, 0.9),
    ]
    found = judge([task], ["elmo", "bert"], lines, found_in(lines), seed=0)
    rows = {(row.a, row.b): row for row in found.differences}
    assert set(rows) == {
        ("elmo", "bert"), ("elmo", "majority"), ("elmo", "elmo@random"), ("bert", "majority"),
        ("bert", "bert@random"),
    }  # fmt: skip
    twin = rows["elmo", "elmo@random"]
    assert twin.difference == pytest.approx(11 / 16, abs=1e-6)
    assert twin.p < twin.p_holm < 0.05
    assert twin.effect == 0.5
    assert (twin.layer_a, twin.layer_b, twin.n) == (1, 1, 16)
    same = rows["bert", "bert@random"]
    assert (same.difference, same.p, same.p_holm) == (0, 1, 1)
    assert (same.smallest, same.superiority) == (None, 0.5)
    assert twin.superiority == pytest.approx(0.5 + 11 / 32, abs=1e-6)
    assert twin.turned().superiority == pytest.approx(0.5 - 11 / 32, abs=1e-6)
    ranks = {row.model: row.shares for row in found.ranks}
    assert ranks["elmo"][0] > 0.8 > 0.2 > ranks["bert"][0]
    assert sum(ranks["bert"]) == pytest.approx(1, abs=1e-3)
    counts = [row for row in found.confusions if row.model == "elmo"]
    assert sum(row.count for row in counts) == 16
    assert all(row.gold == row.predicted for row in counts)
    assert {row.model for row in found.confusions} == {"elmo", "bert"}


def test_parts_of_the_test_have_scores_of_their_own() -> None:
    task = toy_task()[0]
    test = task.splits["test"]
    parts = {name: test[task.example_groups[test] == name] for name in ("bank", "bow")}
    task = Task(
        task.name,
        task.kind,
        "",
        "",
        "",
        task.sentences,
        task.examples,
        task.splits,
        ("accuracy",),
        parts=parts,
    )
    lines = [line(task, "elmo", 1, 0.8, 0.5)]
    found = judge([task], ["elmo"], lines, found_in(lines), seed=0)
    scores = {result.split: (result.value, result.n) for result in found.results}
    assert scores == {"test:bank": (1.0, 8), "test:bow": (0.0, 8)}


def test_folds_are_compared_by_the_corrected_resampled_test() -> None:
    task = toy_task()[0]
    folded = dataclasses.replace(task, folds=np.arange(len(task.examples)) % 4)
    lines = [line(task, "elmo", 1, 0.8, 1.0), line(task, "bert", 2, 0.8, 0.5)]
    (plain,) = judge([task], ["elmo", "bert"], lines, found_in(lines), seed=0).differences
    moved = [dataclasses.replace(one, task=folded) for one in lines]
    (found,) = judge([folded], ["elmo", "bert"], moved, found_in(moved), seed=0).differences
    assert (plain.test, found.test) == ("permutation", "corrected resampled t")
    assert plain.difference == found.difference == 0.5
    assert found.p != plain.p
    assert found.low == pytest.approx(2 * 0.5 - found.high, abs=1e-6)
