from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from ctxemb.errors import InputError, UnknownNameError
from ctxemb.probes import PROBES, run_probe
from tests.probes.test_probes import toy_task


def test_an_unknown_probe_is_an_error_with_the_nearest_name() -> None:
    task, X = toy_task()
    with pytest.raises(UnknownNameError, match="unknown probe 'logistik'; did you mean 'logistic'"):
        run_probe(task, "logistik", X, model="m", layer=0)


@pytest.mark.parametrize("probe", sorted(PROBES))
def test_a_group_without_training_examples_is_named(probe: str) -> None:
    task, X = toy_task()
    train = np.array([i for i in task.splits["train"] if task.examples[i].group == "bank"])
    lacking = dataclasses.replace(task, splits={"train": train, "test": task.splits["test"]})
    with pytest.raises(InputError, match="group 'bow' has examples in 'test' but none in 'train'"):
        run_probe(lacking, probe, X, model="m", layer=0)
