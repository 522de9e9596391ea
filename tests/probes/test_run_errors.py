from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from ctxemb.errors import InputError, UnknownNameError
from ctxemb.probes import probes_for, run_probe
from tests.probes.test_probes import toy_task


def test_an_unknown_probe_is_an_error_with_the_nearest_name() -> None:
    task, X = toy_task()
    with pytest.raises(UnknownNameError, match="'logistik'; did you mean 'logistic'"):
        run_probe(task, "logistik", lambda rows: X[rows])
    with pytest.raises(UnknownNameError, match="unknown probe for word-sense tasks 'cosine'"):
        run_probe(task, "cosine", lambda rows: X[rows])


@pytest.mark.parametrize("probe", sorted(probes_for("word-sense")))
def test_a_group_without_training_examples_is_named_or_falls_back(probe: str) -> None:
    task, X = toy_task()
    train = np.array([i for i in task.splits["train"] if task.examples[i].group == "bank"])
    lacking = dataclasses.replace(task, splits={"train": train, "test": task.splits["test"]})
    with pytest.raises(InputError, match="group 'bow' is tested but has no training example"):
        run_probe(lacking, probe, lambda rows: X[rows])
    known = dataclasses.replace(lacking, fallback={"bow": "two"})
    test = run_probe(known, probe, lambda rows: X[rows]).test
    assert set(test.labels[task.example_groups[test.rows] == "bow"]) == {"two"}
