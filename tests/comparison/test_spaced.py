from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ctxemb.analysis import Space
from ctxemb.comparison import evaluate, make_spec
from ctxemb.comparison.spaced import spaced
from ctxemb.errors import FormatError
from ctxemb.probes.splits import splits_of_task
from ctxemb.tasks import load_task

GENERATOR = np.random.default_rng(3)


def test_a_space_learns_from_training_examples_alone() -> None:
    task = load_task("senses")
    vectors = GENERATOR.normal(size=(len(task.examples), 6)).astype(np.float32)
    features = spaced(task, lambda rows: vectors[rows], "standardized")
    assert callable(features)
    train, test = splits_of_task(task)[0].train, splits_of_task(task)[0].test
    vectors[test] += 100  # what is scored says nothing of the space
    expected = Space("standardized").fit(vectors[train]).transform(vectors[test])
    assert features(test) == pytest.approx(expected, abs=1e-4)
    raw = lambda rows: vectors[rows]  # noqa: E731
    assert spaced(task, raw, "raw") is raw


def test_the_two_words_of_a_pair_share_a_space(data_folder: Path) -> None:
    task = load_task("wic", data_folder)
    vectors = GENERATOR.normal(size=(len(task.examples), 8)).astype(np.float32)
    features = spaced(task, lambda rows: vectors[rows], "centered")
    assert callable(features)
    train = splits_of_task(task)[0].train
    mean = vectors[train].reshape(-1, 4).mean(axis=0)
    assert features(np.arange(3)) == pytest.approx(vectors[:3] - np.tile(mean, 2), abs=1e-5)


def test_a_comparison_in_a_space(toy_folders: dict[str, Path]) -> None:
    values = {
        "models": [str(toy_folders["bert"])], "tasks": ["senses"], "layers": [-1], "probes": ["1-nn"],
        "combinations": [], "baselines": ["random"],
    }  # fmt: skip
    raw = evaluate(make_spec(values, "test"))
    white = evaluate(make_spec({**values, "space": "whitened"}, "test"))
    assert [r.model for r in raw.results] == [r.model for r in white.results]
    assert [r.value for r in raw.results] != [r.value for r in white.results]
    with pytest.raises(FormatError, match="space: unknown space 'white'"):
        make_spec({**values, "space": "white"}, "test")
    with pytest.raises(FormatError, match="analyses measure vectors as they are"):
        make_spec({**values, "space": "centered", "analyses": ["clusters"]}, "test")
